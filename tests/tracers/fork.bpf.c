/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tracer of which this kernel has nothing. */
#define EV_THIS FORK
#include "bpf/bpfd.bpf.h"

SEC("tp_btf/bpfd_no_such_hook")
int
BPF_PROG(test_fork)
{
	return 0;
}
