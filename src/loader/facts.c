/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/facts.h"

#include <stdio.h>
#include <string.h>

#include "loader/broker.h"
#include "loader/map_kinds.h"

#define PAGE 4096u
#define PROG_HEADER 72u		/* struct bpf_prog of the kernel, about */

uint32_t
facts_prog_type(uint32_t type, uint32_t attach_type)
{
	return type == BPF_PROG_TYPE_EXT && attach_type == BPF_XDP ? BPF_PROG_TYPE_XDP : type;
}

int
facts_prog(struct kernel *k, int fd, const struct obj_prog *p, struct msg_prog_facts *out)
{
	struct bpf_prog_info info;
	int err;

	memset(out, 0, sizeof(*out));
	err = kernel_prog_info(k, fd, &info, out->map_ids, IPC_MAP_IDS_MAX);
	if (err < 0)
		return err;
	out->gid = p->gid;
	out->loaded_boot_ns = info.load_time;
	out->run_time_ns = info.run_time_ns;
	out->run_cnt = info.run_cnt;
	out->recursion_misses = info.recursion_misses;
	out->id = info.id;
	out->type = facts_prog_type(info.type, p->attach_type);
	out->attach_type = p->attach_type;
	out->btf_id = info.btf_id;
	out->xlated_bytes = info.xlated_prog_len;
	out->jited_bytes = info.jited_prog_len;
	/* fdinfo's figure, which is the pages of the program itself. */
	out->memlock_bytes = (info.xlated_prog_len + PROG_HEADER + PAGE - 1) & ~(PAGE - 1);
	out->verified_insns = info.verified_insns;
	out->uid = info.created_by_uid;
	out->ifindex = info.ifindex;
	out->n_maps = info.nr_map_ids < IPC_MAP_IDS_MAX ? info.nr_map_ids : IPC_MAP_IDS_MAX;
	out->flags = PROG_MANAGED | (info.gpl_compatible ? PROG_GPL : 0) |
		     (info.jited_prog_len ? PROG_JITED : 0);
	memcpy(out->tag, info.tag, sizeof(out->tag));
	snprintf(out->kname, sizeof(out->kname), "%.15s", info.name);
	snprintf(out->name, sizeof(out->name), "%s", p->name);
	snprintf(out->section, sizeof(out->section), "%s", p->section);
	return 0;
}

int
facts_map(struct kernel *k, int fd, const struct obj_map *m, uint32_t n_cpus,
	struct msg_map_facts *out)
{
	struct bpf_map_info info;
	int err = kernel_info(k, fd, &info, sizeof(info));

	if (err < 0)
		return err;
	memset(out, 0, sizeof(*out));
	out->gid = m->gid;
	out->id = info.id;
	out->type = info.type;
	out->key_size = info.key_size;
	out->value_size = info.value_size;
	out->max_entries = info.max_entries;
	out->flags = info.map_flags;
	out->by_name = m->by_name;
	out->memlock_bytes = check_map_bytes(info.type, info.key_size, info.value_size,
		info.max_entries, n_cpus);
	out->btf_id = info.btf_id;
	out->key_type = info.btf_key_type_id;
	out->value_type = info.btf_value_type_id;
	map_kind_values(&info, n_cpus, &out->value_bytes, &out->n_values);
	snprintf(out->name, sizeof(out->name), "%s", m->name);
	objects_shared_file(m, out->shared, sizeof(out->shared));
	return 0;
}
