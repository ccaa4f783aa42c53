/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A uprobe in two steps, so that nobody with a capability reads the file: ONE_BINARY opens it, a
 * bpfd-linker finds the function in it, ONE_UPROBE makes the perf event.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oneshot/oneshot.h"

static const struct sandbox_rule binary_rules[] = {
#define SANDBOX_OP SANDBOX_OP_BINARY
#include "oneshot/sandbox.def"
};
static const struct sandbox_rule uprobe_rules[] = {
#define SANDBOX_OP SANDBOX_OP_UPROBE
#include "oneshot/sandbox.def"
};

/* A path is the host's; of a process it is what it runs, whatever its root and mounts are. */
static int
run_binary(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_binary *req = payload;
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int fd = -1;
	char path[64];
	struct stat st;
	int err = 0;

	if (!IPC_STR_OK(req->path) || (!req->pid && req->path[0] != '/'))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "neither a process nor a path");
	snprintf(path, sizeof(path), "/proc/%u/exe", req->pid);
	fd = open(req->pid ? path : req->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		err = -errno;
	one_keep_caps(0);
	if (err)
		return one_refuse(o, IPC_NOT_FOUND, err, "%s cannot be opened: %s",
			req->pid ? path : req->path, strerrordesc_np(-err));
	if (!S_ISREG(st.st_mode))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not a regular file");
	facts.size = (uint64_t)st.st_size;
	return one_answer(o, fd, &facts);
}

static long uprobe_type;

static int
prepare_uprobe(struct oneshot *o)
{
	char text[32];

	if (one_read_file(AT_FDCWD, "/sys/bus/event_source/devices/uprobe/type", text, sizeof(text)) <= 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, -EOPNOTSUPP,
			"this kernel has no uprobes (CONFIG_UPROBE_EVENTS)");
	uprobe_type = strtol(text, NULL, 10);
	return 0;
}

/* The kernel finds the file by the descriptor: it is the one that was looked at. */
static int
run_uprobe(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_uprobe *req = payload;
	struct perf_event_attr attr = { .type = (uint32_t)uprobe_type, .size = sizeof(attr),
		.config = req->flags & UPROBE_RETURN, .probe_offset = req->offset, .disabled = 1 };
	char path[64];
	AUTO(fd) int event = -1;
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	attr.uprobe_path = (uint64_t)(uintptr_t)path;
	event = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	err = event < 0 ? -errno : 0;
	one_keep_caps(0);
	if (err)
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel refuses the uprobe: %s",
			strerrordesc_np(-err) ?: "not at this instruction");
	return one_answer(o, event, NULL);
}

/* SYS_PTRACE: /proc/PID/exe of a process with other capabilities. */
const struct one_op op_ONE_BINARY = {
	.caps = CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	.rules = binary_rules, .n_rules = ARRAY_SIZE(binary_rules),
	.run = run_binary,
};

const struct one_op op_ONE_UPROBE = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(PERFMON),
	.rules = uprobe_rules, .n_rules = ARRAY_SIZE(uprobe_rules),
	.prepare = prepare_uprobe,
	.run = run_uprobe,
};
