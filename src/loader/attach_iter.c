/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Iterators: the link only says over what the program goes; it runs when somebody reads it, by
 * on_ITER_READ().  What it goes over was chosen by its section; some of them take parameters.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/bpfnames.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

/* What the request says, and what of it the kernel gets. */
struct params {
	union bpf_iter_link_info info;
	bool any;
	int map;			/* borrowed by info; -1 */
	char text[96];			/* behind the iterator's name in the target: " map=7" */
};

static const struct attach_option options[] = {
	{ "map", "", "of bpf_map_elem, bpf_sk_storage_map, sockmap: a map of the program's group by name, or of "
		"bpfd's by id" },
	{ "pid", "number", "of task, task_file, task_vma: only this process" },
	{ "tid", "number", "of task, task_file, task_vma: only this thread" },
	{ "cgroup", "", "of cgroup: where it begins; the root without it" },
	{ "order", "self|descendants-pre|descendants-post|ancestors", "of cgroup: which ones, "
		"descendants-pre without it" },
	{ NULL, NULL, NULL },
};

static const char *
unavailable(const struct config *cfg)
{
	return attach_no_vmlinux();
}

static bool
is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* One that the iterator does not have would be taken for another: the kernel has one union. */
static int
check_fit(const struct attach_in *in, const char *iter, struct msg_result *res)
{
	static const char *const over_map[] = { "bpf_map_elem", "bpf_sk_storage_map", "sockmap", NULL };
	static const char *const over_tasks[] = { "task", "task_file", "task_vma", NULL };
	static const char *const over_cgroups[] = { "cgroup", NULL };
	const struct { const char *option; const char *const *iters; } fits[] = {
		{ "map", over_map }, { "pid", over_tasks }, { "tid", over_tasks },
		{ "cgroup", over_cgroups }, { "order", over_cgroups },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fits); i++)
		if (attach_text(in, fits[i].option) && !is_one_of(iter, fits[i].iters))
			return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the iterator %s takes no option %s",
				iter, fits[i].option);
	if (is_one_of(iter, over_map) && !attach_text(in, "map"))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the iterator %s goes over a map: say which "
			"by map=NAME or map=ID", iter);
	if (attach_text(in, "pid") && attach_text(in, "tid"))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "pid and tid exclude each other");
	return 0;
}

static int
take_map(const struct attach_in *in, struct params *p, struct msg_result *res)
{
	const char *which = attach_text(in, "map");
	struct bpf_map_info info;
	int err;

	p->map = loader_map_open(in->ld, in->gid, which);
	if (p->map < 0)
		return result_set(res, IPC_NOT_FOUND, p->map, "bpfd has no map %s: give the name of one of group "
			"%" PRIu64 ", or the id of any of bpfd's", which, in->gid);
	memset(&info, 0, sizeof(info));
	err = compat_obj_info(p->map, &info, sizeof(info));
	if (err < 0)
		return result_set(res, IPC_INTERNAL, err, "map %s says nothing of itself", which);
	p->info.map.map_fd = (uint32_t)p->map;
	p->any = true;
	snprintf(p->text, sizeof(p->text), " map=%u", info.id);
	return 0;
}

static int
take_task(const struct attach_in *in, const char *name, uint32_t *out, struct params *p,
	struct msg_result *res)
{
	uint64_t n = 0;

	attach_number(in, name, &n);
	if (n == 0 || n > INT32_MAX)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not the number of a %s", name,
			strcmp(name, "pid") == 0 ? "process" : "thread");
	*out = (uint32_t)n;
	p->any = true;
	snprintf(p->text, sizeof(p->text), " %s=%u", name, *out);
	return 0;
}

static int
take_cgroup(const struct attach_in *in, struct params *p, struct msg_result *res)
{
	static const struct { const char *name; enum bpf_cgroup_iter_order order; } orders[] = {
		{ "self", BPF_CGROUP_ITER_SELF_ONLY },
		{ "descendants-pre", BPF_CGROUP_ITER_DESCENDANTS_PRE },
		{ "descendants-post", BPF_CGROUP_ITER_DESCENDANTS_POST },
		{ "ancestors", BPF_CGROUP_ITER_ANCESTORS_UP },
	};
	const char *order = attach_text(in, "order") ?: "descendants-pre", *path = attach_text(in, "cgroup");
	struct attach_cgroup it = { .id = 0 };
	int err = path ? attach_cgroup(in, path, &it, res) : 0;

	if (err)
		return err;
	if (path)
		close_keep_errno(it.take_fd);	/* the number is enough */
	p->info.cgroup.cgroup_id = it.id;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		if (strcmp(orders[i].name, order) == 0)
			p->info.cgroup.order = orders[i].order;
	p->any = true;
	if (it.id)
		snprintf(p->text, sizeof(p->text), " cgroup=%" PRIu64 " %s", it.id, order);
	else
		snprintf(p->text, sizeof(p->text), " %s", order);
	return 0;
}

static int
take_params(const struct attach_in *in, const char *iter, struct params *p, struct msg_result *res)
{
	int err = check_fit(in, iter, res);

	if (!err && attach_text(in, "map"))
		err = take_map(in, p, res);
	if (!err && attach_text(in, "pid"))
		err = take_task(in, "pid", &p->info.task.pid, p, res);
	if (!err && attach_text(in, "tid"))
		err = take_task(in, "tid", &p->info.task.tid, p, res);
	if (!err && strcmp(iter, "cgroup") == 0)
		err = take_cgroup(in, p, res);
	return err;
}

static int
link_create(const struct attach_in *in, struct params *p)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)in->prog_fd;
	attr.link_create.attach_type = BPF_TRACE_ITER;
	if (p->any) {
		attr.link_create.iter_info = (uint64_t)(uintptr_t)&p->info;
		attr.link_create.iter_info_len = sizeof(p->info);
	}
	return compat_bpf(BPF_LINK_CREATE, &attr, sizeof(attr.link_create));
}

static int
refused(int err, const char *iter, struct msg_result *res)
{
	if (err == -E2BIG)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "this kernel's iterator %s takes no parameters "
			"(Linux 6.1 has those of task and cgroup)", iter);
	if (err == -EACCES)
		return result_set(res, IPC_FAILED_PRECONDITION, err, "the program of the iterator %s reads more of a "
			"key or value than the map has", iter);
	return attach_refused(res, err, iter);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	struct params p = { .map = -1 };
	char iter[IPC_TARGET_MAX];
	size_t len;
	int err;

	if (in->prog_attach_type != BPF_TRACE_ITER)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded as %s, not as "
			"iter", in->req->prog_id, bpf_prog_kind_name(in->prog_type, in->prog_attach_type));
	err = attach_btf_target(in, &out->facts, res);
	if (err)
		return err;
	strcpy(iter, out->facts.target);
	memset(&p.info, 0, sizeof(p.info));
	err = take_params(in, iter, &p, res);
	if (!err) {
		len = strlen(iter);
		snprintf(out->facts.target + len, sizeof(out->facts.target) - len, "%s", p.text);
		err = attach_check_new(in, &out->facts, res);
	}
	if (!err && !(in->req->flags & ATTACH_DRY_RUN)) {
		out->link_fd = link_create(in, &p);
		err = out->link_fd < 0 ? refused(out->link_fd, iter, res) : 0;
	}
	close_keep_errno(p.map);
	return err;
}

const struct attach_kind attach_kind_iter = {
	.name = "iter",
	.target = "NAME",
	.help = "text from what the kernel has, for bpfctl iter; NAME may be left out",
	.prog_types = PROG_BIT(TRACING),
	.options = options,
	.unavailable = unavailable,
	.attach = attach,
};
