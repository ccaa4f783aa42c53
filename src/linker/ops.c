/* SPDX-License-Identifier: Apache-2.0 */
/*
 * struct_ops: the value of such a map is a struct of the kernel's with programs in place of its
 * functions.  libbpf makes it, and gives it to the kernel when it is asked to attach.  By the flag
 * that the loader sets nothing is registered by that: a link does it later.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "ipc/bpfcmds.h"
#include "linker/linker.h"
#include "linker/object.h"

static const struct btf_type *
resolved(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (t && (btf_is_mod(t) || btf_is_typedef(t)))
		t = btf__type_by_id(btf, t->type);
	return t;
}

static const struct btf_type *
data_member(const struct btf *btf, uint32_t value_type, uint32_t *offset)
{
	const struct btf_type *t = resolved(btf, value_type);

	for (uint32_t i = 0; t && btf_is_struct(t) && i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off) ?: "", "data") == 0) {
			*offset = btf_member_bit_offset(t, i) / 8;
			return resolved(btf, btf_members(t)[i].type);
		}
	return NULL;
}

static bool
is_function(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = resolved(btf, id);

	t = t && btf_is_ptr(t) ? resolved(btf, t->type) : NULL;
	return t && btf_is_func_proto(t);
}

int
ops_put_handles(struct linker *ln, const struct slot *map, void *value, size_t len)
{
	uint32_t data = 0;
	const struct btf_type *ops = ln->vmlinux ? data_member(ln->vmlinux, map->value_type, &data) : NULL;

	if (!ops || !btf_is_struct(ops))
		return -EINVAL;
	for (uint32_t i = 0; i < btf_vlen(ops); i++) {
		size_t at = data + btf_member_bit_offset(ops, i) / 8;
		const struct slot *prog;
		uint64_t fd;

		if (!is_function(ln->vmlinux, btf_members(ops)[i].type))
			continue;
		if (at + sizeof(fd) > len)
			return -EINVAL;
		memcpy(&fd, (char *)value + at, sizeof(fd));
		if (!fd)
			continue;
		prog = slots_find(&ln->slots, (int)fd);
		if (!prog || prog->kind != BPFCMD_PROG)
			return -EBADF;
		fd = prog->handle;
		memcpy((char *)value + at, &fd, sizeof(fd));
	}
	return 0;
}

/* Newer ones of libbpf make the link, too, which is not brokered: EBADF.  The value is there then. */
int
ops_fill(struct bpf_object *obj, struct msg_linked *out)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		struct bpf_link *link;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS || !bpf_map__autocreate(map))
			continue;
		link = bpf_map__attach_struct_ops(map);
		if (link) {
			bpf_link__disconnect(link);
			bpf_link__destroy(link);
		} else if (errno != EBADF && errno != EOPNOTSUPP) {
			return object_fail(out, IPC_FAILED_PRECONDITION, -errno, "the kernel refuses the struct_ops "
				"map %s: %s", LOG_QUOTE(bpf_map__name(map)), errno == EINVAL ?
				"functions that it needs are missing, or a member has a value that it does not take" :
				strerrordesc_np(errno));
		}
	}
	return 0;
}
