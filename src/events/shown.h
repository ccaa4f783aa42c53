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

struct shown {
	const struct field *f;
	uint8_t own;			/* OWN_* */
	uint8_t json_len, line_len;
	char json[68];			/* ,"name": */
	char line[36];			/*  name= */
	struct shown_words in_json, in_line;
};

/* Those that are not FIELD_HIDDEN; f NULL ends. */
struct shown *shown_fields(unsigned int tracer);

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
