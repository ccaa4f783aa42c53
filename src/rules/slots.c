/* SPDX-License-Identifier: Apache-2.0 */
/* A field of an event as the rules see it. */
#include "events/render.h"
#include "rules/matcher.h"

/*
 * Below this no string of a record is cut, whatever EV_TRUNCATED says of its others; from the
 * second on a string of the context, which has no such mark, is taken for cut.
 */
#define CUT_MIN		127
#define CUT_CONTEXT	(EV_PATH_MAX - 8)

static bool
is_cut(const struct slot *s, const struct event *e, size_t len)
{
	if (!s->text || len < CUT_MIN)
		return false;
	return s->own ? e->ev->flags & EV_TRUNCATED : len >= CUT_CONTEXT;
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
	struct value v = { .type = s->field->type };

	s->present = field_get(e, s->field, &v);
	s->cut = false;
	s->data = NULL;
	s->len = 0;
	s->u = 0;
	if (!s->present)
		return;
	s->cut = is_cut(s, e, v.len);
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
