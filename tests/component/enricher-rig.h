/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ENRICHER_RIG_H
#define BPFD_TESTS_ENRICHER_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "events/record.h"
#include "ipc/chan.h"
#include "ipc/config.h"
#include "ring/ring.h"
#include "rules/match.h"
#include "unit/kring_fake.h"

/*
 * Plays the supervisor, the loader, the API and an action worker around a real bpfd-enricher, with
 * kernel rings that it writes itself and a reader of the ring.
 */
#define ENRIG_CPUS 2
enum { ENRIG_CONTROL, ENRIG_BULK, ENRIG_CONTROL1, ENRIG_BULK1, N_ENRIG_RINGS };

struct enrig {
	struct config cfg;
	size_t ring_bytes, kring_bytes;
	uint32_t map_id;		/* of the first kernel ring; the others' follow */
	int ring, ring_ro, state, empty, cursor, cursor_ro, event, shared_fd;
	struct ev_cpu *shared;
	struct fake_ring rings[N_ENRIG_RINGS];
	struct ring_reader *reader;
	struct chan *sup, *loader, *api, *action;
	pid_t pid;
	uint32_t generation;
};

/* Memory and places; 0 for the sizes: defaults. */
int	enrig_open(struct enrig *r, size_t ring_bytes, size_t kring_bytes);
void	enrig_close(struct enrig *r);

int	enrig_start(struct enrig *r);		/* to READY, with all channels and rings, no rules */
void	enrig_kill(struct enrig *r);		/* -9 */
int	enrig_stop(struct enrig *r);		/* ENRICHER_STOP; its exit status */
bool	enrig_running(struct enrig *r);

int	enrig_loader(struct enrig *r);		/* a new loader's channel */
int	enrig_rings(struct enrig *r);		/* EV_SHARED ... EV_RINGS_END */
/* Every event of these tracers, by default action 1; -errno of RULESET_USED. */
int	enrig_want(struct enrig *r, uint64_t tracers);
int	enrig_ruleset(struct enrig *r, const struct ruleset *set);

bool	enrig_put(struct enrig *r, unsigned int ring, const void *rec, size_t len);
/* The next record within a second; false: none. */
bool	enrig_take(struct enrig *r, struct event *out);
/* The value of a counter by EV_STATS; ~0: not told. */
uint64_t enrig_stat(struct enrig *r, const char *name);

#endif
