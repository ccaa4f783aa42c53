/* SPDX-License-Identifier: Apache-2.0 */
/* Records that share bytes with earlier ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#include "common/auto.h"
#include "ring_both.h"

#define FRAME sizeof(struct ring_frame)
#define SHARED 320		/* bytes of each base, behind 64 of its own */

/* A record with SHARED bytes for others, which say value. */
static uint64_t
put_base(struct both *b, uint64_t value)
{
	uint64_t place = ring_place(b->r);

	put(b->r, 64 + SHARED, value);
	return place;
}

/* So many words, the shared bytes, and one word more; the words say value. */
static void
put_sharing_behind(struct both *b, uint64_t base, uint64_t value, uint16_t words)
{
	struct ring_share with = { .place = base, .off = 64, .len = SHARED, .at = (uint16_t)(8 * words) };
	void *p;

	ring_place(b->r);
	ring_reserve_sharing(b->r, 8 * words + 8u, &with, &p);
	for (unsigned int i = 0; i <= words; i++)
		((uint64_t *)p)[i] = value;
	ring_push(b->r);
}

static void
put_sharing(struct both *b, uint64_t base, uint64_t value)
{
	put_sharing_behind(b, base, value, 3);
}

static void
expect_sharing_behind(struct ring_reader *c, uint64_t value, uint64_t shared, size_t words)
{
	const void *rec;
	const uint64_t *w;
	size_t n;

	assert_int_equal(ring_next(c, &rec, &n), 1);
	assert_int_equal(n, 8 * words + 8 + SHARED);
	w = rec;
	for (size_t i = 0; i < n / 8; i++)
		assert_int_equal(w[i], i < words || i == n / 8 - 1 ? value : shared);
}

static void
expect_sharing(struct ring_reader *c, uint64_t value, uint64_t shared)
{
	expect_sharing_behind(c, value, shared, 3);
}

static void
expect_base(struct ring_reader *c, uint64_t value)
{
	const void *rec;
	size_t n;

	assert_int_equal(ring_next(c, &rec, &n), 1);
	assert_int_equal(n, 64 + SHARED);
	assert_int_equal(*(const uint64_t *)rec, value);
}

static void
expect_one(struct ring_reader *c, int there)
{
	const void *rec;
	size_t n;

	assert_int_equal(ring_next(c, &rec, &n), there);
}

static void
readers_get_what_is_shared_put_in(void **state)
{
	struct both b = both_open();
	uint64_t base[20];

	put(b.r, 8, 0);
	for (uint64_t i = 0; i < ARRAY_SIZE(base); i++)
		base[i] = put_base(&b, 1000 + i);
	/* Of more earlier ones than a reader keeps, in turn and not. */
	for (uint64_t i = 0; i < 100; i++)
		put_sharing(&b, base[i % 3 ? 5 : i % ARRAY_SIZE(base)], i);
	ring_commit(b.r);
	assert_true(ring_place(b.r) - base[19] == FRAME + 64 + SHARED + 100 * (FRAME + sizeof(struct ring_share) + 32));
	expect_one(b.c, 1);
	for (uint64_t i = 0; i < ARRAY_SIZE(base); i++)
		expect_base(b.c, 1000 + i);
	for (uint64_t i = 0; i < 100; i++) {
		expect_sharing(b.c, i, 1000 + (i % 3 ? 5 : i % ARRAY_SIZE(base)));
		assert_int_equal(ring_taken(b.c), FRAME + sizeof(struct ring_share) + 32);
	}
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

/* Of the record before, what is shared may lie where it is needed; here it often does not. */
static void
what_lies_there_is_only_taken_when_it_is_that(void **state)
{
	static const struct { unsigned int base; uint16_t words; } of[] = { { 0, 3 }, { 0, 3 }, { 1, 3 }, { 0, 3 },
		{ 0, 1 }, { 0, 3 }, { 0, 9 }, { 0, 3 }, { 1, 9 }, { 1, 9 } };
	struct both b = both_open();
	uint64_t base[2];

	put(b.r, 8, 0);
	for (uint64_t i = 0; i < ARRAY_SIZE(base); i++)
		base[i] = put_base(&b, 1000 + i);
	for (uint64_t i = 0; i < ARRAY_SIZE(of); i++)
		put_sharing_behind(&b, base[of[i].base], i, of[i].words);
	put_sharing(&b, base[0], 20);
	put(b.r, 64 + SHARED, 21);	/* shares nothing, and lies over it */
	put_sharing(&b, base[0], 22);
	ring_commit(b.r);
	expect_one(b.c, 1);
	expect_base(b.c, 1000);
	expect_base(b.c, 1001);
	for (uint64_t i = 0; i < ARRAY_SIZE(of); i++)
		expect_sharing_behind(b.c, i, 1000 + of[i].base, of[i].words);
	expect_sharing(b.c, 20, 1000);
	expect_base(b.c, 21);
	expect_sharing(b.c, 22, 1000);
	both_close(&b);
}

static void
a_restarted_reader_finds_what_is_shared(void **state)
{
	struct both b = both_open();
	uint64_t base;

	put(b.r, 8, 0);
	base = put_base(&b, 7);
	put_sharing(&b, base, 1);
	put_sharing(&b, base, 2);
	ring_commit(b.r);
	expect_one(b.c, 1);
	expect_base(b.c, 7);
	expect_sharing(b.c, 1, 7);
	ring_done(b.c);
	ring_close(b.c);
	assert_int_equal(ring_open(b.ro, b.cursor, &b.c), 0);
	expect_sharing(b.c, 2, 7);
	both_close(&b);
}

/* As the enricher does it: a base anew when the last one is out of reach. */
static void
what_is_shared_is_right_or_the_record_is_missed(void **state)
{
	struct both b = both_open();
	uint64_t base = 0, total = 0, seen = 0, bases = 0, lapped = 0;

	put(b.r, 8, 0);
	ring_commit(b.r);
	expect_one(b.c, 1);
	for (unsigned int round = 0; round < 400; round++) {
		const void *rec;
		size_t len;

		for (unsigned int i = 0; i < 37 * (round % 47); i++) {
			total++;
			ring_place(b.r);
			if (!base || !ring_in_reach(b.r, base))
				base = put_base(&b, total << 32 | ++bases);
			else
				put_sharing(&b, base, total << 32 | bases);
			ring_commit(b.r);
		}
		while (ring_next(b.c, &rec, &len)) {
			const uint64_t *w = rec;

			seen++;
			assert_int_equal(w[0] >> 32, seen + ring_missed(b.c));
			if (len == 32 + SHARED)
				assert_int_equal((uint32_t)w[3], (uint32_t)w[0]);
		}
		lapped += 37 * (round % 47) * 64 > BYTES;
	}
	assert_int_equal(seen + ring_missed(b.c), total);
	assert_true(bases > 50 && lapped && ring_missed(b.c));
	both_close(&b);
}

static void
a_record_is_missed_with_what_it_shares(void **state)
{
	struct both b = both_open();
	uint64_t base, at;

	put(b.r, 8, 0);
	ring_commit(b.r);
	expect_one(b.c, 1);
	base = put_base(&b, 7);
	ring_commit(b.r);
	expect_base(b.c, 7);		/* read, and not kept: nothing has shared it yet */
	while (ring_place(b.r) - base < BYTES / 8) {
		put(b.r, 8, 1);
		ring_commit(b.r);
		expect_one(b.c, 1);
	}
	at = ring_place(b.r);
	put_sharing(&b, base, 2);
	put(b.r, 8, 3);
	ring_commit(b.r);
	while (ring_place(b.r) - base < BYTES + BYTES / 16) {
		put(b.r, 8, 4);
		ring_commit(b.r);
	}
	assert_true(ring_place(b.r) - at < BYTES);	/* what it has of its own is still there */
	expect_one(b.c, 1);
	assert_true(ring_missed(b.c) >= 1);
	both_close(&b);
}

static void
shares_that_cannot_be_are_not_believed(void **state)
{
	struct ring_share good = { .place = 24, .off = 64, .len = SHARED, .at = 24 }, bad[10];
	size_t bytes;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = good;
	bad[0].place = 24 + FRAME + 64 + SHARED;	/* itself */
	bad[1].place = 1 << 20;
	bad[2].place = 25;
	bad[3].off = 72;				/* up to behind the earlier one */
	bad[4].off = 65528;
	bad[5].len = SHARED + 8;
	bad[6].len = 0;
	bad[7].len = RING_SHARED_MAX + 8;
	bad[8].at = 40;
	bad[9].at = 23;
	for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
		struct both b = both_open();
		struct ring_head *h;
		uint64_t base;

		put(b.r, 8, 0);
		base = put_base(&b, 7);
		assert_int_equal(base, 24);
		put_sharing(&b, base, 1);
		assert_int_equal(ring_map(b.fd, PROT_READ | PROT_WRITE, &h, &bytes), 0);
		if (i < ARRAY_SIZE(bad))
			memcpy(ring_data(h) + base + 2 * FRAME + 64 + SHARED, &bad[i], sizeof(bad[i]));
		ring_unmap(h, bytes);
		put(b.r, 8, 2);
		ring_commit(b.r);
		expect_one(b.c, 1);
		expect_base(b.c, 7);
		if (i == ARRAY_SIZE(bad))
			expect_sharing(b.c, 1, 7);
		else
			expect_one(b.c, 0);
		both_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_get_what_is_shared_put_in),
		cmocka_unit_test(what_lies_there_is_only_taken_when_it_is_that),
		cmocka_unit_test(a_restarted_reader_finds_what_is_shared),
		cmocka_unit_test(what_is_shared_is_right_or_the_record_is_missed),
		cmocka_unit_test(a_record_is_missed_with_what_it_shares),
		cmocka_unit_test(shares_that_cannot_be_are_not_believed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ring-share", tests, NULL, NULL);
}
