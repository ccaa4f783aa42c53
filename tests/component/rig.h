/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_RIG_H
#define BPFD_TESTS_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/auto.h"
#include "ipc/chan.h"
#include "ipc/config.h"

/*
 * Plays the supervisor and the API around a real bpfd-loader: starts it with a bpffs of its own in
 * a mount namespace of the test, starts bpfd-linker and bpfd-oneshot when it asks for them.
 */
#define RIG_HELPERS 64
struct rig_helper {
	pid_t pid;
	uint32_t kind, id;
};

struct rig {
	char dir[64];
	const char *program;		/* the loader's, below the build folder; NULL: bpfd-loader */
	int bpffs;
	struct config cfg;
	struct chan *ctl, *api;		/* the other ends of the loader's */
	struct chan *enricher;		/* NULL until rig_enricher() */
	pid_t loader;
	struct rig_helper helpers[RIG_HELPERS];
	uint32_t next_id, seq;
	unsigned int n_started, n_gone;
	unsigned int n_noted;		/* VERDICT_NOTED */
	bool no_linkers, no_oneshots;	/* answer HELPER_WANTED by "could not start" */
	int last_status;		/* wait status of the last helper that ended */
	struct msg_iface told;		/* the last one that came unasked */
	unsigned int n_told;
};

/* What came of a request. */
struct rig_answer {
	struct msg_result res;
	struct msg_prog_facts progs[8];
	struct msg_map_facts maps[16];
	struct msg_link_facts links[8];
	struct msg_tracer_state tracers[64];	/* by number */
	unsigned int n_progs, n_maps, n_links, n_tracers;
	struct msg_iface ifaces[16];
	unsigned int n_ifaces;
	struct msg_token token;
	bool has_token;
	char log[65536];		/* verifier log, cut */
	size_t log_len;
};

/* Private mounts and a bpffs; the configuration's defaults.  0, or negative errno. */
int	rig_open(struct rig *r);
void	rig_close(struct rig *r);	/* kills what runs, unmounts */

int	rig_start(struct rig *r);	/* the loader, to READY, and an API's channel, to PHASE_RUN */
int	rig_stop(struct rig *r, uint32_t flags);	/* LOADER_STOP, to its end; its exit status */
void	rig_kill_loader(struct rig *r);

/* Serves the loader until the API's channel says RESULT for this request, at most 30 s. */
int	rig_request(struct rig *r, enum ipc_type type, const void *payload, const int *fds,
		struct rig_answer *out);
/* Waits for an answer that was asked for by chan_send(). */
int	rig_answer(struct rig *r, uint32_t seq, struct rig_answer *out);
/* A new enricher's channel in place of any other. */
int	rig_enricher(struct rig *r);
void	rig_linker(struct rig *r);	/* gives the loader one more than it asked for */
void	rig_serve(struct rig *r, int ms);	/* serves the supervisor's side for a while */

int	rig_object(const char *name);		/* sealed memfd of tests/objects/NAME.bpf.o */
int	rig_client(void);			/* a connected socket whose peer is this process */

/* LOAD of an object by name with defaults, gid and so on from *req. */
int	rig_load(struct rig *r, const char *object, const struct msg_load *req, struct rig_answer *out);
int	rig_unload(struct rig *r, uint64_t gid, uint32_t prog_id);

unsigned int rig_pins(const struct rig *r, const char *dir);	/* entries of a directory, deep */
unsigned int rig_descriptors(pid_t pid);

#endif
