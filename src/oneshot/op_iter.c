/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one run of an iterator.  The program runs in whoever calls read(2), for as long as it likes,
 * so that is a process of its own, without a capability; its descriptor can be read and nothing else.
 * It ends when the run does, when the API closes the channel, or after life_s.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_ITER
#include "oneshot/sandbox.def"
};

AUTO_DEFINE(chan, struct chan *, chan_free)

/* EAGAIN: after a million objects without a byte written the kernel lets its caller breathe. */
static int
copy(int iter, struct chan *to)
{
	static struct msg_iter_part part;
	ssize_t n;
	int err = 0;

	while (!err) {
		n = read(iter, part.bytes, sizeof(part.bytes));
		if (n == 0)
			return 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		part.len = (uint32_t)n;
		err = chan_send(to, IPC_ITER_PART, 0, &part, NULL);
		if (err)
			_exit(0);	/* nobody reads any more */
		memset(part.bytes, 0, (size_t)n);
	}
	return err;
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	struct msg_iter_end end = { 0 };
	AUTO(chan) struct chan *to = NULL;
	int sv[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "socketpair: %m");
	err = chan_new(sv[1], ROLE_ONESHOT, FROM_API, &to);
	if (err)
		return one_refuse(o, IPC_INTERNAL, err, "no memory for a channel");
	err = one_answer(o, sv[0], NULL);
	close(sv[0]);
	if (err)
		return err;
	end.err = copy(fds[0], to);
	return chan_send(to, IPC_ITER_END, 0, &end, NULL);
}

const struct one_op op_ONE_ITER = {
	.caps = 0,
	.life_s = 600,
	ONE_RULES_FIELDS,
	.run = run,
};
