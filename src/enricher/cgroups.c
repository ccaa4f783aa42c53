/* SPDX-License-Identifier: Apache-2.0 */
#include "enricher/cgroups.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"

static bool
sound(const struct slotmap *t, const struct slot *s)
{
	const struct cgroup *g = (const struct cgroup *)s;
	size_t room = s->large ? STATE_LARGE_BYTES : STATE_SLOT_BYTES - sizeof(*g);

	(void)t;
	return g->hierarchy >= 1 && g->hierarchy <= 2 && g->runtime < N_RUNTIMES &&
		g->path_len <= room && g->id_len <= CONTAINER_ID_MAX && g->pod_len <= 40 &&
		g->path_len + g->id_len + g->pod_len <= room && g->dir_len <= g->path_len;
}

int
cgroups_init(struct cgroups *c, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool,
	struct naming *naming)
{
	c->naming = naming;
	c->epoch = 1;
	return slotmap_init(&c->t, base, n, high, pool, sound);
}

void
cgroups_fini(struct cgroups *c)
{
	cgroups_kinds(c, NULL);
	slotmap_fini(&c->t);
}

struct cgroup *
cgroups_find(const struct cgroups *c, uint64_t id, uint32_t hierarchy)
{
	return (struct cgroup *)slotmap_find(&c->t, id, (uint64_t)hierarchy << 32);
}

void
cgroups_kinds(struct cgroups *c, uint64_t *kinds)
{
	if (c->kinds)
		munmap(c->kinds, CGROUP_KINDS_BYTES);
	c->kinds = kinds;
	/* A word that is wrong would keep away the very events by which it is mended. */
	if (kinds)
		memset(kinds, 0, CGROUP_KINDS_BYTES);
}

_Static_assert(N_RUNTIMES <= EV_KIND_RUNTIMES, "each has a bit in a mask");

/* For the kernel's filter. */
static void
note_kind(struct cgroups *c, const struct ev_cgroup_info *in, enum runtime runtime, bool pod)
{
	uint64_t kind = (uint64_t)runtime | (pod ? EV_KIND_POD : 0);

	if (c->kinds && in->id < EV_KIND_ID_MAX)
		__atomic_store_n(&c->kinds[EV_KIND_PLACE(in->id, in->hierarchy)],
			EV_KIND_WORD(in->id, in->hierarchy, in->epoch, kind), __ATOMIC_RELAXED);
}

static void
fill(struct cgroups *c, struct cgroup *g, uint32_t hierarchy, const char *path, size_t len,
	const struct container *ct)
{
	size_t names = ct->id_len + ct->pod_len, room;
	char *p;

	slot_write_begin(&g->s);
	p = slotmap_room(&c->t, &g->s, sizeof(*g), len + names, &room);
	g->hierarchy = hierarchy;
	g->runtime = ct->runtime;
	g->claim = ct->claim;
	g->id_len = ct->id_len;
	g->pod_len = ct->pod_len;
	g->cut = len + names > room;
	g->path_len = (uint32_t)(g->cut ? room - names : len);
	g->dir_len = ct->dir_len < g->path_len ? ct->dir_len : g->path_len;
	memcpy(p, path, g->path_len);
	memcpy(p + g->path_len, ct->id, ct->id_len);
	memcpy(p + g->path_len + ct->id_len, ct->pod, ct->pod_len);
	slot_write_end(&g->s);
}

int
cgroups_info(struct cgroups *c, const void *rec, size_t len, bool *evicted)
{
	const struct ev_cgroup_info *in = rec;
	struct container ct;
	struct cgroup *g;
	const char *path;

	*evicted = false;
	if (len < sizeof(*in) || in->hierarchy < 1 || in->hierarchy > 2 || !in->id ||
	    (size_t)in->path.off + in->path.len > len || in->path.len > EV_PATH_MAX)
		return -EBADMSG;
	path = (const char *)rec + in->path.off;
	g = cgroups_find(c, in->id, in->hierarchy);
	if (g) {
		g->s.last = in->h.ts;
		if (!g->cut && g->path_len == in->path.len &&
		    memcmp(cgroup_path(c, g), path, in->path.len) == 0) {
			note_kind(c, in, (enum runtime)g->runtime, g->pod_len);
			return 0;
		}
		c->epoch++;		/* renamed, or the id is used again */
	} else {
		g = (struct cgroup *)slotmap_add(&c->t, in->id, (uint64_t)in->hierarchy << 32, evicted);
		g->s.last = in->h.ts;
	}
	container_of(path, in->path.len, &ct);
	fill(c, g, in->hierarchy, path, in->path.len, &ct);
	note_kind(c, in, ct.runtime, ct.pod_len);
	if (ct.runtime != RT_NOT_FOUND)
		names_note(c->naming, &ct, in->h.ts, ct.dir_len == in->path.len);
	return 0;
}
