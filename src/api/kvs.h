/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_KVS_H
#define BPFD_API_KVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names with values, in the order in which they came.  A value is bytes; a NUL follows them. */
struct kv {
	char *key;
	uint8_t *value;
	size_t len;
};

struct kvs {
	struct kv *v;
	size_t n;
};

int	kvs_set(struct kvs *k, const char *key, const void *value, size_t len);	/* -ENOMEM */
const struct kv *kvs_get(const struct kvs *k, const char *key);
bool	kvs_contain(const struct kvs *k, const struct kvs *all);	/* all of all, equal values */
void	kvs_clear(struct kvs *k);

#endif
