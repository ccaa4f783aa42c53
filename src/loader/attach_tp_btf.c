/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

static const char *
unavailable(const struct config *cfg)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) < 0 ?
		"this kernel has no BTF of its own (CONFIG_DEBUG_INFO_BTF)" : NULL;
}

/* The tracepoint was chosen when the program was loaded; the kernel's link has its name. */
static int
check_target(const struct attach_in *in, int link, struct msg_link_facts *facts,
	struct msg_result *res)
{
	struct msg_link_facts info = { 0 };
	int err = attach_link_info(link, BPF_PROG_TYPE_TRACING, -1, &info);

	if (err)
		return attach_refused(res, err, "its tracepoint");
	if (in->req->target[0] && strcmp(in->req->target, info.target) != 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded for the "
			"tracepoint %s and fits no other", in->req->prog_id, info.target);
	strcpy(facts->target, info.target);
	return 0;
}

static int
same_program(void *arg, const struct msg_link_facts *l)
{
	const struct msg_link_facts *want = arg;

	return l->prog_id == want->prog_id && strcmp(l->kind, want->kind) == 0;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct compat_raw_tracepoint rt = { .prog_fd = (uint32_t)in->prog_fd,
		.cookie = in->req->cookie };
	AUTO(fd) int link = -1;
	int err;

	if (in->prog_attach_type != BPF_TRACE_RAW_TP)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s, not as "
			"tp_btf", in->req->prog_id, bpf_prog_kind_name(in->prog_type, in->prog_attach_type));
	if (loader_links_each(in->ld, same_program, &out->facts))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "program %u is attached to its "
			"tracepoint already", in->req->prog_id);
	if (in->req->flags & ATTACH_DRY_RUN)
		return 0;
	link = compat_bpf(BPF_RAW_TRACEPOINT_OPEN, &rt, sizeof(rt));
	if (link == -E2BIG && in->req->cookie)
		return result_set(res, IPC_FAILED_PRECONDITION, link, "this kernel has no cookies for tp_btf "
			"(Linux 6.10 has)");
	if (link < 0)
		return attach_refused(res, link, "its tracepoint");
	err = check_target(in, link, &out->facts, res);
	if (!err)
		out->link_fd = TAKE_FD(link);
	return err;
}

const struct attach_kind attach_kind_tp_btf = {
	.name = "tp_btf",
	.target = "NAME",
	.help = "a tracepoint with typed arguments; NAME may be left out",
	.prog_types = PROG_BIT(TRACING),
	.takes = TAKES_COOKIE,
	.unavailable = unavailable,
	.attach = attach,
};
