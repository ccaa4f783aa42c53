/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/maps_page.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

#define PAGE_BYTES	(256u << 10)
#define CROWDED_BYTES	(8u << 20)	/* for a page, when one bucket of the map is that full */

struct room {
	uint8_t *keys, *values;
	uint32_t n;
};

static inline void
auto_room(struct room *r)
{
	free(r->keys);
	free(r->values);
}

static int
room_for(const struct msg_map_facts *f, uint32_t n, struct room *r)
{
	uint8_t *keys = calloc(n, f->key_size);
	uint8_t *values = calloc(n, f->value_bytes);

	auto_room(r);
	*r = (struct room){ keys, values, n };
	return keys && values ? 0 : -ENOMEM;
}

static uint32_t
fitting(const struct msg_map_facts *f, uint32_t bytes)
{
	uint32_t n = bytes / (f->key_size + f->value_bytes);

	/* One more: the kernel then sees the end in the same call. */
	if (n > f->max_entries)
		n = f->max_entries == UINT32_MAX ? f->max_entries : f->max_entries + 1;
	return n ? n : 1;
}

/* -ENOTSUPP_KERNEL: this map must be walked. */
static int
by_batch(struct kernel *k, int map, const struct msg_map_facts *f, const void *token, struct room *r,
	struct map_page *p)
{
	int err;

	for (;;) {
		p->n = r->n;
		err = kernel_lookup_batch(k, map, token, p->token, r->keys, r->values, &p->n);
		if (err != -ENOSPC)
			break;
		if (r->n >= fitting(f, CROWDED_BYTES))
			return -E2BIG;
		err = room_for(f, r->n * 2, r);
		if (err)
			return err;
	}
	p->last = err == -ENOENT;
	/* -EINTR: elements vanished while it looked; without any that came, they are walked over. */
	if (p->last || (err == -EINTR && p->n))
		return 0;
	return err == -EINTR || err == -EOPNOTSUPP || err == -EINVAL ? -ENOTSUPP_KERNEL : err;
}

static int
by_key(struct kernel *k, int map, const struct msg_map_facts *f, const void *token, struct room *r,
	struct map_page *p)
{
	const void *key = token;
	uint64_t steps = 0;
	int err = 0;

	for (p->n = 0; p->n < r->n && steps < 2ULL * r->n; steps++) {
		err = kernel_next_key(k, map, key, p->token);
		if (err)
			break;
		key = p->token;
		err = kernel_lookup(k, map, key, r->values + (size_t)p->n * f->value_bytes);
		if (err == -ENOENT)
			continue;	/* removed just now, or an empty place of an array */
		if (err)
			return err;
		memcpy(r->keys + (size_t)p->n * f->key_size, key, f->key_size);
		p->n++;
	}
	p->last = err == -ENOENT && p->n < r->n && steps < 2ULL * r->n;
	return err == -ENOENT ? 0 : err;
}

int
maps_page_read(struct kernel *k, int map, const struct msg_map_facts *f, const void *token,
	struct map_page *out)
{
	AUTO(room) struct room r = { 0 };
	struct map_page p = { 0 };
	int err = room_for(f, fitting(f, PAGE_BYTES), &r);

	if (!err)
		err = by_batch(k, map, f, token, &r, &p);
	if (err == -ENOTSUPP_KERNEL)
		err = by_key(k, map, f, token, &r, &p);
	if (err)
		return err;
	p.bytes = malloc((size_t)p.n * (f->key_size + f->value_bytes) + 1);
	if (!p.bytes)
		return -ENOMEM;
	memcpy(p.bytes, r.keys, (size_t)p.n * f->key_size);
	memcpy(p.bytes + (size_t)p.n * f->key_size, r.values, (size_t)p.n * f->value_bytes);
	p.token_len = f->key_size < sizeof(uint32_t) ? sizeof(uint32_t) : f->key_size;
	*out = p;
	return 0;
}
