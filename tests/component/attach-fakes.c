/* SPDX-License-Identifier: Apache-2.0 */
/* What of the loader attach kinds call, for tests that have no loader. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loader/attach.h"
#include "loader/oneshot.h"

int
result_set(struct msg_result *r, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	memset(r, 0, sizeof(*r));
	r->code = code;
	r->err = err;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	return err ? err : -EINVAL;
}

/* The tests have no kind that asks for several, or for what has no descriptor. */
int
oneshot_fds(struct loader *l, enum ipc_type type, const void *payload, const int *fds,
	int (*each)(void *arg, int take_fd, struct msg_result *r), void *arg, struct msg_result *r)
{
	return result_set(r, IPC_UNAVAILABLE, -EPIPE, "none");
}

int
oneshot_do(struct loader *l, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, struct msg_result *r)
{
	return -EPERM;
}

uint32_t
loader_group_map(struct loader *l, uint64_t gid, const char *name, int *fd)
{
	return 0;
}

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
