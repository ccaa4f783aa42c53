/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/bpf_compat.h"
#include "common/log.h"
#include "ipc/bpfnames.h"
#include "loader/broker.h"
#include "loader/insns.h"

#define AT(member) offsetof(union bpf_attr, member)

/* What a map or program may ask for; the rest would attach it to a device, share it with another
 * user by descriptor, or is for the kernel's own tests. */
#define MAP_FLAGS                                                                                  \
	(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | \
	 BPF_F_STACK_BUILD_ID | BPF_F_ZERO_SEED | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG |          \
	 BPF_F_CLONE | BPF_F_MMAPABLE | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP)
#define PROG_FLAGS                                                                                 \
	(BPF_F_STRICT_ALIGNMENT | BPF_F_ANY_ALIGNMENT | BPF_F_SLEEPABLE | BPF_F_XDP_HAS_FRAGS)
#define LOG_LEVELS 0x7u
#define INFO_BYTES_MAX 512
#define ENTRY_OVERHEAD 64	/* what the kernel keeps beside key and value, about */

static const char *
type_name(const char *name, uint32_t type)
{
	static char number[24];

	if (name)
		return name;
	snprintf(number, sizeof(number), "number %u", type);
	return number;
}

static bool
is_per_cpu(uint32_t type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
	       type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

uint64_t
check_map_bytes(uint32_t type, uint32_t key, uint32_t value, uint32_t entries, uint32_t cpus)
{
	uint64_t one = ((uint64_t)value + 7) & ~7ULL, all;

	if (type == BPF_MAP_TYPE_RINGBUF || type == BPF_MAP_TYPE_USER_RINGBUF)
		return entries;
	if (type == 33)		/* arena, Linux 6.9: entries are pages */
		return (uint64_t)entries * 4096;
	if (is_per_cpu(type) && __builtin_mul_overflow(one, cpus, &one))
		return UINT64_MAX;
	if (type != BPF_MAP_TYPE_ARRAY && type != BPF_MAP_TYPE_PERCPU_ARRAY)
		one += key + ENTRY_OVERHEAD;
	return __builtin_mul_overflow(one, entries, &all) ? UINT64_MAX : all;
}

static int
check_MAP_CREATE(struct broker *b, struct call *c)
{
	const union bpf_attr *a = &c->attr;
	const struct config *cfg = b->cfg;
	uint64_t sum;

	if (a->map_type >= 64 || !(cfg->policy_map_types.mask >> a->map_type & 1))
		return broker_refuse(b, IPC_PERMISSION_DENIED, -EPERM,
			"map %s is of type %s, which policy.map_types does not allow",
			LOG_QUOTE(a->map_name), type_name(bpf_map_type_name(a->map_type), a->map_type));
	/* So that the value can be given now, and registers nothing before there is a link. */
	if (a->map_type == BPF_MAP_TYPE_STRUCT_OPS && b->ops_links)
		c->attr.map_flags |= COMPAT_BPF_F_LINK_OPS;
	if ((a->map_flags & ~(uint32_t)MAP_FLAGS & ~(a->map_type == BPF_MAP_TYPE_STRUCT_OPS ?
		    COMPAT_BPF_F_LINK_OPS : 0u)) || a->map_ifindex)
		return broker_refuse(b, IPC_INVALID_ARGUMENT, -EINVAL,
			"map %s has flags 0x%x or a device, which bpfd does not offer",
			LOG_QUOTE(a->map_name), a->map_flags);
	if (b->n_maps >= cfg->limits_maps)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, -ENOSPC,
			"the object has more maps than limits.maps = %llu",
			(unsigned long long)cfg->limits_maps);
	c->cost = check_map_bytes(a->map_type, a->key_size, a->value_size, a->max_entries, b->n_cpus);
	if (__builtin_add_overflow(b->map_bytes, c->cost, &sum) || sum > cfg->limits_map_bytes)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, -ENOSPC,
			"map %s needs about %llu bytes; with the maps before it that is over "
			"limits.map_bytes = %llu", LOG_QUOTE(a->map_name), (unsigned long long)c->cost,
			(unsigned long long)cfg->limits_map_bytes);
	return 0;
}

/* Only maps of the load itself are written, and only what crosses as one plain value. */
static int
check_MAP_UPDATE_ELEM(struct broker *b, struct call *c)
{
	const struct handle *map = call_handle(c, AT(map_fd));

	if (!map || map->shared || map->by_name[0] || is_per_cpu(map->type))
		return -EPERM;
	/* Without links this would register it, before anybody attached it. */
	if (map->type == BPF_MAP_TYPE_STRUCT_OPS && !b->ops_links)
		return -EOPNOTSUPP;
	return c->attr.flags > BPF_F_LOCK ? -EINVAL : 0;
}

static int
check_MAP_FREEZE(struct broker *b, struct call *c)
{
	const struct handle *map = call_handle(c, AT(map_fd));

	return map && !map->shared && !map->by_name[0] ? 0 : -EPERM;
}

static int
check_type(struct broker *b, const union bpf_attr *a)
{
	const char *kind = bpf_prog_kind_name(a->prog_type, a->expected_attach_type);
	uint64_t bit = a->prog_type < 64 ? 1ULL << a->prog_type : 0;

	if (!(b->cfg->policy_program_types.mask & bit) || a->prog_type == BPF_PROG_TYPE_SYSCALL)
		return broker_refuse(b, IPC_PERMISSION_DENIED, -EPERM,
			"program %s is of type %s (%s), which policy.program_types does not allow",
			LOG_QUOTE(a->prog_name), kind,
			type_name(bpf_prog_type_name(a->prog_type), a->prog_type));
	if (b->type_grant && !(b->type_grant & bit))
		return broker_refuse(b, IPC_PERMISSION_DENIED, -EPERM,
			"program %s is of type %s, which this request does not cover",
			LOG_QUOTE(a->prog_name), kind);
	return 0;
}

static int
check_insns(struct broker *b, struct call *c)
{
	struct insns_finding f = { 0 };
	size_t len = 0;
	const struct bpf_insn *in = call_buf(c, AT(insns), &len);
	const char *name = c->attr.prog_name;

	switch (insns_scan(b->cfg, in, len / sizeof(*in), &f)) {
	case INSNS_OK:
		return 0;
	case INSNS_HELPER:
		return broker_refuse(b, IPC_PERMISSION_DENIED, -EPERM,
			"program %s calls helper %s (%d) at instruction %zu, which policy.deny_helpers refuses",
			LOG_QUOTE(name), type_name(bpf_helper_name((uint32_t)f.id), (uint32_t)f.id), f.id,
			f.index);
	case INSNS_KFUNC:
		return broker_refuse(b, IPC_PERMISSION_DENIED, -EPERM,
			"program %s calls the kernel function with BTF id %d at instruction %zu, which "
			"policy.kfuncs does not list", LOG_QUOTE(name), f.id, f.index);
	case INSNS_CALL:
	case INSNS_IMM64:
		break;
	}
	return broker_refuse(b, IPC_INVALID_ARGUMENT, -EINVAL,
		"program %s has an instruction of unknown form at %zu", LOG_QUOTE(name), f.index);
}

static int
check_PROG_LOAD(struct broker *b, struct call *c)
{
	const union bpf_attr *a = &c->attr;
	const struct config *cfg = b->cfg;
	int err = check_type(b, a);

	if (err)
		return err;
	if (a->attach_prog_fd || a->fd_array || a->prog_ifindex || (a->prog_flags & ~(uint32_t)PROG_FLAGS) ||
	    (a->log_level & ~LOG_LEVELS))
		return broker_refuse(b, IPC_INVALID_ARGUMENT, -EINVAL,
			"program %s is to be loaded for another program, a module, a device or with "
			"flags 0x%x, which bpfd does not offer", LOG_QUOTE(a->prog_name), a->prog_flags);
	if (a->insn_cnt > cfg->limits_instructions)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, -E2BIG,
			"program %s has %u instructions, limits.instructions is %llu",
			LOG_QUOTE(a->prog_name), a->insn_cnt, (unsigned long long)cfg->limits_instructions);
	if (b->n_progs >= cfg->limits_programs)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, -ENOSPC,
			"the object has more programs than limits.programs = %llu",
			(unsigned long long)cfg->limits_programs);
	return check_insns(b, c);
}

static int
check_BTF_LOAD(struct broker *b, struct call *c)
{
	if (c->attr.btf_size > b->cfg->limits_btf_bytes)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, -E2BIG,
			"the object's BTF has %u bytes, limits.btf_bytes is %llu", c->attr.btf_size,
			(unsigned long long)b->cfg->limits_btf_bytes);
	return c->attr.btf_log_level & ~LOG_LEVELS ? -EINVAL : 0;
}

/* The buffer came zeroed, so no array inside it is asked for. */
static int
check_OBJ_GET_INFO_BY_FD(struct broker *b, struct call *c)
{
	return c->attr.info.info_len > INFO_BYTES_MAX ? -EINVAL : 0;
}

static int
check_PROG_BIND_MAP(struct broker *b, struct call *c)
{
	return c->attr.prog_bind_map.flags ? -EINVAL : 0;
}

static int
check_OBJ_GET(struct broker *b, struct call *c)
{
	size_t len;

	return c->attr.file_flags || c->attr.bpf_fd || !call_buf(c, AT(pathname), &len) ? -EINVAL : 0;
}

static int
check_OBJ_PIN(struct broker *b, struct call *c)
{
	return c->attr.file_flags ? -EINVAL : 0;
}

int
check_call(struct broker *b, struct call *c)
{
	static int (*const checks[])(struct broker *, struct call *) = {
#define BPF_CMD(name, last, makes, fields) check_##name,
#include "ipc/bpfcmds.def"
	};
	size_t n;

	return checks[c->cmd - bpfcmd_all(&n)](b, c);
}
