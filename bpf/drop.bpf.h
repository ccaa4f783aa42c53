/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_DROP_BPF_H
#define BPFD_BPF_DROP_BPF_H

#include "bpf/net.bpf.h"

#include "bpf/tcpdrop.h"

enum skb_drop_reason {
	SKB_NOT_DROPPED_YET,
#define REASON(name) SKB_DROP_REASON_##name,
	TCPDROP_REASONS(REASON)
#undef REASON
};

/*
 * The kernel's number as ours.  What a kernel does not have is dead code to its verifier; the
 * barrier keeps the compiler from asking for its number all the same.
 */
static __always_inline __u32
drop_reason(__u32 kernel)
{
#define REASON(name)                                                                               \
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_##name)) {            \
		asm volatile("" ::: "memory");                                                     \
		if (kernel == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_##name))   \
			return TCPDROP_##name;                                                     \
	}
	TCPDROP_REASONS(REASON)
#undef REASON
	return TCPDROP_UNKNOWN;
}

#endif
