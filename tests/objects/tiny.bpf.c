/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Like a feature probe of libbpf, to the last byte, when compiled without BTF. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_process_exec")
int
tiny(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
