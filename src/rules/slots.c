/* SPDX-License-Identifier: Apache-2.0 */
/* A field of an event as the rules see it. */
#include "events/render.h"
#include "rules/matcher.h"

/*
 * The kernel side marks each string of the record that is cut; one that could not be read is empty then. A path
 * whose beginning it did not reach has no slash there.  What is computed from several has no mark of its
 * own: it counts as cut when any of them is.  A string of the context has no mark at all: one that fills all the
 * room is taken for cut.
 */
#define CUT_CONTEXT	(EV_PATH_MAX - 8)

static bool
is_marked(const struct ev_hdr *ev, const struct field *f)
{
	if (!(ev->flags & EV_TRUNCATED))
		return false;
	return f->size == sizeof(struct ev_str) ? ev->cut & EV_CUT(f->off) : f->get != NULL;
}

static void
judge_cut(struct slot *s, const struct event *e, const struct value *v)
{
	s->headless = false;
	s->cut = s->text && !s->own && v->len >= CUT_CONTEXT;
	if (!s->text || !s->own || !is_marked(e->ev, s->field))
		return;
	s->cut = true;
	s->headless = s->field->get || (s->field->type == F_PATH && v->len && *(const char *)v->data != '/');
	s->present = true;
}

static void
join(struct slot *s, const struct value *v)
{
	size_t len = v->len < SLOT_ROOM ? v->len : SLOT_ROOM - 1;
	const char *from = v->data;

	while (len && !from[len - 1])
		len--;
	for (size_t i = 0; i < len; i++)
		s->scratch[i] = from[i] ? from[i] : ' ';
	s->data = s->scratch;
	s->len = len;
}

static void
lower(struct slot *s, const struct value *v)
{
	size_t len = v->len < SLOT_ROOM ? v->len : SLOT_ROOM - 1;

	while (s->field->type == F_LIST && len && !((const char *)v->data)[len - 1])
		len--;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)((const char *)v->data)[i];

		s->scratch[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c ? c : ' ');
	}
	s->data = s->scratch;
	s->len = len;
}

static void
basename_of(struct slot *s, const struct value *v)
{
	const char *slash = v->len ? memrchr(v->data, '/', v->len) : NULL;

	s->data = slash ? slash + 1 : v->data;
	s->len = v->len - (size_t)(s->data - (const char *)v->data);
}

static uint64_t
items_of(const struct value *v)
{
	uint64_t n = 0;

	for (size_t i = 0; i < v->len; i++)
		n += !((const char *)v->data)[i];
	return n;
}

void
slot_load(struct slot *s, const struct event *e)
{
	struct value v = { .type = s->field->type, .data = s->text ? "" : NULL };

	s->present = field_get(e, s->field, &v);
	if (!s->present) {
		v.data = s->text ? "" : NULL;
		v.len = 0;
	}
	judge_cut(s, e, &v);
	s->data = NULL;
	s->len = 0;
	s->u = 0;
	if (!s->present)
		return;
	switch (s->view) {
	case VIEW_PLAIN:
		s->u = v.u;
		s->data = v.data;
		s->len = v.len;
		return;
	case VIEW_JOINED:
		join(s, &v);
		return;
	case VIEW_TEXT:
		s->data = s->scratch;
		s->len = render_value(s->field, &v, s->scratch, SLOT_ROOM);
		return;
	case VIEW_BASENAME:
		basename_of(s, &v);
		return;
	case VIEW_LOWER:
		lower(s, &v);
		return;
	case VIEW_LEN:
		s->u = v.type == F_LIST ? items_of(&v) : v.len;
		return;
	}
}
