/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two processes at the ring at full speed, each killed at any instruction: the words that one
 * writes while the other reads are tried as they are used.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/auto.h"
#include "ring/ring.h"

#define BYTES	RING_BYTES_MIN
#define KILLS	1000

/* Shared with the parent.  What a reader saw, over all its lives. */
struct seen {
	uint64_t next;			/* number that nobody has seen yet */
	uint64_t records, repeats, holes, wrong;
	uint64_t missed;
	uint64_t produced;
	bool opened;			/* by a consumer: from now on the producer minds its place */
};

static struct seen *seen;
static int ring_fd, ro_fd, cursor_fd, event_fd;
static size_t low;			/* ring_stay_low(), 0: not */

static void
make(void)
{
	seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ring_fd = ring_memfd(BYTES);
	ro_fd = ring_readonly(ring_fd);
	cursor_fd = ring_cursor_memfd();
	event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(ring_fd >= 0 && ro_fd >= 0 && cursor_fd >= 0 && event_fd >= 0);
}

static void
unmake(void)
{
	munmap(seen, 4096);
	close(ring_fd);
	close(ro_fd);
	close(cursor_fd);
	close(event_fd);
}

/* Sizes that differ, so that a record never lies where its predecessor of a lap before did. */
static size_t
size_of(uint64_t n)
{
	return 16 + 8 * (n * 2654435761u % 61);
}

/* Record n says n in every word.  Its source is the numbers: what is committed is not read again. */
static void
produce(bool wait)
{
	struct ring *r;
	uint64_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ring_new(ring_fd, BYTES, &r) || ring_watch(r, cursor_fd, event_fd))
		_exit(1);
	ring_stay_low(r, low);
	n = ring_source(r, 3);
	for (;;) {
		if (wait && ring_backlog(r) > BYTES / 4) {
			usleep(20);
			continue;
		}
		for (unsigned int k = 0; k < 1 + n % 20; k++) {
			void *p;
			size_t len = size_of(n);

			if (ring_reserve(r, len, &p) != n + 1)
				_exit(2);
			for (size_t i = 0; i < len / 8; i++)
				((uint64_t *)p)[i] = n;
			ring_push(r);
			n++;
		}
		ring_source_set(r, 3, n);
		ring_commit(r);
		__atomic_store_n(&seen->produced, n, __ATOMIC_RELAXED);
	}
}

static void
look_at(const uint64_t *rec, size_t len, uint64_t missed_before, uint64_t missed)
{
	uint64_t n = rec[0];

	if (len != size_of(n))
		seen->wrong++;
	for (size_t i = 1; i < len / 8; i++)
		if (rec[i] != n)
			seen->wrong++;
	if (seen->records++ == 0)
		seen->next = n;		/* a fresh cursor begins at the newest */
	if (n < seen->next)
		seen->repeats++;
	else if (n - seen->next > missed - missed_before)
		seen->holes++;
	if (n >= seen->next)
		seen->next = n + 1;
}

static void
consume(void)
{
	struct ring_reader *r;
	const void *rec;
	size_t len;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (ring_open(ro_fd, cursor_fd, &r))
		_exit(1);
	__atomic_store_n(&seen->opened, true, __ATOMIC_RELAXED);
	for (;;) {
		uint64_t before = ring_missed(r);

		for (unsigned int i = 0; i < 64 && ring_next(r, &rec, &len); i++) {
			look_at(rec, len, before, ring_missed(r));
			before = ring_missed(r);
		}
		seen->missed = ring_missed(r);
		ring_done(r);
		if (ring_sleep(r)) {
			struct pollfd p = { .fd = event_fd, .events = POLLIN };
			uint64_t drop;

			poll(&p, 1, 1000);
			(void)!read(event_fd, &drop, sizeof(drop));
			ring_awake(r);
		}
	}
}

static pid_t
start_producer(bool wait)
{
	pid_t pid = fork();

	if (pid == 0)
		produce(wait);
	return pid;
}

static pid_t
start_consumer(void)
{
	pid_t pid = fork();

	if (pid == 0)
		consume();
	return pid;
}

/* A fresh cursor begins at the newest record: nothing is missed from when it is there. */
static void
wait_for_consumer(void)
{
	for (unsigned int i = 0; i < 10000 && !__atomic_load_n(&seen->opened, __ATOMIC_RELAXED); i++)
		usleep(1000);
	assert_true(seen->opened);
}

/* It ran until it was killed: nothing went wrong by itself. */
static void
end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
a_while(unsigned int i)
{
	usleep(100 + i * 7919 % 900);
}

static void
a_killed_producer_leaves_no_hole_and_no_repeat(void **state)
{
	pid_t c;

	make();
	c = start_consumer();
	wait_for_consumer();
	for (unsigned int i = 0; i < KILLS; i++) {
		pid_t p = start_producer(true);

		a_while(i);
		end(p);
	}
	usleep(100000);
	end(c);
	print_message("# %lu records over %d producers\n", (unsigned long)seen->records, KILLS);
	assert_int_equal(seen->missed, 0);
	assert_int_equal(seen->wrong, 0);
	assert_int_equal(seen->holes, 0);
	assert_int_equal(seen->repeats, 0);
	assert_true(seen->next >= seen->produced);
	assert_true(seen->next > KILLS);
	unmake();
}

static void
a_killed_consumer_misses_nothing(void **state)
{
	pid_t p, c;

	make();
	c = start_consumer();
	wait_for_consumer();
	end(c);
	p = start_producer(true);
	for (unsigned int i = 0; i < KILLS; i++) {
		c = start_consumer();

		a_while(i);
		end(c);
	}
	end(p);
	print_message("# %lu records, %lu of them again over %d consumers\n",
		(unsigned long)seen->records, (unsigned long)seen->repeats, KILLS);
	assert_int_equal(seen->missed, 0);
	assert_int_equal(seen->wrong, 0);
	assert_int_equal(seen->holes, 0);
	/* A repeat is one of the 64 between two ring_done(). */
	assert_true(seen->repeats <= 64 * KILLS);
	assert_true(seen->next > KILLS);
	unmake();
}

static void
a_lapped_consumer_never_sees_a_torn_record(void **state)
{
	pid_t p, c;

	make();
	c = start_consumer();
	p = start_producer(false);
	for (unsigned int i = 0; i < KILLS / 5; i++) {
		a_while(i);
		if (i % 3 == 0) {
			end(p);
			p = start_producer(false);
		}
		/* Held up now and then, so that it is lapped. */
		kill(c, SIGSTOP);
		a_while(i);
		kill(c, SIGCONT);
	}
	end(p);
	usleep(100000);
	end(c);
	print_message("# %lu records seen, %lu missed\n", (unsigned long)seen->records,
		(unsigned long)seen->missed);
	assert_int_equal(seen->wrong, 0);
	assert_int_equal(seen->holes, 0);
	assert_int_equal(seen->repeats, 0);
	assert_true(seen->missed > 0);
	unmake();
}

static void
so_it_is_where_the_producer_stays_low(void **state)
{
	for (low = BYTES / 64; low <= BYTES / 2; low *= 8) {
		a_killed_producer_leaves_no_hole_and_no_repeat(state);
		a_killed_consumer_misses_nothing(state);
		a_lapped_consumer_never_sees_a_torn_record(state);
	}
	low = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_producer_leaves_no_hole_and_no_repeat),
		cmocka_unit_test(a_killed_consumer_misses_nothing),
		cmocka_unit_test(a_lapped_consumer_never_sees_a_torn_record),
		cmocka_unit_test(so_it_is_where_the_producer_stays_low),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ring-kill", tests, NULL, NULL);
}
