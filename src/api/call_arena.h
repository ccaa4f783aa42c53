/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_CALL_ARENA_H
#define BPFD_API_CALL_ARENA_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Memory of one unpacked request: taken piece by piece, given back at once, never more than a
 * budget.  A message of many empty submessages would else grow a hundredfold when unpacked.
 */
struct arena_block;
struct arena {
	struct arena_block *blocks;
	uint8_t *next;			/* free room in the newest block: left bytes */
	size_t left, budget, held;	/* held: bytes of all blocks */
	bool over;			/* the budget was not enough */
	_Alignas(16) uint8_t first[1024];
};

void	arena_start(struct arena *a, size_t budget);
void	arena_end(struct arena *a);	/* gives everything back; start makes it usable again */
ProtobufCAllocator arena_allocator(struct arena *a);

#endif
