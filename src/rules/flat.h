/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_FLAT_H
#define BPFD_RULES_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Flat bytes, written and read in order.  A writer that could not grow has failed set and ignores
 * the rest; a reader that would read past the end has failed set and yields zeroes.
 */
struct flat_out { char *data; size_t len, room, max; bool failed; };
struct flat_in { const char *p, *end; bool failed; };

static inline void *
flat_room(struct flat_out *o, size_t len)
{
	void *at;

	if (o->failed || len > o->max - o->len) {
		o->failed = true;
		return NULL;
	}
	if (o->room - o->len < len) {
		size_t room = o->room ? o->room * 2 : 1024;
		char *data;

		while (room - o->len < len)
			room *= 2;
		data = realloc(o->data, room);
		if (!data) {
			o->failed = true;
			return NULL;
		}
		o->data = data;
		o->room = room;
	}
	at = o->data + o->len;
	o->len += len;
	return at;
}

static inline void
flat_put(struct flat_out *o, const void *data, size_t len)
{
	void *at = flat_room(o, len);

	if (at && len)
		memcpy(at, data, len);
}

static inline void
flat_put_u32(struct flat_out *o, uint32_t v)
{
	flat_put(o, &v, sizeof(v));
}

static inline void
flat_put_u64(struct flat_out *o, uint64_t v)
{
	flat_put(o, &v, sizeof(v));
}

static inline void
flat_put_bytes(struct flat_out *o, const char *data, size_t len)
{
	flat_put_u32(o, (uint32_t)len);
	flat_put(o, data, len);
}

/* len bytes in place, or NULL. */
static inline const char *
flat_get(struct flat_in *in, size_t len)
{
	const char *at = in->p;

	if (in->failed || len > (size_t)(in->end - in->p)) {
		in->failed = true;
		return NULL;
	}
	in->p += len;
	return at;
}

static inline uint32_t
flat_get_u32(struct flat_in *in)
{
	const char *at = flat_get(in, 4);
	uint32_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return v;
}

static inline uint64_t
flat_get_u64(struct flat_in *in)
{
	const char *at = flat_get(in, 8);
	uint64_t v = 0;

	if (at)
		memcpy(&v, at, sizeof(v));
	return v;
}

/* A number that must be below limit. */
static inline uint32_t
flat_get_below(struct flat_in *in, uint32_t limit)
{
	uint32_t v = flat_get_u32(in);

	if (v >= limit) {
		in->failed = true;
		return 0;
	}
	return v;
}

static inline const char *
flat_get_bytes(struct flat_in *in, size_t *len)
{
	*len = flat_get_u32(in);
	return flat_get(in, *len);
}

/* A text without NUL of fewer than size bytes, copied and terminated. */
static inline void
flat_get_name(struct flat_in *in, char *out, size_t size)
{
	size_t len = 0;
	const char *at = flat_get_bytes(in, &len);

	out[0] = '\0';
	if (!at || len >= size || memchr(at, '\0', len)) {
		in->failed = true;
		return;
	}
	memcpy(out, at, len);
	out[len] = '\0';
}

#endif
