/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_TRACE_H
#define BPFD_BPFCTL_TRACE_H

#include "bpfctl/ctl.h"

/* Prints what Trace.Events sends in req's format until count events have come (0: any number), the
 * time is over (0: none) or a signal; then says on standard error how many came and were lost. */
int	trace_follow(struct ctl *ctl, const Bpfd__V1__EventsRequest *req, uint64_t count,
		uint64_t duration_ms);

#endif
