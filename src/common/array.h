/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_ARRAY_H
#define BPFD_COMMON_ARRAY_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Room for element n of an array that grows to double: array is the address of a pointer to elements
 * of size bytes, *room how many fit.  -ENOMEM leaves both as they were.
 */
static inline int
array_room(void *array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *old, *new;

	if (n < *room)
		return 0;
	memcpy(&old, array, sizeof(old));
	new = reallocarray(old, more, size);
	if (!new)
		return -ENOMEM;
	memcpy(array, &new, sizeof(new));
	*room = more;
	return 0;
}

#endif
