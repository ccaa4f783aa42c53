/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_BROKER_H
#define BPFD_LOADER_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/config.h"
#include "loader/byname.h"
#include "loader/call.h"
#include "loader/handles.h"
#include "loader/kernel.h"
#include "loader/probes.h"

/*
 * The broker executes what a linker asks of bpf(2), within the grant of one load: it copies the
 * call (call.h), checks the copy, and gives it to the kernel.
 */
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
	bool ops_links;				/* the kernel has links of struct_ops (6.4) */
	/* Offsets of the functions in a value of this type: *n of at most room.  Negative errno. */
	int (*ops_slots)(uint32_t value_type, uint32_t value_size, uint32_t *offsets, size_t room, size_t *n);
	int slot;				/* > 0: XDP programs are loaded for a dispatcher, see slot.h */
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

/* A map of another group for this load, and what the linker may know of it.  Takes fd.  The handle's
 * number, or negative errno. */
int	broker_share(struct broker *b, int take_fd, struct link_map_facts *facts);

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

#endif
