/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_TC_STUB_H
#define BPFD_LOADER_TC_STUB_H

#include <stdbool.h>
#include <stdint.h>

#include "loader/kernel.h"

#define TC_RESULT_BIT(code) (1u << ((code) < 0 ? 31 : (code)))	/* TC_ACT_UNSPEC is -1 */
#define TC_DISPATCHER_RETURN 30					/* bpfman's: what no program returns */

/*
 * A program of the loader's own for one link at traffic control.  It runs the link's program, which is
 * the one element of an array, and says in the words of the kernel's own chain what its result
 * means by a proceed-on set: go on (TC_ACT_UNSPEC), or this is the verdict.  It calls a function that
 * tail-calls: the result then comes back to the stub (x86-64: Linux 5.10, arm64: 6.0).
 *
 * The kernel empties the array when its last descriptor and pin go: then the stub drops packets, as
 * nobody looks at them.
 */
int	tc_stub_array(struct kernel *k, int prog_fd);		/* the caller's */
int	tc_stub_put(struct kernel *k, int array, int prog_fd);	/* packets see the one or the other */
int	tc_stub_prog(struct kernel *k, int array, uint32_t *id);	/* -ENOENT: it was emptied */

/* proceed_on: TC_RESULT_BIT()s.  clsact: the verdicts of filters there, else those of TCX.  The caller's. */
int	tc_stub_load(struct kernel *k, int array, uint32_t attach_type, uint32_t proceed_on, bool clsact);

#endif
