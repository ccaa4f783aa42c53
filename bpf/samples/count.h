/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_SAMPLES_COUNT_H
#define BPFD_BPF_SAMPLES_COUNT_H

#include <linux/types.h>

struct count_traffic {
	__u64 packets;
	__u64 bytes;
};

/* The one value of map count_totals, one copy per CPU. */
struct count_totals {
	__u64 execs;			/* programs started on the host */
	__u64 last_pid;			/* the one started last on this CPU */
	struct count_traffic xdp;
	struct count_traffic ingress;
	struct count_traffic egress;
};

_Static_assert(sizeof(struct count_totals) == 64, "shared with user space");

#endif
