/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_KFILTER_H
#define BPFD_IPC_KFILTER_H

#include <linux/types.h>
#include <stdint.h>

#include "bpf/event.h"

/* What the API asks the kernel side to filter: a sealed memfd with this and n_entries entries. */
#define KFILTER_MAGIC 0x4646504bu
struct kfilter_entry { uint64_t value; uint64_t tracers; uint32_t dim; uint32_t reserved; };
struct kfilter {
	uint32_t magic, n_entries;	/* at most EV_FILTER_SET_MAX / 2: two sets are there at a time */
	struct ev_filter filter;
	struct kfilter_entry entries[];
};

#endif
