/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_OOM_H
#define BPFD_BPF_OOM_H

#include "bpf/target.h"

enum ev_oom_event { OOM_VICTIM, N_OOM_EVENTS };

struct ev_oom {
	struct ev_hdr h;		/* of who asked for memory when there was none */
	struct ev_target target;	/* who is killed; before Linux 6.8 perhaps its number alone */
	__u64 total_kb;			/* all that it mapped */
	__u64 anon_kb, file_kb, shmem_kb, swap_kb;	/* as the kernel sums it up: roughly */
	__s32 score_adj;
	__u32 reserved;
};
_Static_assert(sizeof(struct ev_oom) == 200, "record of oom");

#endif
