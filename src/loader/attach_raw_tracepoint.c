/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* The kernel says only that there is none; a oneshot knows the names that are near. */
static int
refuse_unknown(const struct attach_in *in, struct msg_result *res)
{
	struct msg_tracepoint tp = { .category = "" };
	struct msg_one_fd facts;
	int fd = -1, err;

	result_set(res, IPC_NOT_FOUND, -ENOENT, "there is no raw tracepoint %s", in->req->target);
	if (strlen(in->req->target) < sizeof(tp.name)) {
		struct msg_result better;

		strcpy(tp.name, in->req->target);
		err = oneshot_fd(in->ld, IPC_ONE_TRACEPOINT, &tp, NULL, &facts, &fd, &better);
		if (err && better.code == IPC_NOT_FOUND)
			*res = better;
		close_keep_errno(fd);
	}
	return -ENOENT;
}

static struct bpf_insn
insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off)
{
	return (struct bpf_insn){ .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off };
}

/*
 * For a dry run: a program that reads the twelfth argument, which the kernel refuses for every
 * tracepoint that has fewer, after it has looked for the name.
 */
static int
probe_program(void)
{
	const struct bpf_insn insns[] = {
		insn(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_1, 11 * 8),
		insn(BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0),
		insn(BPF_JMP | BPF_EXIT, 0, 0, 0),
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	return compat_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int
dry_run(const struct attach_in *in, struct msg_result *res)
{
	struct compat_raw_tracepoint rt = { .name = (uint64_t)(uintptr_t)in->req->target };
	AUTO(fd) int prog = probe_program();
	AUTO(fd) int link = -1;

	if (prog < 0)
		return attach_refused(res, prog, "a raw tracepoint");
	rt.prog_fd = (uint32_t)prog;
	link = compat_bpf(BPF_RAW_TRACEPOINT_OPEN, &rt, sizeof(rt));
	return link == -ENOENT ? refuse_unknown(in, res) : 0;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct compat_raw_tracepoint rt = { .name = (uint64_t)(uintptr_t)in->req->target,
		.prog_fd = (uint32_t)in->prog_fd, .cookie = in->req->cookie };
	char what[IPC_TARGET_MAX + 16];
	int link, err;

	if (strchr(in->req->target, '/'))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "a raw tracepoint has no category: "
			"use the name behind the / of %s", in->req->target);
	err = attach_check_new(in, &out->facts, res);
	if (err)
		return err;
	if (in->req->flags & ATTACH_DRY_RUN)
		return dry_run(in, res);
	link = compat_bpf(BPF_RAW_TRACEPOINT_OPEN, &rt, sizeof(rt));
	if (link == -ENOENT)
		return refuse_unknown(in, res);
	if (link == -E2BIG && in->req->cookie)
		return result_set(res, IPC_FAILED_PRECONDITION, link, "this kernel has no cookies for raw "
			"tracepoints (Linux 6.10 has)");
	if (link < 0) {
		snprintf(what, sizeof(what), "raw tracepoint %s", in->req->target);
		return attach_refused(res, link, what);
	}
	out->link_fd = link;
	return 0;
}

const struct attach_kind attach_kind_raw_tracepoint = {
	.name = "raw_tracepoint",
	.target = "NAME",
	.help = "a tracepoint's own arguments, before they are formatted",
	.prog_types = PROG_BIT(RAW_TRACEPOINT) | PROG_BIT(RAW_TRACEPOINT_WRITABLE),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.sections = "raw_tracepoint|raw_tp",
	.attach = attach,
};
