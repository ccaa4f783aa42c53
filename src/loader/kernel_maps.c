/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader itself does with maps and links; libbpf's calls go through the broker. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "common/bpf_compat.h"
#include "loader/kernel.h"

#define END(member) (uint32_t)(offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

static int
run(struct kernel *k, uint32_t cmd, union bpf_attr *attr, uint32_t size)
{
	k->calls++;
	return (int)k->call(cmd, attr, size);
}

int
kernel_ringbuf(struct kernel *k, const char *name, uint32_t bytes)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = bytes;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	return run(k, BPF_MAP_CREATE, &attr, END(map_extra));
}

int
kernel_array(struct kernel *k, const char *name, uint32_t value_size, uint32_t n)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value_size;
	attr.max_entries = n;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	return run(k, BPF_MAP_CREATE, &attr, END(map_extra));
}

int
kernel_map_array(struct kernel *k, const char *name, int inner, uint32_t n)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_ARRAY_OF_MAPS;
	attr.key_size = attr.value_size = sizeof(uint32_t);
	attr.max_entries = n;
	attr.inner_map_fd = (uint32_t)inner;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	return run(k, BPF_MAP_CREATE, &attr, END(map_extra));
}

int
kernel_prog_array(struct kernel *k, const char *name, uint32_t n)
{
	union bpf_attr attr = { 0 };

	attr.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	attr.key_size = attr.value_size = sizeof(uint32_t);
	attr.max_entries = n;
	snprintf(attr.map_name, sizeof(attr.map_name), "%s", name);
	return run(k, BPF_MAP_CREATE, &attr, END(map_extra));
}

int
kernel_prog_load(struct kernel *k, const char *name, uint32_t type, uint32_t attach_type,
	const struct kernel_code *code)
{
	union bpf_attr attr = { 0 };

	attr.prog_type = type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)code->insns;
	attr.insn_cnt = code->n;
	attr.prog_btf_fd = code->n_funcs ? (uint32_t)code->btf : 0;
	attr.func_info = (uintptr_t)code->funcs;
	attr.func_info_cnt = code->n_funcs;
	attr.func_info_rec_size = code->n_funcs ? sizeof(*code->funcs) : 0;
	attr.license = (uintptr_t)"Apache-2.0";
	snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	return run(k, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int
kernel_btf(struct kernel *k, const void *btf, uint32_t size)
{
	union bpf_attr attr = { 0 };

	attr.btf = (uintptr_t)btf;
	attr.btf_size = size;
	return run(k, BPF_BTF_LOAD, &attr, END(btf_log_level));
}

static int
element(struct kernel *k, uint32_t cmd, int map, const void *key, const void *value, uint64_t flags)
{
	union bpf_attr attr = { 0 };

	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)key;
	attr.value = (uintptr_t)value;
	attr.flags = flags;
	return run(k, cmd, &attr, END(flags));
}

int
kernel_lookup(struct kernel *k, int map, const void *key, void *value)
{
	return element(k, BPF_MAP_LOOKUP_ELEM, map, key, value, 0);
}

int
kernel_update(struct kernel *k, int map, const void *key, const void *value)
{
	return element(k, BPF_MAP_UPDATE_ELEM, map, key, value, 0);
}

int
kernel_update_as(struct kernel *k, int map, const void *key, const void *value, uint64_t flags)
{
	return element(k, BPF_MAP_UPDATE_ELEM, map, key, value, flags);
}

int
kernel_delete(struct kernel *k, int map, const void *key)
{
	return element(k, BPF_MAP_DELETE_ELEM, map, key, NULL, 0);
}

int
kernel_next_key(struct kernel *k, int map, const void *key, void *next)
{
	return element(k, BPF_MAP_GET_NEXT_KEY, map, key, next, 0);
}

static int
batch(struct kernel *k, uint32_t cmd, int map, const void *keys, const void *values, uint32_t n)
{
	union bpf_attr attr = { 0 };

	if (n == 0)
		return 0;
	attr.batch.map_fd = (uint32_t)map;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = n;
	return run(k, cmd, &attr, END(batch.flags));
}

int
kernel_lookup_batch(struct kernel *k, int map, const void *token, void *next_token, void *keys, void *values,
	uint32_t *n)
{
	union bpf_attr attr = { 0 };
	int err;

	attr.batch.map_fd = (uint32_t)map;
	attr.batch.in_batch = (uintptr_t)token;
	attr.batch.out_batch = (uintptr_t)next_token;
	attr.batch.keys = (uintptr_t)keys;
	attr.batch.values = (uintptr_t)values;
	attr.batch.count = *n;
	err = run(k, BPF_MAP_LOOKUP_BATCH, &attr, END(batch.flags));
	/* The kernel counts, but not when it fails before it begins. */
	*n = !err || err == -ENOENT || err == -EINTR ? attr.batch.count : 0;
	return err;
}

int
kernel_update_all(struct kernel *k, int map, const void *keys, size_t key_size, const void *values,
	size_t value_size, uint32_t n)
{
	int err = batch(k, BPF_MAP_UPDATE_BATCH, map, keys, values, n);

	if (err != -EINVAL && err != -ENOTSUPP_KERNEL)
		return err;
	err = 0;
	for (uint32_t i = 0; i < n && !err; i++)
		err = kernel_update(k, map, (const char *)keys + i * key_size,
			(const char *)values + i * value_size);
	return err;
}

int
kernel_delete_all(struct kernel *k, int map, const void *keys, size_t key_size, uint32_t n)
{
	int err = batch(k, BPF_MAP_DELETE_BATCH, map, keys, NULL, n);

	for (uint32_t i = 0; err && i < n; i++)
		kernel_delete(k, map, (const char *)keys + i * key_size);
	return 0;
}

int
kernel_raw_tracepoint(struct kernel *k, int prog, const char *name)
{
	union bpf_attr attr = { 0 };

	attr.raw_tracepoint.name = (uintptr_t)name;
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	return run(k, BPF_RAW_TRACEPOINT_OPEN, &attr, END(raw_tracepoint.prog_fd));
}

int
kernel_iter_create(struct kernel *k, int link)
{
	union bpf_attr attr = { 0 };

	attr.iter_create.link_fd = (uint32_t)link;
	return run(k, BPF_ITER_CREATE, &attr, END(iter_create.flags));
}

int
kernel_iterator(struct kernel *k, int prog)
{
	struct compat_link_create lc = { .prog_fd = (uint32_t)prog, .attach_type = BPF_TRACE_ITER };
	int link = compat_link_create(&lc), iter;

	if (link < 0)
		return link;
	iter = kernel_iter_create(k, link);
	close(link);
	return iter;
}
