/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LINKER_ARENA_H
#define BPFD_LINKER_ARENA_H

#include <stddef.h>
#include <stdint.h>

/*
 * The memory that a linker shares with the loader: buffers of one bpf(2) call, taken one behind
 * the other and all given back before the next call, and an area at the end for the verifier's
 * log, into which the loader writes without a copy.  Offset 0 stands for NULL and is never given.
 */
struct arena {
	uint8_t *base;
	size_t size, used, log_offset;
};

#define ARENA_MIN (1u << 20)

/* Maps size bytes of the memfd; the mapping lives until the process ends.  -EINVAL under
 * ARENA_MIN or when the memfd is shorter, or what mmap says. */
int	arena_map(int fd, size_t size, struct arena *out);
void	arena_reset(struct arena *a);			/* gives all buffers back */
void	*arena_take(struct arena *a, size_t len);	/* 8-byte aligned; NULL when full */
uint64_t arena_offset(const struct arena *a, const void *p);	/* of a pointer into it */

/* True when p[0..len) lies inside the arena, log area included. */
int	arena_holds(const struct arena *a, const void *p, size_t len);

char	*arena_log(const struct arena *a, size_t *size);	/* the log area */

#endif
