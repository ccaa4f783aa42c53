/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_JSON_H
#define BPFD_CONFIG_JSON_H

#include <stddef.h>

/*
 * The strings of a JSON text (RFC 8259), one after the other, each with its place.  Numbers and
 * literals are stepped over.  Nothing is kept, so that a text of any shape costs its own length and
 * JSON_DEPTH places.
 */
#define JSON_DEPTH 32

struct json_text { const char *s; size_t len; };	/* decoded, UTF-8 if the text was; may hold NUL */

/* One step of the way from the outermost value: a member of an object or an element of an array. */
struct json_step {
	struct json_text key;		/* of an array's element: s is NULL */
	size_t index;			/* of an array's element, from 0 */
};

/* Valid during the call only.  Anything but 0 ends the reading and is its result. */
typedef int json_found(void *arg, const struct json_step *way, size_t depth, const struct json_text *value);

/* 0; -EBADMSG: no JSON, or deeper than JSON_DEPTH; -ENOMEM; what found() said. */
int	json_strings(const char *text, size_t len, json_found *found, void *arg);

#endif
