/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A place in a program or library that was declared, or the return of a function. */
#include "bpf/declared.bpf.h"

/* By a helper: the verifier takes no register of a place that is chosen. */
static __always_inline __u64
declared_arg(void *ctx, __u32 i)
{
	__u32 at = 0;
	__u64 v = 0;

#define REG(n, name)                                                                               \
	if (i == (n))                                                                              \
		at = bpf_core_field_offset(struct pt_regs, name);
	REG(0, di)
	REG(1, si)
	REG(2, dx)
	REG(3, cx)
	REG(4, r8)
	REG(5, r9)
	REG(DECLARED_RETURNED, ax)
#undef REG
	bpf_probe_read_kernel(&v, sizeof(v), ctx + at);
	return v;
}

/* Preemptible: another process's may come meanwhile. */
SEC("uprobe")
int
uprobe_hit(struct pt_regs *ctx)
{
	if (!ev_enter())
		return 0;
	declared_tell(ctx);
	ev_leave();
	return 0;
}
