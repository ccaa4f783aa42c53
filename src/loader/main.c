/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-loader: the only process of bpfd that calls bpf(2) for programs and maps. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "loader/attach.h"
#include "loader/loader.h"
#include "loader/netlink.h"
#include "loader/slot.h"
#include "loader/token.h"
#include "loader/tracers_functions.h"

#define CHANNEL_FD 3
#define CAP(name) (1ULL << CAP_##name)

static const struct sandbox_rule rules[] = {
#include "loader/sandbox.def"
};

/* "0-3,8": one more than the last number. */
static uint32_t
possible_cpus(void)
{
	AUTO(fd) int fd = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC);
	char text[256] = "";
	char *last = text;

	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	for (char *p = text; *p; p++)
		if (*p == '-' || *p == ',')
			last = p + 1;
	return (uint32_t)atoi(last) + 1;
}

static bool
kernel_locked_down(void)
{
	AUTO(fd) int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	char text[64] = "";

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && !strstr(text, "[none]");
}

/* The bpffs belongs to the loader's user.  Its directory is the working directory from here on and
 * becomes the root when sealed; this process's rights over files are that user's already. */
static int
open_bpffs(struct loader *ld)
{
	setfsgid(ld->gid);
	setfsuid(ld->uid);
	if (fchdir(ld->bpffs) < 0)
		return log_err(-errno, "loader.start", "step=bpffs");
	if (objects_open(&ld->objects, &ld->kernel, ld->rtnl) < 0)
		return -EIO;
	return tracers_open(ld);
}

static int
on_start(struct loader *ld, const struct chan_msg *m, int *fds)
{
	const struct msg_start_loader *start = m->payload;
	int err = config_receive(fds[0], &ld->cfg);

	if (err)
		return log_err(err, "loader.start", "step=config");
	log_set_level((enum log_level)(LOG_LVL_ERR + ld->cfg->log_level));
	token_key(start->key);
	ld->linkers_asked = start->flags & START_LINKER ? 1 : 0;
	ld->bpffs = TAKE_FD(fds[1]);
	ld->n_cpus = possible_cpus();
	ld->lockdown = kernel_locked_down();
	tracers_functions_init();
	ld->has_btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	ld->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	ld->kernel_slot = slot_open(&ld->kernel);
	err = attach_init(ld->cfg, &ld->rtnl);
	if (!err) {
		ld->watch = netlink_watch_open();
		err = ld->watch < 0 ? ld->watch : 0;
	}
	return err ? log_err(err, "loader.start", "step=attach") : open_bpffs(ld);
}

static int
start(struct loader *ld)
{
	struct chan_msg m;
	int err = sandbox_close_from(CHANNEL_FD + 1);

	if (!err)
		err = chan_new(CHANNEL_FD, ROLE_LOADER, FROM_SUP, &ld->sup);
	if (err)
		return log_err(err, "loader.start", "step=channel");
	ld->kernel.call = kernel_bpf;
	err = sandbox_user("bpfd-load", &ld->uid, &ld->gid);
	if (err)
		return err;
	err = chan_wait(ld->sup, &m, -1);
	if (err <= 0)
		return err ? err : -EPIPE;
	err = m.hdr.type == IPC_START_LOADER ? on_start(ld, &m, m.fds) : -EPROTO;
	chan_drop_fds(&m);
	return err;
}

/* Objects of all loads at once and kernel links of one attachment, each with a descriptor, and some
 * for channels and requests. */
static uint64_t
descriptors(const struct loader *ld)
{
	const struct config *cfg = ld->cfg;

	return 256 + cfg->limits_parallel_loads * (cfg->limits_maps + cfg->limits_programs + 128) +
		ld->n_cpus + ATTACH_LINKS_MAX;
}

static int
seal(struct loader *ld)
{
	const struct sandbox sb = { .name = "bpfd-loader", .uid = ld->uid, .gid = ld->gid,
		.keep_caps = CAP(BPF) | CAP(PERFMON) | CAP(NET_ADMIN), .root_fd = ld->bpffs,
		.landlock = true, .allow_rw_fds = &ld->bpffs, .n_allow_rw = 1,
		.limits = { .nofile = descriptors(ld) },
		.rules = rules, .n_rules = ARRAY_SIZE(rules) };
	int err = sandbox_enter(&sb);

	if (err)
		return err;
	close(TAKE_FD(ld->bpffs));
	chan_set_phase(ld->sup, PHASE_RUN);
	err = chan_send(ld->sup, IPC_READY, 0, NULL, NULL);
	return err ? log_err(err, "loader.seal", "step=ready") : 0;
}

static void
stop(struct loader *ld)
{
	session_cancel(ld, true);
	pool_reap(ld);
	chan_free(ld->api);
	chan_free(ld->sup);
	tracers_close(ld);
	objects_close(&ld->objects);
	config_free(ld->cfg);
}

int
main(void)
{
	static struct loader ld = { .bpffs = -1, .rtnl = -1, .watch = -1, .netns = -1, .kernel_slot = -1, .peer_fd = -1,
		.stats_fd = -1, .oneshot.fd = -1, .tracers.enricher_fd = -1 };
	int err;

	/* A verifier's log of 16 MiB goes back to the system when it is freed, the tenth time too. */
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	if (start(&ld) < 0 || seal(&ld) < 0)
		return EXIT_FAILURE;
	err = loader_loop(&ld);
	stop(&ld);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
