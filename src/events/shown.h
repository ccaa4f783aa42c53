/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_SHOWN_H
#define BPFD_EVENTS_SHOWN_H

#include "events/schema.h"
#include "events/text.h"

/*
 * A tracer's fields as the formats show them: what can be said of a field without an event is
 * found out once, not for each.
 */
enum { OWN_ARGS = 1, OWN_EXE = 2, OWN_CWD = 4 };	/* tells better what is common to all */

/* The words of the number that was shown last: most events have the same flags. */
struct shown_words {
	uint64_t u;
	uint16_t len;			/* 0: nothing is kept */
	char text[78];
};

enum { QUICK_NO, QUICK_STR, QUICK_U32, QUICK_U64, QUICK_FD };	/* what field_get() would come to */

struct shown {
	const struct field *f;
	uint8_t quick;			/* QUICK_* */
	bool optional;
	bool late;			/* not behind another in a table: a detail, or the end of the path that the first one is */
	bool quiet;			/* that it is not so is no news */
	bool text, event;		/* F_STR or F_PATH; the number of the event */
	uint8_t own;			/* OWN_* */
	uint8_t json_len, line_len;
	char json[68];			/* ,"name": */
	char line[36];			/*  name= */
	struct shown_words in_json, in_line;
};

#define SHOWN_MAX 64
struct shown_tracer {
	const struct tracer_info *info;	/* NULL: not looked at yet */
	bool alone;			/* its one event is called as it is */
	struct shown fields[SHOWN_MAX + 1];	/* those that are not FIELD_HIDDEN; f NULL ends */
};
extern struct shown_tracer shown_tracers[N_TRACERS];

struct shown_tracer *shown_make(unsigned int tracer);
/* tracer: one that there is. */
static inline struct shown_tracer *
shown_of(unsigned int tracer)
{
	return shown_tracers[tracer].info ? &shown_tracers[tracer] : shown_make(tracer);
}

/* field_get(). */
static inline bool
shown_get(const struct shown *s, const struct event *e, struct value *out)
{
	const char *at = (const char *)e->ev + s->f->off;
	struct ev_str str;
	uint32_t u;

	if (s->quick == QUICK_NO)
		return field_get(e, s->f, out);
	out->type = s->f->type;
	if (s->quick == QUICK_FD) {
		out->u = (uint64_t)e->ev->ret;
		return e->ev->ret >= 0;
	}
	if (s->quick == QUICK_STR) {
		memcpy(&str, at, sizeof(str));
		out->data = (const char *)e->ev + str.off;
		out->len = str.len;
		return str.len || !s->optional;
	}
	if (s->quick == QUICK_U32) {
		memcpy(&u, at, sizeof(u));
		out->u = u;
	} else {
		memcpy(&out->u, at, sizeof(out->u));
	}
	return out->u || !s->optional;
}

/* Makes the words again, or takes those that are kept. */
static inline bool
shown_kept(const struct shown_words *w, struct text *t, uint64_t u)
{
	if (w->u != u || !w->len)
		return false;
	text_bytes(t, w->text, w->len);
	return true;
}

static inline void
shown_keep(struct shown_words *w, const struct text *t, const char *from, uint64_t u)
{
	size_t len = (size_t)(t->p - from);

	if (t->full || t->quoted || len > sizeof(w->text))
		return;
	memcpy(w->text, from, len);
	w->len = (uint16_t)len;
	w->u = u;
}

#endif
