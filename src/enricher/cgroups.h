/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_CGROUPS_H
#define BPFD_ENRICHER_CGROUPS_H

#include "bpf/event.h"
#include "enricher/containers.h"
#include "enricher/names.h"
#include "enricher/slotmap.h"

/* A cgroup that the kernel side has told; behind it its strings: path, container's id, pod. */
struct cgroup {
	struct slot s;			/* key1: id, key2: hierarchy << 32 */
	uint32_t hierarchy;
	uint32_t runtime;		/* enum runtime */
	uint32_t dir_len, path_len, id_len, pod_len;
	uint32_t claim, cut;		/* cut: of the path */
};

struct cgroups {
	struct slotmap t;
	struct naming *naming;		/* of the containers among them */
	uint64_t epoch;			/* another one when what was known has changed; never 0 */
	uint64_t *kinds;		/* the map "cgroup_kinds"; NULL: not there */
};

int	cgroups_init(struct cgroups *c, unsigned char *base, uint32_t n, uint64_t *high,
		struct pool *pool, struct naming *naming);
void	cgroups_fini(struct cgroups *c);

/* Takes a mapping of the map "cgroup_kinds" and empties it; what is told from now on is noted there. */
#define CGROUP_KINDS_BYTES (EV_KIND_PLACES * sizeof(uint64_t))
void	cgroups_kinds(struct cgroups *c, uint64_t *kinds);

/* A record of EV_CGROUP_INFO of len bytes.  -EBADMSG; *evicted as in slotmap_add(). */
int	cgroups_info(struct cgroups *c, const void *rec, size_t len, bool *evicted);
struct cgroup *cgroups_find(const struct cgroups *c, uint64_t id, uint32_t hierarchy);

static inline const char *
cgroup_path(const struct cgroups *c, const struct cgroup *g)
{
	return slotmap_bytes(&c->t, &g->s, sizeof(*g));
}

#endif
