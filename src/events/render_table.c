/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/tables.h"
#include "events/text.h"

/*
 *   TIME          TRACER       PID     COMM             CONTAINER      WHAT
 * A column that is too narrow pushes the others to the right for this line; none is cut but the
 * container, which is recognised by the first 12 characters of an id.
 */
enum { W_TIME = 14, W_TRACER = 13, W_PID = 8, W_COMM = 17, W_CONTAINER = 15 };
#define SHORT_ID 12

/* Ends a column that began at start. */
static void
column(struct text *t, const char *start, int width)
{
	do
		text_char(t, ' ');
	while (t->p - start < width && !t->full);
}

static void
container(struct text *t, const struct rec_ctx *c)
{
	size_t len = c->container.len, cap = t->cap;
	bool cut = t->cut;

	if (!(c->flags & CTX_CONTAINER)) {
		text_char(t, '-');
		return;
	}
	if (cap > SHORT_ID)
		t->cap = SHORT_ID;
	text_line(t, (const char *)c + c->container.off, len, " ");
	t->cap = cap;
	t->cut = cut;
	if (c->flags & CTX_CLAIM)
		text_char(t, '?');
}

/* What would only repeat what stands there already, or tell that something is not so. */
static bool
noise(const struct field *f, const struct value *v, const struct value *first)
{
	if (f->type == F_BOOL || f->type == F_FLAGS)
		return !v->u && !value_word(f, 0);
	if (strcmp(f->name, "dev") == 0 || strcmp(f->name, "ino") == 0)
		return true;
	return (f->type == F_STR || f->type == F_PATH) && first->type == F_PATH &&
		v->len <= first->len &&
		memcmp((const char *)first->data + first->len - v->len, v->data, v->len) == 0;
}

/* The first thing a tracer tells stands for itself, the others have their names. */
static void
what(struct text *t, const struct event *e)
{
	const struct tracer_info *info = tracer_info(e->ev->tracer);
	struct value v, first = { .type = F_U64 };
	const struct field *shown = NULL;

	if (strcmp(info->events[e->ev->event], info->name) != 0) {
		text_str(t, info->events[e->ev->event]);
		text_char(t, ' ');
	}
	for (const struct field *f = info->fields; f->name; f++) {
		if (f->flags & FIELD_HIDDEN || !field_get(e, f, &v) || (shown && noise(f, &v, &first)))
			continue;
		if (!shown)
			first = v;
		if (shown) {
			text_char(t, ' ');
			text_str(t, f->name);
			text_char(t, '=');
		}
		shown = f;
		value_line(t, f, &v, f->type == F_LIST ? " " : "", f->type == F_LIST ? " " : "|");
	}
	if (e->ev->tracer == TR_EXEC && field_get(e, common_find(0, "args"), &v) &&
	    !schema_own(TR_EXEC, "args")) {
		text_char(t, ' ');
		value_line(t, common_find(0, "args"), &v, " ", " ");
	}
	if (e->ev->ret < 0) {
		const char *error = common_errno(e->ev->ret);

		text_char(t, ' ');
		if (error)
			text_str(t, error);
		else
			text_i64(t, e->ev->ret);
	}
	if (e->ev->flags & EV_TRUNCATED || t->cut)
		TEXT_LIT(t, " (cut)");
}

bool
render_table(struct text *t, const struct render *r, const struct event *e)
{
	const struct ev_hdr *ev = e->ev;
	const char *start = t->p;

	text_clock(t, (int64_t)ev->ts + r->boot_offset_ns);
	column(t, start, W_TIME);
	start = t->p;
	text_str(t, tracer_info(ev->tracer)->name);
	column(t, start, W_TRACER);
	start = t->p;
	text_u64(t, ev->tgid);
	column(t, start, W_PID);
	start = t->p;
	text_line(t, ev->comm, strnlen(ev->comm, sizeof(ev->comm)), " ");
	column(t, start, W_COMM);
	start = t->p;
	container(t, e->ctx);
	column(t, start, W_CONTAINER);
	what(t, e);
	return true;
}

size_t
render_header(const struct render *r, char *out, size_t room)
{
	static const struct { const char *name; int width; } columns[] = {
		{ "TIME", W_TIME }, { "TRACER", W_TRACER }, { "PID", W_PID }, { "COMM", W_COMM },
		{ "CONTAINER", W_CONTAINER },
	};
	struct text t = { .p = out, .end = out + room, .cap = room };

	if (r->format != RENDER_TABLE)
		return 0;
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		const char *start = t.p;

		text_str(&t, columns[i].name);
		column(&t, start, columns[i].width);
	}
	TEXT_LIT(&t, "WHAT");
	return (size_t)(t.p - out);
}
