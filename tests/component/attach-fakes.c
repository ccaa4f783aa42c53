/* SPDX-License-Identifier: Apache-2.0 */
/* What of the loader attach kinds call, for tests that have no loader. */
#include <errno.h>

#include "loader/attach.h"
#include "loader/oneshot.h"

/* Nothing is pinned here. */
int
loader_keep_first(const struct attach_in *in, struct attach_out *o, struct msg_result *r)
{
	return 0;
}

void
loader_forget(const struct attach_in *in)
{
}

/* Dispatchers are tried with the whole daemon: here nothing was loaded for one. */
int
loader_xdp_add(struct loader *l, const struct msg_xdp_add *m, int prog_fd, int netns, struct xdp_chain *chain,
	struct msg_result *r)
{
	return result_set(r, IPC_INTERNAL, -ENOSYS, "none");
}

int
loader_xdp_del(struct loader *l, const struct msg_xdp_del *m, int netns, struct xdp_chain *chain,
	struct msg_result *r)
{
	return result_set(r, IPC_INTERNAL, -ENOSYS, "none");
}

int
loader_xdp_list(struct loader *l, uint32_t ifindex, int netns, struct xdp_chain *chain, struct msg_result *r)
{
	return result_set(r, IPC_INTERNAL, -ENOSYS, "none");
}
