/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct_ops: a struct of functions of the kernel (a TCP congestion control), all of them programs of
 * one object.  Its map has its value since the load; the link registers it.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/attach_suffix.h"
#include "loader/btf_file.h"
#include "loader/oneshot.h"

#define KERNEL_WITH_LINKS (6 << 8 | 4)

bool
attach_ops_links(void)
{
	return attach_host()->kernel >= KERNEL_WITH_LINKS;
}

/* The struct of functions in the kernel's bpf_struct_ops_NAME, and where in it. */
static int
find_data(struct btf_file *b, uint32_t value_type, struct btf_found *ops, uint32_t *offset)
{
	struct btf_found value;
	struct btf_member m;
	char name[64];
	int err = btf_file_resolve(b, value_type, &value);

	if (!err)
		err = btf_file_text(b, value.t.name_off, name, sizeof(name));
	if (err || strncmp(name, "bpf_struct_ops_", 15) != 0)
		return -EINVAL;
	for (uint32_t i = 0; btf_file_member(b, &value, i, &m) == 0; i++) {
		if (btf_file_text(b, m.name_off, name, sizeof(name)) < 0 || strcmp(name, "data") != 0)
			continue;
		*offset = BTF_MEMBER_BIT_OFFSET(m.offset) / 8;
		return btf_file_resolve(b, m.type, ops);
	}
	return -EINVAL;
}

static bool
is_function(struct btf_file *b, uint32_t type)
{
	struct btf_found f;

	return btf_file_resolve(b, type, &f) == 0 && BTF_INFO_KIND(f.t.info) == BTF_KIND_PTR &&
	       btf_file_resolve(b, f.t.type, &f) == 0 && BTF_INFO_KIND(f.t.info) == BTF_KIND_FUNC_PROTO;
}

int
attach_ops_slots(uint32_t value_type, uint32_t value_size, uint32_t *offsets, size_t room, size_t *n)
{
	struct btf_file *b = attach_vmlinux();
	struct btf_found ops;
	struct btf_member m;
	uint32_t data;
	int err = find_data(b, value_type, &ops, &data);

	*n = 0;
	for (uint32_t i = 0; !err && btf_file_member(b, &ops, i, &m) == 0; i++) {
		uint32_t at = data + BTF_MEMBER_BIT_OFFSET(m.offset) / 8;

		if (!is_function(b, m.type))
			continue;
		if (*n == room || at > value_size || value_size - at < sizeof(uint64_t))
			return -EINVAL;
		offsets[(*n)++] = at;
	}
	return err;
}

static const char *
unavailable(const struct config *cfg)
{
	if (!attach_ops_links())
		return "this kernel has no links of struct_ops (Linux 6.4 has)";
	return attach_no_vmlinux();
}

static int
same_map(void *arg, const struct msg_link_facts *l)
{
	const struct msg_link_facts *want = arg;

	return strcmp(l->kind, "struct_ops") == 0 && l->object_id == want->object_id;
}

static int
create(const struct attach_in *in, int map, struct attach_out *out, struct msg_result *res)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)map, .attach_type = COMPAT_BPF_STRUCT_OPS };
	struct attach_suffix suffix = { .kind = ATTACH_SUFFIX_OPS,
		.priority = (uint16_t)out->facts.priority, .prog_id = in->req->prog_id };

	out->link_fd = compat_link_create(&lc);
	if (out->link_fd >= 0) {
		attach_suffix_write(&suffix, out->pin_suffix);
		return 0;
	}
	if (out->link_fd == -EEXIST)
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "the kernel has one of the name that %s has, "
			"from bpfd or from somebody else", in->req->target);
	if (out->link_fd == -EINVAL)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "the kernel does not take %s: its value is "
			"not complete", in->req->target);
	return attach_refused(res, out->link_fd, in->req->target);
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	AUTO(fd) int map = loader_map_open(in->ld, in->gid, in->req->target);
	struct bpf_map_info info;

	memset(&info, 0, sizeof(info));
	if (map < 0 || compat_obj_info(map, &info, sizeof(info)) < 0)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "the program's group has no map %s: the target is the "
			"name of the struct, as bpfctl list maps shows it", in->req->target);
	if (info.type != BPF_MAP_TYPE_STRUCT_OPS)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s is an ordinary map, not a struct of "
			"functions (SEC(\".struct_ops\"))", in->req->target);
	out->facts.object_id = info.id;
	if (loader_links_each(in->ld, same_map, &out->facts))
		return result_set(res, IPC_ALREADY_EXISTS, -EEXIST, "%s is attached already", in->req->target);
	return in->req->flags & ATTACH_DRY_RUN ? 0 : create(in, map, out, res);
}

const struct attach_kind attach_kind_struct_ops = {
	.name = "struct_ops",
	.target = "MAP",
	.help = "functions of the kernel's own, as a TCP congestion control; any program of them",
	.prog_types = PROG_BIT(STRUCT_OPS),
	.takes = TAKES_TARGET,
	.unavailable = unavailable,
	.attach = attach,
};
