/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-fetch: one bytecode image, from its registry or from a stored bundle, checked whole, and the
 * end.  Only here are a registry's answers, layers and signatures read.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"
#include "common/sandbox.h"
#include "ipc/chan.h"

#define CHANNEL_FD 3

static const struct sandbox_rule rules[] = {
#include "fetch/sandbox.def"
};

/* What the supervisor gives: the image asked for, and files of the administrator's. */
struct given {
	struct msg_start_fetch limits;
	int request, bundle, api;
	int ca, auth, trust, root;
};

static int
take(struct given *g, struct chan *sup)
{
	struct chan_msg m;
	int err = chan_wait(sup, &m, -1);

	if (err <= 0)
		return err ? err : -EPIPE;
	if (m.hdr.type == IPC_START_FETCH) {
		g->limits = *(const struct msg_start_fetch *)m.payload;
		g->request = TAKE_FD(m.fds[0]);
		g->bundle = TAKE_FD(m.fds[1]);
		g->api = TAKE_FD(m.fds[2]);
	} else if (m.hdr.type == IPC_FETCH_FILES) {
		g->ca = TAKE_FD(m.fds[0]);
		g->auth = TAKE_FD(m.fds[1]);
		g->trust = TAKE_FD(m.fds[2]);
		g->root = TAKE_FD(m.fds[3]);
	} else {
		err = -EPROTO;
	}
	chan_drop_fds(&m);
	return err < 0 ? err : 0;
}

static int
seal(const struct given *g)
{
	struct sandbox sb = { .name = "bpfd-fetch", .root_fd = g->root, .landlock = true,
		.limits = { .nofile = 64, .as_bytes = g->limits.memory_bytes, .cpu_s = 60 },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_user("bpfd-fetch", &sb.uid, &sb.gid);

	if (!err)
		err = sandbox_enter(&sb);
	close(g->root);
	return err;
}

int
main(void)
{
	struct given g = { .request = -1, .root = -1 };
	struct msg_fetch_failed no = { .code = IPC_UNIMPLEMENTED, .err = -ENOSYS };
	struct chan *sup, *api;
	int err = sandbox_close_from(CHANNEL_FD + 1);

	if (!err)
		err = chan_new(CHANNEL_FD, ROLE_FETCH, FROM_SUP, &sup);
	while (!err && (g.request < 0 || g.root < 0))
		err = take(&g, sup);
	if (!err)
		err = seal(&g);
	if (!err)
		err = chan_new(g.api, ROLE_FETCH, FROM_API, &api);
	if (!err)
		err = chan_send(api, IPC_FETCH_FAILED, 0, &no, NULL);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
