/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_KERNEL_H
#define BPFD_LOADER_KERNEL_H

#include <linux/bpf.h>
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

#endif
