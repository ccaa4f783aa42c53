/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring/layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ring_head *ring;
static struct ring_cursor *cursor;
static int ring_fd, cursor_fd;

static void
make(void)
{
	void *p;

	ring_fd = ring_memfd(RING_BYTES_MIN);
	cursor_fd = ring_cursor_memfd();
	ring = mmap(NULL, ring_file_bytes(RING_BYTES_MIN), PROT_READ | PROT_WRITE, MAP_SHARED, ring_fd, 0);
	if (ring == MAP_FAILED || ring_cursor_map(cursor_fd, PROT_READ | PROT_WRITE, &p))
		abort();
	cursor = p;
}

/* Words of the input over the words of the header, the cursor and the first records. */
static void
spoil(const uint8_t *data, size_t size)
{
	uint64_t *const targets[] = { &ring->commit, &ring->head, &ring->reserve, &ring->slot[0].head,
		&ring->slot[0].seq, &ring->slot[1].head, &ring->slot[1].seq, &ring->mark[0],
		&ring->mark[1], &ring->mark[63], &cursor->done, &cursor->place[0].pos,
		&cursor->place[0].seq, &cursor->place[1].pos, &cursor->place[1].seq, &cursor->sleep };
	size_t n = sizeof(targets) / sizeof(targets[0]);

	memset(ring, 0, RING_HEAD_BYTES);
	ring->magic = RING_MAGIC;
	ring->data_bytes = RING_BYTES_MIN;
	cursor->magic = RING_CURSOR_MAGIC;
	for (size_t i = 0; i < n && size >= 8; i++, data += 8, size -= 8)
		memcpy(targets[i], data, 8);
	memcpy(ring_data(ring), data, size < RING_BYTES_MIN ? size : RING_BYTES_MIN);
}

/* Whatever the ring says, a reader ends, stays within it, and leaves a cursor that it can use. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ring_reader *r;
	struct ring *producer;
	const void *rec;
	size_t len;
	void *out;

	if (!ring)
		make();
	spoil(data, size);
	if (ring_open(ring_fd, cursor_fd, &r))
		abort();
	for (unsigned int i = 0; i < 100000 && ring_next(r, &rec, &len) == 1; i++)
		if (len > RING_BYTES_MIN / 4 || len % 8 || memchr(rec, 0xa5, len) == rec)
			break;
	ring_done(r);
	if (ring_sleep(r))
		ring_awake(r);
	ring_close(r);
	if (ring_new(ring_fd, RING_BYTES_MIN, &producer) == 0) {
		ring_watch(producer, cursor_fd, -1);
		ring_backlog(producer);
		ring_reserve(producer, 64, &out);
		ring_push(producer);
		ring_commit(producer);
		ring_free(producer);
	}
	return 0;
}
