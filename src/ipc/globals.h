/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_GLOBALS_H
#define BPFD_IPC_GLOBALS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Global data of a load, packed as records { u16 name_len, u16 value_len, name, value } in host
 * byte order, name without NUL.  The reader treats the area as hostile.
 */
struct global {
	const char *name;	/* name_len bytes, no NUL inside, not terminated */
	const uint8_t *value;
	size_t name_len, value_len;
};

/* Appends; *len is the bytes used.  -EINVAL (name empty, too long or with a NUL), -ENOSPC. */
int	globals_add(uint8_t *area, size_t size, size_t *len, const char *name, size_t name_len,
		const void *value, size_t value_len);

/* Reads the record at *pos and moves *pos.  1: *g is filled; 0: the end; -EINVAL: malformed. */
int	globals_next(const uint8_t *area, size_t len, size_t *pos, struct global *g);

#endif
