/* SPDX-License-Identifier: Apache-2.0 */
#include "api/wishes_ifaces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REST_MS		250	/* after the first failure; doubled with each */
#define REST_MAX_MS	64000

void
ifaces_init(struct ifaces *t)
{
	*t = (struct ifaces){ 0 };
	TAILQ_INIT(&t->all);
	TAILQ_INIT(&t->dirty);
}

void
ifaces_forgive(struct iface *it, struct failure *f)
{
	SLIST_REMOVE(&it->failures, f, failure, next);
	free(f);
}

static void
forgive_all(struct iface *it)
{
	while (!SLIST_EMPTY(&it->failures))
		ifaces_forgive(it, SLIST_FIRST(&it->failures));
}

static void
drop(struct ifaces *t, struct iface *it)
{
	idtab_del(&t->by_index, it->ifindex);
	TAILQ_REMOVE(&t->all, it, in_all);
	if (it->dirty)
		TAILQ_REMOVE(&t->dirty, it, in_dirty);
	forgive_all(it);
	free(it);
}

void
ifaces_clear(struct ifaces *t)
{
	while (!TAILQ_EMPTY(&t->all))
		drop(t, TAILQ_FIRST(&t->all));
	idtab_clear(&t->by_index);
}

static struct iface *
find_or_add(struct ifaces *t, uint32_t ifindex)
{
	struct iface *it = idtab_get(&t->by_index, ifindex);

	if (it)
		return it;
	it = calloc(1, sizeof(*it));
	if (!it || idtab_put(&t->by_index, ifindex, it) < 0) {
		free(it);
		return NULL;
	}
	it->ifindex = ifindex;
	TAILQ_INSERT_TAIL(&t->all, it, in_all);
	return it;
}

void
ifaces_dirty(struct ifaces *t, struct iface *it)
{
	if (!it->dirty)
		TAILQ_INSERT_TAIL(&t->dirty, it, in_dirty);
	it->dirty = true;
}

void
ifaces_all_dirty(struct ifaces *t)
{
	struct iface *it;

	TAILQ_FOREACH(it, &t->all, in_all)
		ifaces_dirty(t, it);
}

struct iface *
ifaces_put(struct ifaces *t, const struct msg_iface *m)
{
	struct iface *it = find_or_add(t, m->ifindex);
	struct failure *f;

	if (!it)
		return NULL;
	it->changes++;
	it->gone = m->flags & IFACE_GONE;
	it->seen = true;
	if (it->gone || strcmp(it->name, m->name) != 0)
		forgive_all(it);
	SLIST_FOREACH(f, &it->failures, next)
		f->again = true;
	memcpy(it->name, m->name, sizeof(it->name));
	ifaces_dirty(t, it);
	return it;
}

void
ifaces_clean(struct ifaces *t, struct iface *it)
{
	if (it->gone) {
		drop(t, it);
		return;
	}
	if (it->dirty)
		TAILQ_REMOVE(&t->dirty, it, in_dirty);
	it->dirty = false;
}

int
ifaces_take_all(struct ifaces *t, const struct msg_iface *all, size_t n)
{
	struct iface *it;

	TAILQ_FOREACH(it, &t->all, in_all)
		it->seen = false;
	for (size_t i = 0; i < n; i++)
		if (!ifaces_put(t, &all[i]))
			return -ENOMEM;
	TAILQ_FOREACH(it, &t->all, in_all) {
		if (!it->seen) {
			it->gone = true;
			forgive_all(it);
			ifaces_dirty(t, it);
		}
	}
	return 0;
}

struct failure *
ifaces_failure(const struct iface *it, uint64_t wish)
{
	struct failure *f;

	SLIST_FOREACH(f, &it->failures, next)
		if (f->wish == wish)
			return f;
	return NULL;
}

struct failure *
ifaces_failed(struct iface *it, uint64_t wish)
{
	struct failure *f = ifaces_failure(it, wish);

	if (f)
		return f;
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->wish = wish;
	SLIST_INSERT_HEAD(&it->failures, f, next);
	return f;
}

int64_t
ifaces_rest_ms(const struct failure *f)
{
	int64_t rest = REST_MS;

	for (unsigned int i = 1; i < f->tries && rest < REST_MAX_MS; i++)
		rest *= 2;
	return rest;
}
