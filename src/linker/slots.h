/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_SLOTS_H
#define BPFD_LINKER_SLOTS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Placeholder descriptors.  libbpf wants a descriptor for each object that it made, to dup, close
 * and mmap; the object itself is a handle of the loader.  A placeholder is an empty memfd, known
 * by its inode however it was duplicated.
 */
struct slot {
	dev_t dev;
	ino_t ino;
	uint32_t handle, kind;			/* BPFCMD_MAP, ... */
	uint32_t map_type, key_size, value_size;	/* of a map made here; 0 otherwise */
	uint32_t value_type;			/* of a struct_ops map: a type of the kernel's BTF */
};

struct slots {
	struct slot *all;
	size_t n, room;
};

/* Makes a placeholder of bytes bytes for *s (dev and ino are filled in).  Returns its descriptor,
 * the caller's, or a negative errno. */
int	slots_add(struct slots *t, const struct slot *s, uint64_t bytes);

/* The slot that fd stands for; NULL when it is no placeholder.  Valid until the next slots_add(). */
const struct slot *slots_find(const struct slots *t, int fd);

/* Forgets them all; descriptors that are open stay so. */
void	slots_reset(struct slots *t);

#endif
