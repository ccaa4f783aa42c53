/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds share that attach programs of type kprobe, and those of perf events. */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/oneshot.h"

/* FNV-1a. */
uint64_t
attach_hash(uint64_t h, const void *p, size_t len)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3ULL;
	return h;
}

void
attach_hook(struct attach_out *out, uint64_t hook)
{
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_HASH, .hook = hook ? hook : 1,
		.spec_first = out->facts.spec_first, .n_specs = out->facts.n_specs };

	snprintf(suffix.name, sizeof(suffix.name), "%s", out->facts.kind);
	out->facts.hook = suffix.hook;
	attach_suffix_write(&suffix, out->pin_suffix);
}

int
attach_check_type(const struct attach_in *in, uint32_t wanted, struct msg_result *res)
{
	uint32_t is = in->prog_attach_type;
	bool multi = is == BPF_TRACE_KPROBE_MULTI || is == COMPAT_BPF_TRACE_UPROBE_MULTI;

	if (wanted ? is == wanted : !multi)
		return 0;
	return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s, which cannot "
		"be attached as %s: load it with --program NAME:%s", in->req->prog_id,
		bpf_prog_kind_name(in->prog_type, is), in->req->kind,
		wanted ? bpf_prog_kind_name(in->prog_type, wanted) : "kprobe");
}

/* A link whose arguments cannot be read: only a kernel that knows the kind tries to read them. */
static int
try_link(int prog, uint32_t attach_type)
{
	const struct compat_kprobe_multi kernel = { .prog_fd = (uint32_t)prog, .attach_type = attach_type,
		.cnt = 1, .addrs = 1 };
	const struct compat_uprobe_multi user = { .prog_fd = (uint32_t)prog, .attach_type = attach_type,
		.cnt = 1, .path = 1, .offsets = 1 };

	if (attach_type == BPF_TRACE_KPROBE_MULTI)
		return compat_bpf(BPF_LINK_CREATE, &kernel, sizeof(kernel));
	return compat_bpf(BPF_LINK_CREATE, &user, sizeof(user));
}

const char *
attach_no_multi(uint32_t attach_type, const char *why)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	AUTO(fd) int prog = -1;
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_KPROBE;
	attr.expected_attach_type = attach_type;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = ARRAY_SIZE(insns);
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	prog = compat_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
	return prog >= 0 && try_link(prog, attach_type) == -EFAULT ? NULL : why;
}

int
attach_event(void *arg, int take_fd, struct msg_result *res)
{
	struct attach_events *e = arg;
	const struct msg_attach *req = e->in->req;
	struct compat_link_create lc = { .prog_fd = (uint32_t)e->in->prog_fd, .target = (uint32_t)take_fd,
		.attach_type = BPF_PERF_EVENT, .arg = req->cookie };
	AUTO(fd) int event = take_fd;
	int link;

	if (e->cookies && e->n >= IPC_SITES_MAX)
		return result_set(res, IPC_INTERNAL, -EPROTO, "more events than were asked for");
	if (e->cookies)
		lc.arg = e->cookies[e->n];
	e->n++;
	if (req->flags & ATTACH_DRY_RUN)
		return 0;
	link = compat_link_create(&lc);
	if (link < 0)
		return attach_refused(res, link, e->what);
	return attach_out_add(e->out, link) ?
		result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory for the links") : 0;
}
