/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_XDP_HOOKS_H
#define BPFD_XDP_HOOKS_H

#include <stdbool.h>
#include <stdint.h>

struct btf;

/*
 * libxdp is used as it is.  Where it calls libc and libbpf it reaches hooks.c first, because symbols
 * of the executable come before those of libraries, for what it does not offer:
 *
 *   mkdir()    tells of a dispatcher before its pins are made, so that they can be found again
 *   flock()    gives up after HOOKS_LOCK_MS: libxdp waits for ever
 *   chain      While a chain is changed, libxdp sees it through glasses.  Priorities are those of its
 *              programs times HOOKS_STEP with their position added, so that equal ones stay in their
 *              order; the new program's (from BTF that is made for it, runconfig.c: nothing else
 *              tells libxdp the priority of a program that is loaded already) marks its slot, whose
 *              actions are put right before the dispatcher is loaded.  One that leaves is not seen:
 *              the next dispatcher takes the place of this one in one step, without it.
 */
#define HOOKS_LOCK_MS	3000
#define HOOKS_STEP	16	/* > slots of a dispatcher */
#define HOOKS_NEW	(HOOKS_STEP - 1)
#define HOOKS_PRIORITY_MAX (UINT32_MAX / HOOKS_STEP)

struct hooks {
	void (*dispatcher)(void *arg, uint32_t dispatcher_id);
	void *arg;
	uint32_t btf_id;		/* of which run_config is given; 0: none */
	struct btf *(*run_config)(void *arg, uint32_t btf_id);
	void *run_config_arg;
	bool changing;			/* the glasses are on */
	uint32_t actions;		/* of the new program: bit per XDP action */
	uint32_t hide_in;		/* dispatcher; 0: nothing is hidden */
	unsigned int hide;		/* position in it */
	bool locked_out;		/* somebody else held the lock all the time */
};
extern struct hooks hooks;

#endif
