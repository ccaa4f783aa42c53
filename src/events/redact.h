/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_REDACT_H
#define BPFD_EVENTS_REDACT_H

#include "events/schema.h"

/*
 * Takes what is secret out of a record before anybody reads it.  What is left says so: "***" in its
 * place, and the mark EV_REDACTED.  No string becomes longer, so that nothing else moves.
 *
 * An item is the name of a field, or text and "*": of strings that come from a process's memory what
 * follows that text (in any case of letters) is taken out: of a list to the end of the item, else to
 * the next space or the quote that ends it.  A space in the text is the end of an item too.
 */
#define REDACT_ITEM_MAX 64		/* with NUL */

/* Whether it says a field of that tracer (0: of any) that may be redacted, or text and "*". */
bool	redact_item_ok(const char *item, unsigned int tracer);

struct redact_item {
	const struct field *own, *common;	/* the field; both NULL: what follows text */
	char text[REDACT_ITEM_MAX];		/* in lower case */
	size_t len;
};
/* False: the tracer's events have nothing of that. */
bool	redact_item_init(struct redact_item *item, const char *text, unsigned int tracer);
/* ev and ctx: of a sound record, which is changed.  True: something was taken out; ev has the mark. */
bool	redact_run(const struct redact_item *item, struct ev_hdr *ev, struct rec_ctx *ctx);

#endif
