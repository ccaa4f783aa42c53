/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_CONTEXT_H
#define BPFD_ENRICHER_CONTEXT_H

#include "enricher/cgroups.h"
#include "events/record.h"

#define CONTEXT_MAX STATE_LARGE_BYTES

/* What a context is made of: of the process (numbers as in the context itself, whose strings are
 * not looked at) and of where it is. */
struct context_in {
	struct rec_ctx n;		/* flags: CTX_PROC, CTX_CUT: of its strings */
	struct span exe, cwd, pexe, args, pcomm, tty;
	bool host;
	const struct cgroup *g1, *g2;	/* v1, v2; NULL: none or not known */
};

/* Bytes that all of it takes. */
size_t	context_bytes(const struct context_in *in, const struct cgroups *cgroups);
/* Makes it in at most room bytes (a multiple of 8, at least sizeof(struct rec_ctx)); strings that
 * do not fit are cut, those that rules name processes and containers by last. */
void	context_make(const struct context_in *in, const struct cgroups *cgroups, void *out, size_t room);

/* Numbers and strings of a context that was made, to make it anew for another place. */
void	context_of(const struct rec_ctx *c, struct context_in *out);
bool	context_sound(const struct rec_ctx *c, size_t room);

#endif
