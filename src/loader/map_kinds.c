/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/map_kinds.h"

#include <stddef.h>

#include "common/auto.h"
#include "common/bpf_compat.h"

enum {
	PER_CPU = 1,		/* a value of each possible CPU, padded to 8 bytes */
	IDS = 2,		/* objects: what is read is their number */
};

/* NULL: it is allowed.  A type that is not here allows nothing. */
static const struct {
	unsigned int flags;
	const char *no_read, *no_update, *no_delete;
} kinds[] = {
#define NO_ELEMENTS(why) { 0, why, why, why }
#define NO_CHANGE(flags, why) { flags, NULL, why, why }
	[BPF_MAP_TYPE_HASH] = { 0, NULL, NULL, NULL },
	[BPF_MAP_TYPE_ARRAY] = { 0, NULL, NULL, "an array always has all its elements: update them" },
	[BPF_MAP_TYPE_PROG_ARRAY] = NO_CHANGE(IDS, "a prog_array holds programs, which only bpfd places"),
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = NO_ELEMENTS("a perf_event_array holds perf events, which cannot be read"),
	[BPF_MAP_TYPE_PERCPU_HASH] = { PER_CPU, NULL, NULL, NULL },
	[BPF_MAP_TYPE_PERCPU_ARRAY] = { PER_CPU, NULL, NULL, "an array always has all its elements: update them" },
	[BPF_MAP_TYPE_STACK_TRACE] = { 0, NULL, "only programs add to a stack_trace map", NULL },
	[BPF_MAP_TYPE_CGROUP_ARRAY] = NO_ELEMENTS("a cgroup_array holds cgroups, which cannot be read"),
	[BPF_MAP_TYPE_LRU_HASH] = { 0, NULL, NULL, NULL },
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = { PER_CPU, NULL, NULL, NULL },
	[BPF_MAP_TYPE_LPM_TRIE] = { 0, NULL, NULL, NULL },
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = NO_CHANGE(IDS, "an array_of_maps holds maps, which only programs' loads place"),
	[BPF_MAP_TYPE_HASH_OF_MAPS] = NO_CHANGE(IDS, "a hash_of_maps holds maps, which only programs' loads place"),
	[BPF_MAP_TYPE_DEVMAP] = NO_CHANGE(0, "the values of a devmap may name programs, which only bpfd places"),
	[BPF_MAP_TYPE_DEVMAP_HASH] = NO_CHANGE(0, "the values of a devmap_hash may name programs, which only bpfd places"),
	[BPF_MAP_TYPE_CPUMAP] = NO_CHANGE(0, "the values of a cpumap may name programs, which only bpfd places"),
	[BPF_MAP_TYPE_SOCKMAP] = NO_CHANGE(0, "a sockmap holds sockets, which only their owners place"),
	[BPF_MAP_TYPE_SOCKHASH] = NO_CHANGE(0, "a sockhash holds sockets, which only their owners place"),
	[BPF_MAP_TYPE_XSKMAP] = NO_ELEMENTS("an xskmap holds sockets, which cannot be read"),
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] =
		NO_CHANGE(0, "a reuseport_sockarray holds sockets, which only their owners place"),
	[BPF_MAP_TYPE_CGROUP_STORAGE] = NO_CHANGE(0, "a cgroup_storage belongs to the programs of its cgroups"),
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] =
		NO_CHANGE(PER_CPU, "a percpu_cgroup_storage belongs to the programs of its cgroups"),
	[BPF_MAP_TYPE_QUEUE] = NO_ELEMENTS("a queue has no keys, and reading it would take elements out"),
	[BPF_MAP_TYPE_STACK] = NO_ELEMENTS("a stack has no keys, and reading it would take elements out"),
	[BPF_MAP_TYPE_SK_STORAGE] = NO_ELEMENTS("the keys of an sk_storage are sockets, not bytes"),
	[BPF_MAP_TYPE_STRUCT_OPS] = NO_CHANGE(0, "a struct_ops map is changed by attaching and detaching it"),
	[BPF_MAP_TYPE_RINGBUF] = NO_ELEMENTS("a ringbuf has no elements: its one reader consumes it"),
	[BPF_MAP_TYPE_INODE_STORAGE] = NO_ELEMENTS("the keys of an inode_storage are files, not bytes"),
	[BPF_MAP_TYPE_TASK_STORAGE] = NO_ELEMENTS("the keys of a task_storage are processes, not bytes"),
	[BPF_MAP_TYPE_BLOOM_FILTER] = NO_ELEMENTS("a bloom_filter does not keep its elements"),
};

const char *
map_kind_refusal(uint32_t type, enum map_act act)
{
	if (type == 0 || type >= ARRAY_SIZE(kinds))
		return "a map of this type cannot be read or written from outside its programs";
	switch (act) {
	case MAP_ACT_READ:
		return kinds[type].no_read;
	case MAP_ACT_UPDATE:
		return kinds[type].no_update;
	case MAP_ACT_DELETE:
		return kinds[type].no_delete;
	}
	return NULL;
}

void
map_kind_values(const struct bpf_map_info *info, uint32_t n_cpus, uint32_t *bytes, uint32_t *n)
{
	unsigned int flags = info->type < ARRAY_SIZE(kinds) ? kinds[info->type].flags : 0;
	uint64_t all = flags & IDS ? sizeof(uint32_t) : info->value_size;

	if (flags & PER_CPU)
		all = ((all + 7) & ~7ULL) * n_cpus;
	*bytes = all > UINT32_MAX ? UINT32_MAX : (uint32_t)all;
	*n = flags & PER_CPU ? n_cpus : 1;
}
