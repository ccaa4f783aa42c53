/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "enricher/krings.h"
#include "unit/kring_fake.h"

#define BYTES 16384

static struct fake_ring fake[4];
static struct krings rings;

static int
set_up(void **state)
{
	rings = (struct krings){ 0 };
	for (unsigned int i = 0; i < 4; i++) {
		fake[i] = fake_ring_make(BYTES);
		if (krings_add(&rings, dup(fake[i].fd), BYTES, i % 2 ? EV_BULK : EV_CONTROL, i / 2, 7))
			return -1;
	}
	return 0;
}

static int
tear_down(void **state)
{
	krings_free(&rings);
	for (unsigned int i = 0; i < 4; i++)
		fake_ring_drop(&fake[i]);
	return 0;
}

static void
put(unsigned int ring, uint64_t ts, size_t more)
{
	char room[FAKE_MAX] = { 0 };
	size_t len = fake_open(room, ts, 1, "/x");

	assert_true(fake_ring_put(&fake[ring], room, len + more, 0, NULL));
}

/* The ts of the next record; 0: none. */
static uint64_t
take(void)
{
	struct kring *r = krings_next(&rings);
	uint64_t ts;

	if (!r)
		return 0;
	ts = r->rec->ts;
	krings_advance(&rings, r);
	return ts;
}

static void
release_all(void)
{
	for (size_t i = 0; i < rings.n; i++)
		kring_release(&rings.r[i]);
}

static void
merges_by_time(void **state)
{
	static const uint64_t ts[4][5] = { { 1, 5, 9, 13, 14 }, { 2, 3, 4, 20, 21 }, { 6, 7, 8, 10, 22 },
		{ 11, 12, 15, 16, 17 } };
	uint64_t last = 0, t;
	unsigned int n = 0;

	for (unsigned int r = 0; r < 4; r++)
		for (unsigned int i = 0; i < 5; i++)
			put(r, ts[r][i], 0);
	krings_begin(&rings, 1);
	while ((t = take())) {
		assert_true(t > last);
		last = t;
		n++;
	}
	assert_int_equal(n, 20);
	assert_false(krings_waiting(&rings));
}

static void
takes_nothing_that_came_after_the_snapshot(void **state)
{
	put(0, 1, 0);
	put(1, 2, 0);
	krings_begin(&rings, 1);
	put(0, 3, 0);
	put(3, 1, 0);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 2);
	assert_int_equal(take(), 0);
	assert_true(krings_waiting(&rings));
	krings_begin(&rings, 1);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 3);
}

static void
wraps_many_times(void **state)
{
	uint64_t ts = 1;

	for (unsigned int round = 0; round < 2000; round++) {
		for (unsigned int i = 0; i < 1 + round % 9; i++)
			put(i % 4, ts + i, round % 500);
		krings_begin(&rings, 1);
		for (unsigned int i = 0; i < 1 + round % 9; i++)
			assert_int_equal(take(), ts++);
		assert_int_equal(take(), 0);
		release_all();
	}
	assert_int_equal(rings.damaged, 0);
	assert_int_equal(*fake[0].consumer, fake[0].head);
}

static void
gives_the_kernel_its_room_only_when_told(void **state)
{
	put(1, 1, 0);
	krings_begin(&rings, 1);
	assert_int_equal(take(), 1);
	assert_int_equal(*fake[1].consumer, 0);
	release_all();
	assert_int_equal(*fake[1].consumer, fake[1].head);
}

static void
skips_what_was_discarded(void **state)
{
	char room[FAKE_MAX];
	size_t len = fake_open(room, 9, 1, "/x");

	fake_ring_put(&fake[1], room, len, BPF_RINGBUF_DISCARD_BIT, NULL);
	put(1, 2, 0);
	fake_ring_put(&fake[1], room, 8, BPF_RINGBUF_DISCARD_BIT, NULL);
	krings_begin(&rings, 1);
	assert_int_equal(take(), 2);
	assert_int_equal(take(), 0);
	assert_int_equal(rings.discarded, 2);
	assert_false(krings_waiting(&rings));
}

static void
a_busy_record_of_a_bulk_ring_holds_up_that_ring_alone(void **state)
{
	char room[FAKE_MAX];
	size_t len = fake_open(room, 3, 1, "/x");
	uint64_t busy;

	put(1, 1, 0);
	fake_ring_put(&fake[1], room, len, BPF_RINGBUF_BUSY_BIT, &busy);
	put(1, 5, 0);
	put(0, 4, 0);
	krings_begin(&rings, 1);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 4);
	assert_int_equal(take(), 0);
	fake_ring_word(&fake[1], busy, (uint32_t)len);
	krings_begin(&rings, 1);
	assert_int_equal(take(), 3);
	assert_int_equal(take(), 5);
}

static void
a_busy_record_of_a_control_ring_holds_up_all_but_not_for_ever(void **state)
{
	char room[FAKE_MAX];
	size_t len = fake_open(room, 3, 1, "/x");

	put(0, 1, 0);
	fake_ring_put(&fake[0], room, len, BPF_RINGBUF_BUSY_BIT, NULL);
	put(1, 4, 0);
	krings_begin(&rings, 1000);
	assert_int_equal(take(), 1);
	assert_int_equal(take(), 0);
	krings_begin(&rings, 2000);
	assert_int_equal(take(), 0);
	krings_begin(&rings, 2000 + KRINGS_PATIENCE_NS);
	assert_int_equal(take(), 4);
}

static void
a_length_beyond_the_ring_costs_what_is_in_it(void **state)
{
	static const uint32_t lengths[] = { 0x3fffffff, BYTES, 4096, 0x20000000 };
	uint64_t pos;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char room[FAKE_MAX];

		fake_ring_put(&fake[1], room, fake_open(room, 1, 1, "/x"), 0, &pos);
		fake_ring_word(&fake[1], pos, lengths[i]);
		krings_begin(&rings, 1);
		assert_int_equal(take(), 0);
		assert_int_equal(rings.damaged, i + 1);
		put(1, 2, 0);
		krings_begin(&rings, 1);
		assert_int_equal(take(), 2);
		release_all();
	}
}

static void
a_record_shorter_than_a_header_is_left_out(void **state)
{
	char room[64] = { 0 };

	fake_ring_put(&fake[1], room, 40, 0, NULL);
	put(1, 2, 0);
	krings_begin(&rings, 1);
	assert_int_equal(take(), 2);
	assert_int_equal(rings.damaged, 1);
}

static void
a_position_beyond_the_ring_is_not_followed(void **state)
{
	*fake[1].producer = 1ull << 40;
	krings_begin(&rings, 1);
	assert_int_equal(take(), 0);
	assert_int_equal(rings.damaged, 1);
}

static void
refuses_sizes_that_no_ring_has(void **state)
{
	struct krings k = { 0 };

	assert_int_equal(krings_add(&k, fake[0].fd, 0, EV_BULK, 0, 1), -EINVAL);
	assert_int_equal(krings_add(&k, fake[0].fd, 5000, EV_BULK, 0, 1), -EINVAL);
	assert_int_equal(krings_add(&k, fake[0].fd, (size_t)1 << 40, EV_BULK, 0, 1), -EINVAL);
	krings_free(&k);
}

static void
skips_forward_only_within_what_is_there(void **state)
{
	put(1, 1, 0);
	put(1, 2, 0);
	kring_skip(&rings.r[1], fake[1].head + 8);
	assert_int_equal(rings.r[1].pos, 0);
	kring_skip(&rings.r[1], fake[1].head);
	assert_int_equal(rings.r[1].pos, fake[1].head);
	assert_int_equal(*fake[1].consumer, fake[1].head);
	kring_skip(&rings.r[1], 8);
	assert_int_equal(rings.r[1].pos, fake[1].head);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(merges_by_time),
		T(takes_nothing_that_came_after_the_snapshot),
		T(wraps_many_times),
		T(gives_the_kernel_its_room_only_when_told),
		T(skips_what_was_discarded),
		T(a_busy_record_of_a_bulk_ring_holds_up_that_ring_alone),
		T(a_busy_record_of_a_control_ring_holds_up_all_but_not_for_ever),
		T(a_length_beyond_the_ring_costs_what_is_in_it),
		T(a_record_shorter_than_a_header_is_left_out),
		T(a_position_beyond_the_ring_is_not_followed),
		T(refuses_sizes_that_no_ring_has),
		T(skips_forward_only_within_what_is_there),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("krings", tests, NULL, NULL);
}
