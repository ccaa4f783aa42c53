/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call_arena.h"

#include <stdlib.h>

#define ARENA_ALIGN	16
#define ARENA_BLOCK	4096

struct arena_block {
	struct arena_block *older;
	_Alignas(ARENA_ALIGN) uint8_t room[];
};

void
arena_start(struct arena *a, size_t budget)
{
	a->blocks = NULL;
	a->next = a->first;
	a->left = sizeof(a->first);
	a->budget = budget;
	a->held = 0;
	a->over = false;
}

void
arena_end(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		free(b);
	}
	a->left = 0;
	a->held = 0;
}

static bool
arena_grow(struct arena *a, size_t size)
{
	size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
	struct arena_block *b;

	if (room > a->budget - a->held) {
		a->over = true;
		return false;
	}
	b = malloc(sizeof(*b) + room);
	if (!b)
		return false;
	b->older = a->blocks;
	a->blocks = b;
	a->held += room;
	a->next = b->room;
	a->left = room;
	return true;
}

static void *
arena_alloc(void *data, size_t size)
{
	struct arena *a = data;
	void *p;

	if (size > SIZE_MAX - ARENA_ALIGN)
		return NULL;
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > a->left && !arena_grow(a, size))
		return NULL;
	p = a->next;
	a->next += size;
	a->left -= size;
	return p;
}

static void
arena_keep(void *data, void *pointer)
{
}

ProtobufCAllocator
arena_allocator(struct arena *a)
{
	return (ProtobufCAllocator){ arena_alloc, arena_keep, a };
}
