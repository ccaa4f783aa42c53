/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_HANDLERS_H
#define BPFD_LOADER_HANDLERS_H

#include "ipc/messages.h"

struct loader;
struct peer;

/* One on_NAME() for each message of messages.def that the loader receives. */
#define TO_LOADER(NAME, from, payload, n_fds, phase)                                               \
	int on_##NAME(struct loader *ld, struct peer *p, const struct msg_hdr *h,                  \
		const struct msg_##payload *m, int *fds);
#include "ipc/messages.def"

#endif
