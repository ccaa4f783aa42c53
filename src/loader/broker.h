/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_BROKER_H
#define BPFD_LOADER_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auto.h"
#include "ipc/bpfcmds.h"
#include "ipc/config.h"
#include "loader/byname.h"
#include "loader/handles.h"
#include "loader/kernel.h"
#include "loader/probes.h"

/*
 * The broker executes what a linker asks of bpf(2), within the grant of one load.  A call is
 * copied first - the attr from the message, the memory behind its pointers from the arena - and
 * only the copy is checked and given to the kernel.
 */
struct call {
	const struct bpfcmd *cmd;
	uint32_t size;				/* of attr, as the linker gave it */
	union bpf_attr attr;			/* pointers are ours; descriptors still handles */
	struct {
		void *data;
		size_t len;
		uint64_t offset;		/* in the arena */
	} bufs[BPFCMD_FIELDS_MAX];
	struct handle *named[BPFCMD_FIELDS_MAX];
	uint64_t cost;				/* bytes of budget, set by the check */
};
void	call_free(struct call *c);		/* NULL is fine */
AUTO_DEFINE(call, struct call *, call_free)

struct broker_stats {
	uint64_t calls[16];			/* by index in bpfcmd_all() */
	uint64_t refused;			/* by policy, budget or form */
	uint64_t probe_hits, probe_misses;
};

struct broker {
	/* given, and outliving the broker */
	const struct config *cfg;
	struct kernel *kernel;
	struct probes *probes;
	struct byname *byname;
	struct broker_stats *stats;
	uint32_t n_cpus;			/* possible ones: what a per-CPU map is multiplied by */
	/* given for this load */
	int arena;				/* borrowed memfd, read and written by offset */
	uint64_t arena_bytes;
	uint64_t type_grant;			/* bit per program type; 0: no narrower than the policy */
	bool dry_run;				/* nothing is pinned */
	/* what came of it */
	struct handles handles;
	uint32_t n_maps, n_progs;
	uint64_t map_bytes;
	struct msg_result refusal;		/* the first refusal of ours; code IPC_OK: none */
	struct {
		uint32_t prog_type, attach_type;
		int err;			/* the kernel's, 0 when the last program was accepted */
	} last_load;
};

void	broker_init(struct broker *b);		/* after the given members are set */
void	broker_end(struct broker *b);		/* closes handles, lets names go */

/* Answers one call.  Always fills *ret; what is wrong with the call is the linker's errno. */
void	broker_call(struct broker *b, const struct msg_bpf_call *m, struct msg_bpf_ret *ret);

/* A map of another group for this load.  Takes fd.  The handle's number, or negative errno. */
int	broker_share(struct broker *b, int take_fd);

/* The descriptor of a handle, borrowed; an object that was only answered from the probe cache is
 * made now, by the policy.  Negative errno, with refusal filled where it is ours. */
int	broker_fd(struct broker *b, struct handle *h);

/* Records why a call is refused (the first time in a load) and returns err. */
int	broker_refuse(struct broker *b, enum ipc_code code, int err, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

/* check.c: the validators of bpfcmds.def, on the private copy.  0 or negative errno. */
int	check_call(struct broker *b, struct call *c);
/* Bytes of memory that a map of these sizes may take, saturating. */
uint64_t check_map_bytes(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t cpus);

/* The buffer of the field at offset, and its length; NULL when the call has none. */
void	*call_buf(const struct call *c, size_t offset, size_t *len);
struct handle *call_handle(const struct call *c, size_t offset);

#endif
