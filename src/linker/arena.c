/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/arena.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define ARENA_FIRST 64	/* keeps offset 0 for NULL */

int
arena_map(int fd, size_t size, struct arena *out)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (size < ARENA_MIN || (uint64_t)st.st_size < size)
		return -EINVAL;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;

	out->base = p;
	out->size = size;
	out->used = ARENA_FIRST;
	out->log_offset = size - size / 4;
	return 0;
}

void
arena_reset(struct arena *a)
{
	a->used = ARENA_FIRST;
}

void *
arena_take(struct arena *a, size_t len)
{
	size_t at = (a->used + 7) & ~(size_t)7;

	if (at > a->log_offset || len > a->log_offset - at)
		return NULL;
	a->used = at + len;
	return a->base + at;
}

uint64_t
arena_offset(const struct arena *a, const void *p)
{
	return (uint64_t)((const uint8_t *)p - a->base);
}

int
arena_holds(const struct arena *a, const void *p, size_t len)
{
	uintptr_t at = (uintptr_t)p, base = (uintptr_t)a->base;

	return at > base && at - base < a->size && len <= a->size - (at - base);
}

char *
arena_log(const struct arena *a, size_t *size)
{
	*size = a->size - a->log_offset;
	return (char *)a->base + a->log_offset;
}
