/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpfd-xdp: one change of the chain of XDP programs of one interface, by libxdp, so that bpfd,
 * xdp-loader and whoever else uses libxdp see and keep each other's programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/sandbox.h"
#include "xdp/chain.h"
#include "xdp/refuse.h"

#define CONTROL_FD	3
#define LIFE_S		10
#define CAP_BIT(name)	(1ULL << CAP_##name)
#ifndef LIBXDP_OBJECT_DIR
#define LIBXDP_OBJECT_DIR "/usr/lib"
#endif

static const struct sandbox_rule rules[] = {
#include "xdp/sandbox.def"
};

/* What is wrong with the places that libxdp needs, or NULL; rw: its directory. */
static const char *
places(int *rw, int *ro)
{
	struct statfs fs;

	if (statfs(XDP_BPFFS, &fs) < 0 || (uint32_t)fs.f_type != BPF_FS_MAGIC)
		return "no bpffs is mounted on " XDP_BPFFS ", where programs of several tools share an "
			"interface: mount -t bpf bpf " XDP_BPFFS ", or restart bpfd, which does it";
	if (mkdir(XDP_DIR, 0700) < 0 && errno != EEXIST)
		return XDP_DIR " cannot be made";
	*rw = open(XDP_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*ro = open(LIBXDP_OBJECT_DIR, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*rw < 0 || access(XDP_DIR, R_OK | W_OK | X_OK) < 0)
		return XDP_DIR " cannot be used by root: libxdp would attach without its dispatcher";
	return *ro < 0 ? "libxdp's dispatcher is not installed (package libxdp1)" : NULL;
}

static int
seal(int rw, int ro)
{
	struct sandbox sb = { .name = "bpfd-xdp", .root_fd = -1, .landlock = true,
		.keep_caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(NET_ADMIN),
		.allow_rw_fds = &rw, .n_allow_rw = rw >= 0, .allow_ro_fds = &ro, .n_allow_ro = ro >= 0,
		.limits = { .nofile = 256, .cpu_s = LIFE_S }, .rules = rules, .n_rules = ARRAY_SIZE(rules) };

	return sandbox_enter(&sb);
}

static bool
add_ok(const struct msg_xdp_add *m)
{
	return m->ifindex && m->ifindex <= INT32_MAX && m->mode <= XDP_SKB && m->priority >= 1 &&
		m->priority <= 1000 && !(m->proceed_on & ~XDP_PROCEED_MASK);
}

/* 0 when it was malformed: who sends that is not answered. */
static int
serve(struct xdp *x, const struct chan_msg *m)
{
	const struct msg_xdp_add *add = m->payload;
	const struct msg_xdp_del *del = m->payload;
	const struct msg_xdp_list *list = m->payload;
	bool is_add = m->hdr.type == IPC_XDP_ADD;

	if (is_add && !add_ok(add))
		return -EPROTO;
	if (m->hdr.type == IPC_XDP_LIST && list->n_stale > ARRAY_SIZE(list->stale))
		return -EPROTO;
	if (setns(m->fds[is_add], CLONE_NEWNET) < 0) {
		refuse(x, IPC_FAILED_PRECONDITION, -errno, "the network namespace cannot be entered: %s",
			strerrordesc_np(errno));
		return 0;
	}
	refuse_init();
	if (is_add)
		chain_add(x, add, m->fds[0]);	/* libxdp's, which closes it */
	else if (m->hdr.type == IPC_XDP_DEL)
		chain_del(x, del);
	else if (m->hdr.type == IPC_XDP_FIND)
		chain_find(x, m->payload);
	else
		chain_list(x, list);
	return 0;
}

int
main(void)
{
	struct xdp x = { 0 };
	struct chan_msg m;
	AUTO(fd) int rw = -1;
	AUTO(fd) int ro = -1;
	const char *missing;

	signal(SIGALRM, SIG_DFL);
	alarm(LIFE_S);
	if (sandbox_close_from(CONTROL_FD + 1) < 0 || chan_new(CONTROL_FD, ROLE_XDP, FROM_LOADER, &x.ch) < 0)
		_exit(1);
	chan_set_phase(x.ch, PHASE_RUN);
	missing = places(&rw, &ro);
	if (seal(rw, ro) < 0)
		_exit(1);
	if (chan_wait(x.ch, &m, -1) <= 0)
		_exit(0);	/* nobody wants anything any more */
	x.seq = m.hdr.seq;
	if (missing) {
		refuse(&x, IPC_FAILED_PRECONDITION, -ENODEV, "%s", missing);
		_exit(0);
	}
	_exit(serve(&x, &m) < 0 ? 1 : 0);
}
