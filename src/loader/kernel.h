/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_KERNEL_H
#define BPFD_LOADER_KERNEL_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/*
 * bpf(2).  A test gives its own call; it answers as kernel_bpf() does.
 * Paths are relative to bpfd's bpffs, which is the working directory and later the root.
 */
struct kernel {
	long (*call)(uint32_t cmd, union bpf_attr *attr, uint32_t size);
	uint64_t calls;
};

long	kernel_bpf(uint32_t cmd, union bpf_attr *attr, uint32_t size);	/* >= 0 or negative errno */

int	kernel_get(struct kernel *k, const char *path);		/* the caller's descriptor */
int	kernel_pin(struct kernel *k, int fd, const char *path);

/* Zeroes info and asks the kernel for it; arrays in it stay NULL. */
int	kernel_info(struct kernel *k, int fd, void *info, uint32_t len);

/* Information about a program with the ids of its maps: room in, count out. */
int	kernel_prog_info(struct kernel *k, int fd, struct bpf_prog_info *info, uint32_t *map_ids,
		uint32_t room);

/* kernel_maps.c.  Descriptors are the caller's; 0 or negative errno otherwise. */
#define ENOTSUPP_KERNEL 524	/* what a map without batches answers; no errno of user space's */
int	kernel_ringbuf(struct kernel *k, const char *name, uint32_t bytes);
int	kernel_array(struct kernel *k, const char *name, uint32_t value_size, uint32_t n);
int	kernel_map_array(struct kernel *k, const char *name, int inner, uint32_t n);	/* of maps like inner */
int	kernel_prog_array(struct kernel *k, const char *name, uint32_t n);
/* A program of the loader's own; with functions, it needs BTF that says what they return. */
struct kernel_code {
	const struct bpf_insn *insns;
	uint32_t n, n_funcs;
	const struct bpf_func_info *funcs;
	int btf;
};
int	kernel_prog_load(struct kernel *k, const char *name, uint32_t type, uint32_t attach_type,
		const struct kernel_code *code);
int	kernel_btf(struct kernel *k, const void *btf, uint32_t size);
int	kernel_lookup(struct kernel *k, int map, const void *key, void *value);
int	kernel_update(struct kernel *k, int map, const void *key, const void *value);
int	kernel_update_as(struct kernel *k, int map, const void *key, const void *value, uint64_t flags);
/* Up to *n elements behind the token (NULL: the first); *n becomes how many came, also with an error:
 * -ENOENT: no others follow; -ENOSPC: *n is too few for a bucket; -ENOTSUPP_KERNEL. */
int	kernel_lookup_batch(struct kernel *k, int map, const void *token, void *next_token, void *keys,
		void *values, uint32_t *n);
int	kernel_delete(struct kernel *k, int map, const void *key);
int	kernel_next_key(struct kernel *k, int map, const void *key, void *next);	/* NULL: the first */
/* Arrays of n keys and values, in one call where the map can: the kernel waits once, not n times,
 * until nobody sees the old inner maps. */
int	kernel_update_all(struct kernel *k, int map, const void *keys, size_t key_size, const void *values,
		size_t value_size, uint32_t n);
int	kernel_delete_all(struct kernel *k, int map, const void *keys, size_t key_size, uint32_t n);
/* Attaches; name NULL: where a tp_btf program belongs.  The link. */
int	kernel_raw_tracepoint(struct kernel *k, int prog, const char *name);
int	kernel_iterator(struct kernel *k, int prog);	/* a run of an iterator program, to be read */
int	kernel_iter_create(struct kernel *k, int link);	/* the same, of its link */

#endif
