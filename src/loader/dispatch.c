/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "loader/handlers.h"
#include "loader/loader.h"

int
loader_dispatch(struct loader *ld, struct peer *p, struct chan_msg *msg)
{
	struct chan_msg m = *msg;
	int err = -EPROTO;

	switch (m.hdr.type) {
	/* Not IPC_CASE(): <linux/bpf.h> has a BPF_CALL of its own, which only ## leaves alone. */
#define TO_LOADER(NAME, from, payload_, fds_, phase)                                               \
	case IPC_##NAME:                                                                           \
		err = on_##NAME(ld, p, &m.hdr, (const struct msg_##payload_ *)m.payload, m.fds);   \
		break;
#include "ipc/messages.def"
	}
	for (unsigned int i = 0; i < m.n_fds; i++)
		msg->fds[i] = m.fds[i];		/* what a handler took is -1 now */
	return err;
}
