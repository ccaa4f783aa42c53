/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_INSNS_H
#define BPFD_LOADER_INSNS_H

#include <linux/bpf.h>
#include <stddef.h>

#include "ipc/config.h"

enum insns_verdict {
	INSNS_OK,
	INSNS_HELPER,		/* calls a helper of the deny list, or one beyond every list */
	INSNS_KFUNC,		/* calls a kernel function that is not on the allow list */
	INSNS_CALL,		/* a call of no known form */
	INSNS_IMM64,		/* a 64-bit load that is cut off or names what it may not */
};

struct insns_finding {
	size_t index;		/* of the instruction */
	int id;			/* helper number or BTF id of the kernel function */
};

/*
 * Looks at every instruction once, as 8-byte records: calls against the policy, 64-bit loads for
 * what they name.  Everything else is the verifier's.  *f is filled unless INSNS_OK.
 */
enum insns_verdict insns_scan(const struct config *cfg, const struct bpf_insn *in, size_t n,
		struct insns_finding *f);

#endif
