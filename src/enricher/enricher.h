/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_ENRICHER_H
#define BPFD_ENRICHER_ENRICHER_H

#include "enricher/krings.h"
#include "enricher/linger.h"
#include "enricher/names.h"
#include "enricher/procs.h"
#include "ipc/actions.h"
#include "ipc/chan.h"
#include "ipc/config.h"
#include "ring/ring.h"
#include "rules/match.h"

/*
 * One process: kernel rings -> who and where it was -> rules -> the shared ring.  Everything that
 * a successor needs is in the ring (positions, counters), in the state (processes, cgroups) and in
 * the kernel.
 */
enum counter {
#define COUNTER(stage, name, help) COUNT_##name,
#include "enricher/counters.def"
	N_COUNTERS
};

/* Sources of the ring: kernel rings by CPU and class, and behind them the counters. */
#define SOURCE_COUNTERS	(RING_SOURCES_MAX - 64)
#define SOURCE_CPUS	(SOURCE_COUNTERS / N_EV_CLASSES)
static_assert(N_COUNTERS <= 64, "counters in a commit");

#define STATE_MAGIC 0x32746174736e6562ull
struct state_head {
	uint64_t magic, n_procs, n_cgroups, n_large;
	uint64_t high_procs, high_cgroups, high_names, high_large;
	uint32_t host_mntns, reserved;
	uint32_t map_ids[SOURCE_COUNTERS];	/* that the ring's positions are of */
};
static_assert(sizeof(struct state_head) <= STATE_HEAD_BYTES, "head of the state");

/* Of the shared ring, while its readers keep up: with what they let gather, it stays in a usual L2 cache. */
#define RING_LOW_BYTES	(128 << 10)

#define BATCH_RECORDS	256
#define BATCH_BYTES	(64 << 10)

struct binary { uint64_t ts, dev, ino; };	/* ts: reported then; 0: empty */

struct enricher {
	const struct config *cfg;
	struct ring *ring;
	size_t ring_bytes;
	struct state_head *state;
	size_t state_bytes;
	struct pool pool;
	struct naming naming;
	struct cgroups cgroups;
	struct procs procs;

	struct krings krings, coming;	/* coming: of a new loader, until EV_RINGS_END */
	struct ev_cpu *shared;		/* NULL: none yet */
	size_t shared_bytes;
	uint32_t n_cpus;
	struct ev_cpu *shared_coming;
	size_t shared_coming_bytes;
	uint32_t n_cpus_coming;

	struct matcher *matcher;	/* NULL: no rule set yet, nothing is wanted */
	uint64_t urgent;
	struct match_result result;

	uint64_t count[N_COUNTERS], committed[N_COUNTERS];
	uint64_t losses_at;		/* last look at the kernel side's, CLOCK_MONOTONIC */
	uint64_t last_ts;
	uint32_t batch_records;		/* read since the last commit */
	size_t batch_bytes, batch_max;	/* written since */
	bool urgent_now;

	int epoll;
	bool idle;			/* nothing came for a whole backstop */
	bool no_wakeups;		/* a ring that cannot be waited for: only in tests */
	struct linger linger;
	uint64_t drained_at;		/* CLOCK_MONOTONIC */
	struct chan *sup, *loader, *api;
	struct chan *actions[N_ACTION_CLASSES];
	uint32_t consumers[1 + N_ACTION_CLASSES];	/* ids, by number of the ring's watch */
	size_t n_consumers;
	struct binary binaries[64];
	bool stop;
};

/* state.c: maps the state and takes over what is in it.  -EINVAL: too small. */
int	state_attach(struct enricher *en, int fd);
void	state_detach(struct enricher *en);

/* events.c */
bool	enricher_drain(struct enricher *en);	/* all that the kernel rings have; false: nothing */
void	enricher_info(struct enricher *en, const struct ev_hdr *h, size_t len);
void	enricher_commit(struct enricher *en);
void	enricher_counters_load(struct enricher *en);	/* as of the ring's last commit */
/* One event of bytes; rec_hdr.lost tells what was lost before. */
void	enricher_event(struct enricher *en, const struct ev_hdr *h, size_t len);
/* publish.c: writes an event that somebody wants. */
void	enricher_publish(struct enricher *en, const struct event *e, const struct match_result *m);

/* made.c: what others say becomes an event.  -EPROTO. */
int	made_action_result(struct enricher *en, const struct msg_action_result *m);
int	made_own(struct enricher *en, const struct msg_own *m);

/* stats.c */
uint64_t stats_kernel_lost(const struct enricher *en);
int	stats_send(struct enricher *en, struct chan *to, uint32_t seq);
int	stats_send_rules(struct enricher *en, struct chan *to, uint32_t seq, uint32_t from);

/* control.c: one message of a channel.  Negative errno: the peer must go. */
int	control_message(struct enricher *en, struct chan *ch, const struct chan_msg *m, int *fds);
void	control_drop(struct enricher *en, struct chan *ch);

/* containers' names: asks for the next that is not known, and hears what it is */
void	naming_ask(struct enricher *en, uint64_t now_ns);
int	naming_answer(struct enricher *en, uint32_t seq, const struct msg_container_found *m, int fd);

/* binaries.c: tells the loader of a shell. */
void	binaries_note(struct enricher *en, const struct ev_proc_info *in);
void	binaries_forget(struct enricher *en);

/* loop.c: until the supervisor is gone. */
int	loop_init(struct enricher *en);
int	loop_watch(struct enricher *en, int fd, void *what);
int	loop_watch_rings(struct enricher *en);
void	loop_forget_rings(struct enricher *en);
int	loop_run(struct enricher *en);

#endif
