/* SPDX-License-Identifier: Apache-2.0 */
#include "api/kvs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

const struct kv *
kvs_get(const struct kvs *k, const char *key)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->v[i].key, key) == 0)
			return &k->v[i];
	return NULL;
}

static struct kv *
append(struct kvs *k, const char *key)
{
	struct kv *grown = realloc(k->v, (k->n + 1) * sizeof(*grown));
	char *copy = strdup(key);

	if (grown)
		k->v = grown;
	if (!grown || !copy) {
		free(copy);
		return NULL;
	}
	k->v[k->n] = (struct kv){ .key = copy };
	return &k->v[k->n++];
}

int
kvs_set(struct kvs *k, const char *key, const void *value, size_t len)
{
	AUTO(mem) uint8_t *copy = malloc(len + 1);
	struct kv *kv = (struct kv *)kvs_get(k, key);

	if (!copy)
		return -ENOMEM;
	if (!kv)
		kv = append(k, key);
	if (!kv)
		return -ENOMEM;
	if (len)
		memcpy(copy, value, len);
	copy[len] = '\0';
	free(kv->value);
	kv->value = TAKE_PTR(copy);
	kv->len = len;
	return 0;
}

bool
kvs_contain(const struct kvs *k, const struct kvs *all)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct kv *want = &all->v[i], *have = kvs_get(k, want->key);

		if (!have || have->len != want->len || memcmp(have->value, want->value, want->len) != 0)
			return false;
	}
	return true;
}

void
kvs_clear(struct kvs *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free(k->v[i].key);
		free(k->v[i].value);
	}
	free(k->v);
	*k = (struct kvs){ 0 };
}
