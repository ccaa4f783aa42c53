/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/log.h"
#include "oneshot/oneshot.h"

#define CONTROL_FD	3
#define LIFE_S		3

#define TO_ONESHOT(NAME, from, payload, fds, phase) extern const struct one_op op_##NAME;
#include "ipc/messages.def"

static const struct one_op *const ops[N_IPC_TYPES] = {
#define TO_ONESHOT(NAME, from, payload, fds, phase) [IPC_##NAME] = &op_##NAME,
#include "ipc/messages.def"
};

/*
 * The first argument names who speaks on fd 3: "loader", the default, or "sup": neither may send
 * what messages.def allows to the other.
 */
static int
start(int argc, char **argv, struct oneshot *o, struct sandbox *sb)
{
	unsigned int peer = argc > 1 && strcmp(argv[1], "sup") == 0 ? FROM_SUP : FROM_LOADER;
	int err;

	signal(SIGALRM, SIG_DFL);
	alarm(LIFE_S);
	err = sandbox_close_from(CONTROL_FD + 1);
	if (!err)
		err = sandbox_user("bpfd-once", &sb->uid, &sb->gid);
	if (!err)
		err = chan_new(CONTROL_FD, ROLE_ONESHOT, peer, &o->ch);
	if (err)
		return err;
	chan_set_phase(o->ch, PHASE_RUN);
	return 0;
}

static int
seal(const struct one_op *op, const struct oneshot *o, struct sandbox *sb)
{
	int dirs[1 + ONE_MOUNTS_MAX];
	size_t n = 0;

	if (o->dir >= 0)
		dirs[n++] = o->dir;
	for (size_t i = 0; i < o->n_mounts; i++)
		dirs[n++] = o->mounts[i];
	sb->name = "bpfd-oneshot";
	sb->keep_caps = op->caps;
	sb->root_fd = -1;
	sb->landlock = op->dir_only;
	sb->allow_ro_fds = dirs;
	sb->n_allow_ro = n;
	sb->limits.nofile = op->n_fds ? op->n_fds : 32;
	sb->limits.cpu_s = op->life_s ? op->life_s : LIFE_S;
	sb->rules = op->rules;
	sb->n_rules = op->n_rules;
	return sandbox_enter(sb);
}

int
main(int argc, char **argv)
{
	struct oneshot o = { .dir = -1 };
	struct sandbox sb = { 0 };
	struct chan_msg m;
	int err = start(argc, argv, &o, &sb);

	if (err)
		_exit(1);
	err = chan_wait(o.ch, &m, -1);
	if (err <= 0)
		_exit(err ? 1 : 0);	/* nobody wants anything any more */
	o.seq = m.hdr.seq;
	if (ops[m.hdr.type]->life_s)
		alarm(ops[m.hdr.type]->life_s);
	if (ops[m.hdr.type]->prepare && ops[m.hdr.type]->prepare(&o) < 0)
		_exit(1);
	if (seal(ops[m.hdr.type], &o, &sb) < 0) {
		one_refuse(&o, IPC_INTERNAL, -EPERM, "bpfd-oneshot could not confine itself");
		_exit(1);
	}
	_exit(ops[m.hdr.type]->run(&o, m.payload, m.fds) < 0 ? 1 : 0);
}
