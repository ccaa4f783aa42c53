/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_TRACERS_H
#define BPFD_LOADER_TRACERS_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"
#include "ipc/kfilter.h"
#include "ipc/messages.h"

struct loader;

/*
 * bpfd's own tracers.  Their objects (bpf/NAME.bpf.o) are part of this program; they go through a
 * linker and the broker like anybody's, but to limits of their own.  What is loaded is pinned, and
 * nothing of it is held by descriptor:
 *
 *   tracer/DIGEST/NAME/K-WHAT     core is the NAME of what all tracers share, NAME@ID that of one
 *                                 that is declared, with the number of its declaration
 *   K  m map, p program, e one that enforces (attached as the table needs), l link of a program,
 *      s program in the dispatcher, d the dispatcher, i iterator, u uprobe program, c, b and q ring
 *      of a CPU, x hook that is missing, r program that
 *      the kernel refuses (the last two are directories)
 *   tracer/DIGEST/NAME/done       a directory: all of it is there
 *
 * DIGEST is that of the objects, of where they may be attached and of what the maps' sizes follow from.  A loader that starts takes
 * over what is complete and has its digest, and removes the rest.
 */
enum { TRACER_CORE = TR_NONE };

struct tracer_pins {
	char (*names)[IPC_NAME_MAX];	/* "K-WHAT" */
	size_t n, room;
};

struct tracer_facts {
	bool loaded;			/* done is there */
	bool failed;			/* not tried again before it was unwanted */
	bool loading;
	bool half;			/* loaded is its first part; the other one follows when that is on */
	bool looked;			/* for the file of a declared uprobe, since this loader's start */
	bool passing;			/* it failed for want of a process or memory: tried again */
	unsigned int tries;
	uint32_t n_programs, n_attached;
	uint32_t ids[32], n_ids;	/* of programs, for the list of all that the kernel has */
	struct tracer_pins pins;
	char reason[IPC_TEXT_MAX];	/* what is missing, or why it failed */
};

struct tracer_found { int file; uint32_t tracer; uint64_t offset; };	/* of a function that is to be probed */

/* Of a tracer that others took something off. */
struct tracer_guard {
	int64_t since_ms;		/* of the tries that count */
	uint32_t tries;
	bool coming;			/* it is being loaded again */
	bool given_up;			/* until nobody wants it, or this loader ends */
};

struct tracers {
	char dir[96];			/* tracer/DIGEST */
	struct tracer_facts t[N_TRACERS];	/* [0]: the core */
	uint64_t want;			/* of the last request, allowed and existing ones */
	struct tracer_guard guard[N_TRACERS];
	struct ev_settings settings;	/* as in the map */
	struct kfilter *filter;		/* to be applied; NULL: none is */
	struct enf_table *enforce;	/* in force, or to be; NULL: none */
	bool enforce_new;		/* it is to be applied */
	struct tracer_pins stale;	/* paths: what stops acts, of the version or configuration before */
	uint32_t enforce_tried;		/* programs that were asked for since; bit by their place in enforce.c */
	uint32_t own_pid;		/* the supervisor, for the table */
	uint64_t own_ticks;
	bool busy;			/* want is not fulfilled yet */
	bool early;			/* nobody asked yet: want is the configuration's, and all stay off */
	bool asked;			/* seq waits for its answer */
	uint32_t seq;
	bool filled;			/* the core has its rings */
	struct chan *rings;		/* of the oneshot that makes them; NULL: none */
	bool rings_done;		/* all, or rings_err */
	int rings_err;
	bool step;			/* for the loop: tracers_step() */
	uint32_t running;		/* sessions */
	struct tracer_found found[8];
	size_t n_found;
	unsigned int looks;		/* into executables that the enricher saw, since then */
	int64_t looks_since_ms;
	struct chan *enricher;		/* NULL: none */
	int enricher_fd;		/* a new one's channel, for the loop; -1 */
	bool enricher_gone;
};

/* Before the sandbox: reads what is pinned below the working directory, removes what is of no use. */
int	tracers_open(struct loader *ld);
void	tracers_close(struct loader *ld);	/* pins stay */
void	tracers_remove_all(struct loader *ld);	/* detached, unloaded */

/* The tracer that a program is of, "core" too; NULL: it is none of bpfd's. */
const char *tracers_of_program(const struct loader *ld, uint32_t id);

/* Sealed: loads what the configuration wants, which the API will ask for. */
void	tracers_begin(struct loader *ld);

/* What can be done now for the request, and the answer when all is. */
void	tracers_step(struct loader *ld);

/* The oneshot for the rings (take_fd: its channel, or -errno: there is none), and what it says. */
void	tracers_rings_begin(struct loader *ld, int take_fd);
void	tracers_rings_serve(struct loader *ld);

/* The loop's: a new enricher's channel, or the end of one. */
void	tracers_enricher(struct loader *ld);

#endif
