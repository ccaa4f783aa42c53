/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel rings with any contents, read through to the shared ring. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enricher/enricher.h"
#include "unit/kring_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define KBYTES 16384

static struct enricher en;
static struct fake_ring rings[2];
static struct ring_reader *reader;

static void
want_everything(void)
{
	const struct ruleset set = { .generation = 1, .defaults = ~0ull, .default_actions = 1 };
	char why[256];
	void *bytes;
	size_t len;

	if (ruleset_pack(&set, &bytes, &len) || matcher_new(bytes, len, &en.matcher, why, sizeof(why)))
		abort();
	free(bytes);
}

static void
make(void)
{
	static struct config cfg;
	int ring = ring_memfd(1 << 20), cursor = ring_cursor_memfd();
	int state = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cfg.events_processes = 256;
	cfg.events_cgroups = 64;
	en.cfg = &cfg;
	en.ring_bytes = 1 << 20;
	if (ftruncate(state, (off_t)state_bytes(256, 64)) || fcntl(state, F_ADD_SEALS, F_SEAL_SHRINK) ||
	    ring_new(ring, en.ring_bytes, &en.ring) || state_attach(&en, state) ||
	    ring_open(ring, cursor, &reader))
		abort();
	enricher_counters_load(&en);
	for (uint32_t i = 0; i < 2; i++) {
		rings[i] = fake_ring_make(KBYTES);
		if (krings_add(&en.krings, dup(rings[i].fd), KBYTES, i, 0, i + 1))
			abort();
	}
	want_everything();
}

/* The rings' bytes from the input, in pieces with a length each; odd ones say themselves how long. */
static void
fill(const uint8_t *data, size_t size)
{
	while (size >= 3) {
		size_t len = data[0] | (size_t)(data[1] & 7) << 8;
		struct fake_ring *r = &rings[data[1] >> 3 & 1];
		uint32_t bits = data[1] & 16 ? BPF_RINGBUF_DISCARD_BIT : 0;
		unsigned char rec[2048] __attribute__((aligned(8))) = { 0 };
		uint64_t pos;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		memcpy(rec, data, len);
		data += len;
		size -= len;
		if (!fake_ring_put(r, rec, len, bits, &pos))
			return;
		if (size && data[0] == 0xff)
			fake_ring_word(r, pos, 0x3fffff00);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const void *rec;
	struct event e;
	size_t len;

	if (!en.ring)
		make();
	fill(data, size);
	for (unsigned int i = 0; i < 3; i++)
		enricher_drain(&en);
	/* Whatever came in, what goes out is well-formed. */
	while (ring_next(reader, &rec, &len))
		if (record_check(rec, len, &e))
			abort();
	/* A ring that holds itself up begins anew. */
	for (unsigned int i = 0; i < 2; i++) {
		en.krings.r[i].pos = rings[i].head;
		kring_release(&en.krings.r[i]);
	}
	return 0;
}
