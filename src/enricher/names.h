/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_NAMES_H
#define BPFD_ENRICHER_NAMES_H

#include "enricher/containers.h"
#include "enricher/slotmap.h"
#include "ipc/container.h"

/*
 * What containers are called, by the files of their runtimes: the supervisor opens one, bpfd-config
 * reads it.  Asked when a container is first seen, one after the other; nobody waits for the answer.
 */
enum names_part { NAMES_ID, NAMES_NAME, NAMES_IMAGE, NAMES_POD, NAMES_K8S_NS, NAMES_LABELS, N_NAMES_PARTS };

/* One container; behind it its strings, as in enum names_part.  s.last: when it was asked about. */
struct names {
	struct slot s;			/* key1: hash of the id, key2: runtime << 32 */
	uint32_t wanted;		/* it is in the queue */
	uint16_t len[N_NAMES_PARTS];
};

struct naming {
	struct slotmap t;
	uint32_t *queue, at, n;		/* slots to be asked about, a ring of t.n */
	struct names *asked;		/* NULL: no answer is awaited */
	uint32_t seq;			/* of that question */
	uint64_t due_ns;		/* CLOCK_MONOTONIC: the next question not before */
};

int	naming_init(struct naming *nm, unsigned char *base, uint32_t n, uint64_t *high, struct pool *pool);
void	naming_fini(struct naming *nm);

/* A container that was seen at ts; fresh: its own cgroup was made, so it may be another of that name. */
void	names_note(struct naming *nm, const struct container *ct, uint64_t ts, bool fresh);

/* True: the question to ask now, by the number seq.  Its answer is awaited then. */
bool	names_next(struct naming *nm, uint64_t now_ns, enum runtime *runtime, char id[CONTAINER_FILE_ID_MAX],
		uint32_t *seq);
/* Bit per enum container_store where a container of this runtime may be found. */
uint64_t names_stores(enum runtime runtime);

/* The answer, NULL for none; false: nothing that was known has changed. */
bool	names_found(struct naming *nm, uint32_t seq, const struct container_facts *facts);

const struct names *names_find(const struct naming *nm, enum runtime runtime, const char *id, size_t len);
struct span names_part(const struct naming *nm, const struct names *c, enum names_part part);

#endif
