/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_MAPS_PAGE_H
#define BPFD_LOADER_MAPS_PAGE_H

#include "ipc/messages.h"
#include "loader/kernel.h"

/*
 * A part of a map's elements.  Most maps are read by LOOKUP_BATCH: an element that is there all the
 * while comes exactly once, whatever else is added or removed meanwhile.  Maps without it are walked
 * key by key; then a key that is removed between two pages makes the walk begin anew.
 */
struct map_page {
	uint32_t n;
	bool last;			/* no other page follows */
	uint8_t token[IPC_MAP_KEY_MAX];	/* where the next one begins */
	uint32_t token_len;
	uint8_t *bytes;			/* n keys, then n values; allocated */
};

/* token: of the page before, IPC_MAP_KEY_MAX bytes, zero behind its end; NULL: the first page.
 * value_bytes: as bpf(2) gives them.  0 with *out, or a negative errno: -E2BIG: many elements share a
 * bucket of the map, and do not fit. */
int	maps_page_read(struct kernel *k, int map, const struct msg_map_facts *f, const void *token,
		struct map_page *out);

#endif
