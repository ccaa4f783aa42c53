/* SPDX-License-Identifier: Apache-2.0 */
#include "events/shown.h"

#include "events/tables.h"
#include "events/words.h"

struct shown_tracer shown_tracers[N_TRACERS];

static uint8_t
label(char *out, size_t room, const char *before, const char *tracer, const char *name, const char *after)
{
	struct text t = { .p = out, .end = out + room, .cap = SIZE_MAX };

	text_str(&t, before);
	if (tracer) {
		text_str(&t, tracer);
		text_char(&t, '_');
	}
	text_str(&t, name);
	text_str(&t, after);
	return (uint8_t)(t.p - out);
}

static uint8_t
quick(const struct field *f)
{
	if (f->get == words_get_fd && !f->events)
		return QUICK_FD;
	if (f->get || f->events)
		return QUICK_NO;
	if (f->type == F_STR || f->type == F_PATH || f->type == F_LIST)
		return f->size == sizeof(struct ev_str) ? QUICK_STR : QUICK_NO;
	if (f->type == F_IP || f->type == F_MAC || f->size < 4 || (f->type == F_I64 && f->size == 4))
		return QUICK_NO;
	return f->size == 4 ? QUICK_U32 : QUICK_U64;
}

/*
 * Three of the common fields may be told better by the tracer; any other of its own that has a
 * common name (the seq of a segment) gets the tracer's in front where both are told.
 */
static void
describe(struct shown *s, const struct field *f, const struct field *first, const char *tracer)
{
	bool twin;

	s->f = f;
	s->quick = quick(f);
	s->optional = f->flags & FIELD_OPTIONAL;
	s->late = f->flags & FIELD_DETAIL ||
		(f->get == words_get_name && first->type == F_PATH && first->off == f->off);
	s->quiet = (f->type == F_BOOL || f->type == F_FLAGS) && !value_word(f, 0);
	s->text = f->type == F_STR || f->type == F_PATH;
	s->event = f->type == F_ENUM && !f->get && f->off == offsetof(struct ev_hdr, event);
	s->own = strcmp(f->name, "args") == 0 ? OWN_ARGS : strcmp(f->name, "exe") == 0 ? OWN_EXE :
		strcmp(f->name, "cwd") == 0 ? OWN_CWD : 0;
	twin = !s->own && common_is(f->name);
	s->json_len = label(s->json, sizeof(s->json), ",\"", twin ? tracer : NULL, f->name, "\":");
	s->line_len = label(s->line, sizeof(s->line), " ", NULL, f->name, "=");
}

struct shown_tracer *
shown_make(unsigned int tracer)
{
	const struct tracer_info *info = tracer_info(tracer);
	struct shown_tracer *t = &shown_tracers[tracer];
	struct shown *s = t->fields;

	for (const struct field *f = info->fields; f->name && s < t->fields + SHOWN_MAX; f++)
		if (!(f->flags & FIELD_HIDDEN)) {
			describe(s, f, s == t->fields ? f : t->fields[0].f, info->name);
			s++;
		}
	t->alone = info->events[0] && !info->events[1] && strcmp(info->events[0], info->name) == 0;
	t->info = info;
	return t;
}
