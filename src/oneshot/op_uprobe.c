/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A uprobe in two steps, so that nobody with a capability reads the file: ONE_BINARY or ONE_FILE opens
 * it, a bpfd-linker finds the function in it, ONE_UPROBE makes the perf event, or ONE_UPROBE_MULTI the
 * one link of many places.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/bpf_compat.h"
#include "oneshot/oneshot.h"

static const struct sandbox_rule binary_rules[] = {
#define SANDBOX_OP SANDBOX_OP_BINARY
#include "oneshot/sandbox.def"
};
static const struct sandbox_rule multi_rules[] = {
#define SANDBOX_OP SANDBOX_OP_UPROBE_MULTI
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

static uint32_t uprobe_type;

static int
prepare_uprobe(struct oneshot *o)
{
	return one_event_type(o, "uprobe", &uprobe_type);
}

static bool
sites_ok(const struct msg_uprobe *req)
{
	bool ok = req->n_sites && req->n_sites <= IPC_SITES_MAX && req->pid <= INT32_MAX;

	/* The kernel takes a semaphore's place as 32 bits. */
	for (uint32_t i = 0; ok && i < req->n_sites; i++)
		ok = req->sites[i].ref_ctr_offset <= UINT32_MAX;
	return ok;
}

static int
refuse_uprobe(struct oneshot *o, const struct msg_uprobe *req, int err, uint64_t offset)
{
	if (err == -ESRCH)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no process %u", req->pid);
	return one_refuse(o, IPC_FAILED_PRECONDITION, err, "the kernel refuses the uprobe at offset 0x%llx: "
		"%s", (unsigned long long)offset, err == -EINVAL || !strerrordesc_np(-err) ?
		"there is no instruction that can be probed" : strerrordesc_np(-err));
}

/* The kernel finds the file by the descriptor: it is the one that was looked at. */
static int
open_uprobe(const struct msg_uprobe *req, const struct probe_site *site, const char *path)
{
	struct perf_event_attr attr = { .type = uprobe_type, .size = sizeof(attr),
		.config = (req->flags & PROBE_RETURN) | site->ref_ctr_offset << 32,
		.probe_offset = site->offset, .disabled = 1 };
	long fd;

	attr.uprobe_path = (uint64_t)(uintptr_t)path;
	fd = syscall(SYS_perf_event_open, &attr, req->pid ? (int)req->pid : -1, req->pid ? -1 : 0, -1,
		PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static int
run_uprobe(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_uprobe *req = payload;
	char path[64];
	uint32_t i;
	int err = 0;

	if (!sites_ok(req))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not a place that can be probed");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	for (i = 0; i < req->n_sites && !err; i++) {
		AUTO(fd) int event = open_uprobe(req, &req->sites[i], path);

		err = event < 0 ? event : one_answer(o, event, NULL);
	}
	one_keep_caps(0);
	return err ? refuse_uprobe(o, req, err, req->sites[i - 1].offset) : one_done(o);
}

/* The kernel asks for no capability, but for a path: the loader has none to the file. */
static int
run_multi(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_uprobe *req = payload;
	static uint64_t offsets[IPC_SITES_MAX], counters[IPC_SITES_MAX], cookies[IPC_SITES_MAX];
	struct compat_uprobe_multi lc = { .prog_fd = (uint32_t)fds[1],
		.attach_type = COMPAT_BPF_TRACE_UPROBE_MULTI, .cnt = req->n_sites, .pid = req->pid,
		.flags = req->flags & PROBE_RETURN, .offsets = (uint64_t)(uintptr_t)offsets,
		.cookies = (uint64_t)(uintptr_t)cookies };
	AUTO(fd) int link = -1;
	char path[64];

	one_keep_caps(0);
	if (!sites_ok(req))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "not places that can be probed");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	lc.path = (uint64_t)(uintptr_t)path;
	for (uint32_t i = 0; i < req->n_sites; i++) {
		offsets[i] = req->sites[i].offset;
		cookies[i] = req->sites[i].cookie;
		counters[i] = req->sites[i].ref_ctr_offset;
		if (counters[i])
			lc.ref_ctr_offsets = (uint64_t)(uintptr_t)counters;
	}
	link = compat_bpf(BPF_LINK_CREATE, &lc, sizeof(lc));
	return link < 0 ? refuse_uprobe(o, req, link, offsets[0]) : one_answer(o, link, NULL);
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

const struct one_op op_ONE_UPROBE_MULTI = {
	.rules = multi_rules, .n_rules = ARRAY_SIZE(multi_rules),
	.run = run_multi,
};
