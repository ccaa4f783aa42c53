/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/shown.h"
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
	static const char blanks[] = "                 ";
	long left = width - (t->p - start);

	text_bytes(t, blanks, left > 1 ? (size_t)left : 1);
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
static inline bool
noise(const struct shown *s, const struct value *v, const struct value *first)
{
	if (s->quiet)
		return !v->u;
	return s->text && first->type == F_PATH && v->len <= first->len &&
		memcmp((const char *)first->data + first->len - v->len, v->data, v->len) == 0;
}

/* As in a shell: what has blanks, or nothing, stands in quotes. */
static void
arguments(struct text *t, const struct value *v)
{
	const char *s = v->data, *end = s + v->len;

	while (s < end) {
		size_t len = strnlen(s, (size_t)(end - s));

		if (!len || memchr(s, ' ', len) || memchr(s, '"', len))
			text_go(t, s, len);
		else
			text_line(t, s, len, "");
		s += len + 1;
		if (s < end)
			text_char(t, ' ');
	}
}

static void
value(struct text *t, struct shown *s, const struct value *v)
{
	const char *from = t->p;

	if (s->text) {
		text_line(t, v->data, v->len, "");
		return;
	}
	if (s->f->type == F_LIST) {
		arguments(t, v);
		return;
	}
	if (s->f->type != F_FLAGS) {
		value_line(t, s->f, v, "", "|");
		return;
	}
	if (shown_kept(&s->in_line, t, v->u))
		return;
	value_line(t, s->f, v, "", "|");
	shown_keep(&s->in_line, t, from, v->u);
}

/* The arguments of an exec that has none of its own. */
static void
exec_args(struct text *t, const struct event *e)
{
	struct value v;

	if (schema_own(TR_EXEC, "args") || !field_get(e, common_find(0, "args"), &v))
		return;
	text_char(t, ' ');
	arguments(t, &v);
}

/* NULL: it is the tracer's own. */
static const char *
event_name(const struct shown_tracer *of, const struct event *e)
{
	const char *name = of->alone ? NULL : of->info->events[e->ev->event];

	return name && strcmp(name, of->info->name) != 0 ? name : NULL;
}

/* The first thing a tracer tells stands for itself, the others have their names. */
static void
what(struct text *t, const struct event *e)
{
	struct shown_tracer *of = shown_of(e->ev->tracer);
	struct value v, first = { .type = F_U64 };
	const char *name = event_name(of, e);
	bool named = false;

	if (name) {
		text_str(t, name);
		text_char(t, ' ');
	}
	for (struct shown *s = of->fields; s->f; s++) {
		if ((named && s->late) || !shown_get(s, e, &v) || (named && noise(s, &v, &first)) || (name && s->event))
			continue;
		if (named)
			text_bytes(t, s->line, s->line_len);
		else
			first = v;
		named = true;
		value(t, s, &v);
	}
	if (e->ev->tracer == TR_EXEC)
		exec_args(t, e);
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

static void
who(struct text *t, const struct event *e)
{
	const struct ev_hdr *ev = e->ev;
	const char *start = t->p;

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
}

/* The columns in the middle are the same for most events of a process, and kept as text. */
#define KEPT		16		/* processes */
#define KEPT_ID		16		/* enough of an id to tell the first characters */

struct kept {
	uint32_t tgid;
	uint16_t tracer, id_len;
	uint32_t flags;
	char comm[EV_COMM], id[KEPT_ID];
	size_t len;			/* of text; 0: nothing is kept */
	char text[160];
};

/* Of 16 bytes, without a call. */
static inline bool
same16(const char *a, const char *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]));
}

static inline bool
same_id(const char *a, const char *b, size_t len)
{
	return len == KEPT_ID ? same16(a, b) : !len || memcmp(a, b, len) == 0;
}

static void
kept_who(struct text *t, const struct event *e)
{
	static struct kept kept[KEPT];
	const struct ev_hdr *ev = e->ev;
	const struct rec_ctx *c = e->ctx;
	struct kept *k = &kept[ev->tgid % KEPT];
	uint32_t flags = c->flags & (CTX_CONTAINER | CTX_CLAIM);
	uint16_t id_len = flags & CTX_CONTAINER ? c->container.len : 0;
	size_t id = id_len < sizeof(k->id) ? id_len : sizeof(k->id);
	const char *from = t->p;

	if (k->len && k->tgid == ev->tgid && k->tracer == ev->tracer && k->flags == flags &&
	    k->id_len == id_len && t->cap == SIZE_MAX &&
	    same16(k->comm, ev->comm) && same_id(k->id, (const char *)c + c->container.off, id)) {
		text_bytes(t, k->text, k->len);
		return;
	}
	who(t, e);
	if (t->full || t->cap != SIZE_MAX || (size_t)(t->p - from) > sizeof(k->text))
		return;
	*k = (struct kept){ .tgid = ev->tgid, .tracer = ev->tracer, .id_len = id_len, .flags = flags,
		.len = (size_t)(t->p - from) };
	memcpy(k->comm, ev->comm, sizeof(k->comm));
	memcpy(k->id, (const char *)c + c->container.off, id);
	memcpy(k->text, from, k->len);
}

bool
render_table(struct text *t, const struct render *r, const struct event *e)
{
	const char *start = t->p;

	text_clock(t, (int64_t)e->ev->ts + r->boot_offset_ns);
	column(t, start, W_TIME);
	kept_who(t, e);
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
