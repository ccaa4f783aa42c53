/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stands for the tracer of this name: at the end of bash's readline(). */
#define EV_THIS BASHREADLINE
#include "bpf/bpfd.bpf.h"

SEC("uretprobe")
int
test_bashreadline(void *ctx)
{
	struct ev_scratch *s = ev_new(0, sizeof(struct ev_hdr));

	if (s)
		ev_send(s);
	return 0;
}
