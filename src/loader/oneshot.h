/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_ONESHOT_H
#define BPFD_LOADER_ONESHOT_H

#include "common/auto.h"
#include "ipc/chan.h"

struct loader;

/*
 * Asks the supervisor for a bpfd-oneshot, sends it one request and waits for its answer, at most
 * ONESHOT_TIMEOUT_MS.  Meanwhile only the supervisor's channel is served.
 *
 * type, payload, fds: one of TO_ONESHOT in messages.def.
 * On 0: *fd is the answer's descriptor, the caller's, and *facts what came with it.
 * On a negative errno: res->code, res->err and res->text are filled for the client.
 */
#define ONESHOT_TIMEOUT_MS 3000
int	oneshot_fd(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
		struct msg_one_fd *facts, int *fd, struct msg_result *res);

/*
 * The two halves of it, for a bpfd-xdp too: starts one of kind (enum ipc_helper) and sends it the
 * request, *ch is the caller's; takes its next message.  deadline: of clock_ms().  A negative
 * errno fills res; who is late is killed.
 */
int	oneshot_ask(struct loader *ld, uint32_t kind, enum ipc_type type, const void *payload, const int *fds,
		int64_t deadline, struct chan **ch, struct msg_result *res);
int	oneshot_answer(struct loader *ld, uint32_t kind, struct chan *ch, int64_t deadline, struct chan_msg *m,
		struct msg_result *res);
AUTO_DEFINE(chan, struct chan *, chan_free)

/*
 * Asks for one that is not waited for: tracers_rings_begin() gets it.  At most one; -errno.
 * oneshot_failed(): the supervisor could not start one of kind.
 */
int	oneshot_order(struct loader *ld);
void	oneshot_failed(struct loader *ld, uint32_t kind, int err);

/*
 * oneshot_fd() of a request with several descriptors: calls each() for every one, which owns it then and
 * may end it by a negative errno, with res filled.
 */
int	oneshot_fds(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
		int (*each)(void *arg, int take_fd, struct msg_result *res), void *arg,
		struct msg_result *res);

/* The same for what has no descriptor in its answer. */
int	oneshot_do(struct loader *ld, enum ipc_type type, const void *payload, const int *fds,
		struct msg_one_fd *facts, struct msg_result *res);

/* Calls each() for every message that a oneshot sends before its ONE_RESULT, which is in res; each()
 * may end it by a negative errno. */
int	oneshot_each(struct loader *ld, enum ipc_type type, const void *payload,
		int (*each)(void *arg, const struct chan_msg *m), void *arg, struct msg_result *res);

/* Fills *res: code, negative errno, printf text (cut at IPC_TEXT_MAX).  Returns err, or -EINVAL
 * when err is 0, so that it can end a function: return result_set(res, IPC_NOT_FOUND, -ENOENT, ...). */
int	result_set(struct msg_result *res, enum ipc_code code, int err, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));

#endif
