/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/auto.h"
#include "ring_both.h"

static void
expect(struct ring_reader *c, size_t len, uint64_t value)
{
	const void *rec;
	size_t n;

	assert_int_equal(ring_next(c, &rec, &n), 1);
	assert_int_equal(n, len);
	assert_int_equal((uintptr_t)rec % 8, 0);
	for (size_t i = 0; i < len / 8; i++)
		assert_int_equal(((const uint64_t *)rec)[i], value);
}

static bool
empty(struct ring_reader *c)
{
	const void *rec;
	size_t n;

	return ring_next(c, &rec, &n) == 0;
}

static void
hands_out_records_once_they_are_committed(void **state)
{
	struct both b = both_open();

	assert_int_equal(put(b.r, 64, 1), 1);
	assert_int_equal(put(b.r, 8, 2), 2);
	assert_true(empty(b.c));
	ring_commit(b.r);
	expect(b.c, 64, 1);
	expect(b.c, 8, 2);
	assert_true(empty(b.c));
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

static void
goes_round_many_times_with_odd_sizes(void **state)
{
	struct both b = both_open();

	for (uint64_t i = 1; i < 20000; i++) {
		size_t len = 8 * (1 + i * 7919 % 300);

		assert_int_equal(put(b.r, len, i), i);
		ring_commit(b.r);
		expect(b.c, len, i);
	}
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

static void
takes_a_record_of_a_quarter_of_the_ring(void **state)
{
	struct both b = both_open();

	for (uint64_t i = 1; i < 50; i++) {
		put(b.r, BYTES / 4, i);
		ring_commit(b.r);
		expect(b.c, BYTES / 4, i);
	}
	both_close(&b);
}

static void
a_lapped_reader_counts_what_it_missed_and_goes_on(void **state)
{
	struct both b = both_open();
	const void *rec;
	size_t len;
	uint64_t seen = 0, total = 0;

	for (unsigned int round = 0; round < 30; round++) {
		for (unsigned int i = 0; i < 500 + 100 * round; i++) {
			total++;
			put(b.r, 8 * (1 + total % 40), total);
			ring_commit(b.r);
		}
		while (ring_next(b.c, &rec, &len)) {
			seen++;
			assert_int_equal(*(const uint64_t *)rec, seen + ring_missed(b.c));
		}
	}
	assert_int_equal(seen + ring_missed(b.c), total);
	assert_true(ring_missed(b.c) > 0);
	/* It keeps most of what is still there. */
	assert_true(seen > 30 * 300);
	both_close(&b);
}

static void
a_fresh_cursor_begins_at_the_newest_record(void **state)
{
	struct both b = both_open();
	struct ring_reader *late;
	int cursor = ring_cursor_memfd();

	put(b.r, 8, 1);
	ring_commit(b.r);
	assert_int_equal(ring_open(b.ro, cursor, &late), 0);
	assert_true(empty(late));
	put(b.r, 8, 2);
	ring_commit(b.r);
	expect(late, 8, 2);
	assert_int_equal(ring_missed(late), 0);
	ring_close(late);
	close(cursor);
	both_close(&b);
}

static void
a_restarted_reader_goes_on_after_what_was_done(void **state)
{
	struct both b = both_open();

	for (uint64_t i = 1; i <= 5; i++)
		put(b.r, 8, i);
	ring_commit(b.r);
	expect(b.c, 8, 1);
	expect(b.c, 8, 2);
	ring_done(b.c);
	ring_scratch(b.c)[63] = 77;
	expect(b.c, 8, 3);
	ring_close(b.c);
	assert_int_equal(ring_open(b.ro, b.cursor, &b.c), 0);
	assert_int_equal(ring_scratch(b.c)[63], 77);
	expect(b.c, 8, 3);
	expect(b.c, 8, 4);
	expect(b.c, 8, 5);
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

static void
a_restarted_producer_goes_on_at_its_last_commit(void **state)
{
	struct both b = both_open();

	put(b.r, 8, 1);
	ring_source_set(b.r, 0, 100);
	ring_source_set(b.r, 2047, 7);
	ring_commit(b.r);
	put(b.r, 8, 666);		/* never committed */
	ring_source_set(b.r, 0, 200);
	ring_free(b.r);
	assert_int_equal(ring_new(b.fd, BYTES, &b.r), 0);
	assert_int_equal(ring_source(b.r, 0), 100);
	assert_int_equal(ring_source(b.r, 2047), 7);
	assert_int_equal(put(b.r, 8, 2), 2);
	ring_commit(b.r);
	expect(b.c, 8, 1);
	expect(b.c, 8, 2);
	assert_true(empty(b.c));
	both_close(&b);
}

static void
keeps_every_source_over_commits_that_changed_others(void **state)
{
	struct both b = both_open();
	uint64_t want[64] = { 0 };

	for (uint64_t n = 1; n < 500; n++) {
		for (unsigned int k = 0; k < n % 5; k++) {
			unsigned int i = (unsigned int)(n * 31 + k * 17) % 64;

			want[i] = n * 1000 + k;
			ring_source_set(b.r, i, want[i]);
			ring_source_set(b.r, i, want[i]);
		}
		ring_commit(b.r);
		for (unsigned int i = 0; i < 64; i++)
			assert_int_equal(ring_source(b.r, i), want[i]);
		if (n % 7)
			continue;
		ring_free(b.r);
		assert_int_equal(ring_new(b.fd, BYTES, &b.r), 0);
	}
	both_close(&b);
}

static void
wakes_a_reader_that_sleeps_once(void **state)
{
	struct both b = both_open();
	uint64_t n;

	put(b.r, 8, 1);
	ring_commit(b.r);
	assert_false(ring_sleep(b.c));
	assert_int_equal(read(b.event, &n, sizeof(n)), -1);
	expect(b.c, 8, 1);
	assert_true(ring_sleep(b.c));
	ring_commit(b.r);			/* nothing new */
	assert_int_equal(read(b.event, &n, sizeof(n)), -1);
	for (uint64_t i = 2; i < 5; i++) {
		put(b.r, 8, i);
		ring_commit(b.r);
	}
	assert_int_equal(read(b.event, &n, sizeof(n)), 8);
	assert_int_equal(n, 1);
	ring_awake(b.c);
	put(b.r, 8, 5);
	ring_commit(b.r);
	assert_int_equal(read(b.event, &n, sizeof(n)), -1);
	both_close(&b);
}

static void
a_new_producer_wakes_whom_the_killed_one_owed_it(void **state)
{
	struct both b = both_open();
	uint64_t n;

	assert_true(ring_sleep(b.c));
	ring_free(b.r);
	assert_int_equal(ring_new(b.fd, BYTES, &b.r), 0);
	assert_int_equal(ring_watch(b.r, b.cursor, b.event), 0);
	assert_int_equal(read(b.event, &n, sizeof(n)), 8);
	both_close(&b);
}

static void
knows_the_backlog_of_the_slowest(void **state)
{
	struct both b = both_open();
	int fresh = ring_cursor_memfd();

	assert_int_equal(ring_watch(b.r, fresh, b.event), 0);	/* nobody has opened it */
	assert_int_equal(ring_backlog(b.r), 0);
	put(b.r, 48, 1);
	assert_int_equal(ring_backlog(b.r), 0);
	ring_commit(b.r);
	assert_int_equal(ring_backlog(b.r), 64);
	expect(b.c, 48, 1);
	ring_done(b.c);
	assert_int_equal(ring_backlog(b.r), 0);
	both_close(&b);
}

static void
a_reader_cannot_write_and_a_strange_file_is_refused(void **state)
{
	struct both b = both_open();
	struct ring_reader *c;
	struct ring *r;
	int plain = memfd_create("plain", MFD_CLOEXEC);
	struct ring_head *h = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, b.fd, 0);

	assert_ptr_equal(mmap(NULL, 4096, PROT_WRITE, MAP_SHARED, b.ro, 0), MAP_FAILED);
	assert_int_equal(ftruncate(plain, RING_HEAD_BYTES + BYTES), 0);
	assert_int_equal(ring_open(plain, b.cursor, &c), -EINVAL);	/* may shrink */
	assert_int_equal(ring_open(b.ro, plain, &c), -EINVAL);
	assert_int_equal(ring_new(plain, BYTES, &r), -EINVAL);
	assert_int_equal(ring_new(b.fd, 2 * BYTES, &r), -EINVAL);
	assert_int_equal(ring_memfd(BYTES + 4096), -EINVAL);
	assert_int_equal(ring_memfd(BYTES / 2), -EINVAL);
	h->magic++;
	assert_int_equal(ring_open(b.ro, b.cursor, &c), -EINVAL);
	assert_int_equal(ring_new(b.fd, BYTES, &r), -EINVAL);
	munmap(h, 4096);
	close(plain);
	both_close(&b);
}

static void
a_cursor_of_another_ring_begins_anew(void **state)
{
	struct both a = both_open(), b = both_open();
	struct ring_reader *c;

	for (unsigned int i = 0; i < 10; i++)
		put(a.r, 64, i);
	ring_commit(a.r);
	while (!empty(a.c))
		;
	ring_done(a.c);
	put(b.r, 8, 1);
	ring_commit(b.r);
	assert_int_equal(ring_open(b.ro, a.cursor, &c), 0);
	assert_true(empty(c));
	put(b.r, 8, 2);
	ring_commit(b.r);
	expect(c, 8, 2);
	ring_close(c);
	both_close(&a);
	both_close(&b);
}

static void
a_paused_reader_is_neither_woken_nor_minded_and_resumes_at_the_newest(void **state)
{
	struct both b = both_open();
	uint64_t n;

	ring_scratch(b.c)[0] = 7;
	ring_pause(b.c);
	for (unsigned int i = 0; i < 2 * BYTES / 64; i++) {
		put(b.r, 64, i);
		ring_commit(b.r);
	}
	assert_int_equal(read(b.event, &n, sizeof(n)), -1);
	assert_int_equal(ring_backlog(b.r), 0);
	ring_close(b.c);
	assert_int_equal(ring_open(b.ro, b.cursor, &b.c), 0);
	assert_int_equal(ring_scratch(b.c)[0], 7);
	ring_pause(b.c);
	put(b.r, 64, 8);
	ring_commit(b.r);
	ring_resume(b.c);
	assert_true(empty(b.c));
	put(b.r, 64, 9);
	ring_commit(b.r);
	expect(b.c, 64, 9);
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

static uint64_t
head_of(const struct both *b)
{
	struct ring_head *h;
	uint64_t head;
	size_t bytes;

	assert_int_equal(ring_map(b->ro, PROT_READ, &h, &bytes), 0);
	head = h->head;
	ring_unmap(h, bytes);
	return head;
}

/* One record at a time, and one more that waits while the place is looked at. */
static void
stays_low_while_all_is_read(void **state)
{
	struct both b = both_open();

	ring_stay_low(b.r, 1024);
	for (uint64_t i = 1; i < 1000; i++) {
		assert_int_equal(put(b.r, 112, i), i);
		ring_commit(b.r);
		assert_true((head_of(&b) & (BYTES - 1)) <= 1024);
		assert_int_equal(ring_backlog(b.r), 128);
		expect(b.c, 112, i);
		ring_done(b.c);
	}
	assert_int_equal(ring_missed(b.c), 0);
	assert_true(head_of(&b) > 100 * BYTES);
	both_close(&b);
}

static void
uses_all_of_the_data_for_a_reader_that_is_behind(void **state)
{
	struct both b = both_open();
	uint64_t n = BYTES / 128 * 7 / 8;

	ring_stay_low(b.r, 1024);
	for (uint64_t i = 1; i < n; i++) {
		put(b.r, 112, i);
		ring_commit(b.r);
	}
	for (uint64_t i = 1; i < n; i++)
		expect(b.c, 112, i);
	assert_true(empty(b.c));
	assert_int_equal(ring_missed(b.c), 0);
	both_close(&b);
}

/* Also when what told the way to the beginning has been overwritten, and by a restarted reader. */
static void
finds_the_beginning_after_a_pause(void **state)
{
	for (uint64_t more = 1; more <= BYTES / 128 * 3 / 4; more++) {
		struct both b = both_open();

		ring_stay_low(b.r, 1024);
		for (uint64_t i = 1; i <= 8; i++) {
			put(b.r, 112, i);
			ring_commit(b.r);
			expect(b.c, 112, i);
			ring_done(b.c);
		}
		for (uint64_t i = 9; i < 9 + more; i++) {
			put(b.r, 112, i);
			ring_commit(b.r);
		}
		assert_true(head_of(&b) > BYTES);
		assert_int_equal(ring_backlog(b.r), more * 128);
		if (more % 2) {
			ring_close(b.c);
			assert_int_equal(ring_open(b.ro, b.cursor, &b.c), 0);
		}
		for (uint64_t i = 9; i < 9 + more; i++)
			expect(b.c, 112, i);
		assert_true(empty(b.c));
		assert_int_equal(ring_missed(b.c), 0);
		both_close(&b);
	}
}

static void
a_restarted_producer_goes_on_low_or_not(void **state)
{
	for (size_t low = 128; low < BYTES; low += 1024) {
		struct both b = both_open();

		ring_stay_low(b.r, low);
		for (uint64_t i = 1; i <= low / 128; i++) {
			put(b.r, 112, i);
			ring_commit(b.r);
			expect(b.c, 112, i);
			ring_done(b.c);
		}
		put(b.r, 112, 666);	/* low, and never committed */
		ring_free(b.r);
		assert_int_equal(ring_new(b.fd, BYTES, &b.r), 0);
		assert_int_equal(ring_watch(b.r, b.cursor, b.event), 0);
		for (uint64_t i = 0; i < 200; i++) {
			assert_int_equal(put(b.r, 112, i), low / 128 + 1 + i);
			ring_commit(b.r);
			expect(b.c, 112, i);
			ring_done(b.c);
		}
		assert_int_equal(ring_missed(b.c), 0);
		both_close(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_records_once_they_are_committed),
		cmocka_unit_test(goes_round_many_times_with_odd_sizes),
		cmocka_unit_test(takes_a_record_of_a_quarter_of_the_ring),
		cmocka_unit_test(a_lapped_reader_counts_what_it_missed_and_goes_on),
		cmocka_unit_test(a_fresh_cursor_begins_at_the_newest_record),
		cmocka_unit_test(a_restarted_reader_goes_on_after_what_was_done),
		cmocka_unit_test(a_restarted_producer_goes_on_at_its_last_commit),
		cmocka_unit_test(keeps_every_source_over_commits_that_changed_others),
		cmocka_unit_test(wakes_a_reader_that_sleeps_once),
		cmocka_unit_test(a_new_producer_wakes_whom_the_killed_one_owed_it),
		cmocka_unit_test(knows_the_backlog_of_the_slowest),
		cmocka_unit_test(stays_low_while_all_is_read),
		cmocka_unit_test(uses_all_of_the_data_for_a_reader_that_is_behind),
		cmocka_unit_test(finds_the_beginning_after_a_pause),
		cmocka_unit_test(a_restarted_producer_goes_on_low_or_not),
		cmocka_unit_test(a_reader_cannot_write_and_a_strange_file_is_refused),
		cmocka_unit_test(a_cursor_of_another_ring_begins_anew),
		cmocka_unit_test(a_paused_reader_is_neither_woken_nor_minded_and_resumes_at_the_newest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
