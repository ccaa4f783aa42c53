/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A tracepoint that was declared.  The loader says to which one it is attached; the arguments are
 * those of the kernel's own function there, which the kernel's BTF describes.
 */
#include "bpf/declared.bpf.h"

/* By a helper: a program that looks behind the last argument of its tracepoint is not attached. */
static __always_inline __u64
declared_arg(void *ctx, __u32 i)
{
	__u64 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), (__u64 *)ctx + i);
	return v;
}

SEC("raw_tp")
int
tracepoint_hit(void *ctx)
{
	declared_tell(ctx);
	return 0;
}
