/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_PROCS_H
#define BPFD_ENRICHER_PROCS_H

#include "enricher/context.h"

/*
 * The processes that the kernel side has told, each with the context of its events ready to be
 * copied.  One that has ended stays for PROCS_GRACE_NS of the events' time, for what actions did to
 * it; longer, and thousands that end each second would need as many slots.
 */
#define PROCS_GRACE_NS	500000000ull

struct proc {
	struct slot s;			/* key1: start, key2: tgid << 32 | exec_id; then its context */
	uint64_t info;			/* ts of what it is known by */
	/* Where the context was made for; the epoch 0: to be made anew. */
	uint64_t epoch, cgroup, cgroup1;
	uint32_t mntns, reserved;
};

struct procs_gone { uint64_t ts; uint32_t slot; };

/* Where the shared ring has the context as it is now: a record's place (0: nowhere), and where it is in that. */
struct procs_told { uint64_t place; uint16_t off; };

struct procs {
	struct slotmap t;
	struct cgroups *cgroups;
	uint32_t *host_mntns;		/* in the state: of pid 1 */
	struct procs_gone *gone;	/* in the order of time, a ring of t.n */
	uint32_t gone_at, n_gone;
	uint64_t unknown;		/* events of a process that is not known */
	/* Of each slot.  told_now: of the context that procs_context() gave last; NULL: it is of that event alone. */
	struct procs_told *told, *told_now;
	/* For the context of one that is not. */
	unsigned char scratch[CONTEXT_MAX] __attribute__((aligned(8)));
};

int	procs_init(struct procs *p, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool,
		struct cgroups *cgroups, uint32_t *host_mntns);
void	procs_fini(struct procs *p);

/* A record of EV_PROC_INFO of len bytes.  -EBADMSG. */
int	procs_info(struct procs *p, const void *rec, size_t len, bool *evicted);
/* EV_PROC_GONE. */
void	procs_gone(struct procs *p, const struct ev_hdr *h);
/* Forgets those that ended long before ts. */
void	procs_expire(struct procs *p, uint64_t ts);

/* The context of an event; valid until the next call of anything here. */
const struct rec_ctx *procs_context(struct procs *p, const struct ev_hdr *h);
/* exec_id of the process as it was last known, for an event that is not the kernel's. */
bool	procs_last_exec(const struct procs *p, uint32_t tgid, uint64_t start, struct ev_hdr *out);

#endif
