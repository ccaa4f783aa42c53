/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-enricher whose peers are wrong or new, and when it dies itself. */
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "component/enricher-put.h"
#include "component/kring-real.h"

/* ---- peers ---- */

static void
a_rule_set_that_is_no_good_changes_nothing(void **state)
{
	struct msg_ruleset m = { .generation = 5, .len = 100 };
	struct chan_msg answer;
	struct event e;
	int fd;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	fd = memfd_create("bad", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 100), 0);
	assert_int_equal(chan_send(rig.api, IPC_RULESET, 1, &m, &fd), 0);
	assert_int_equal(chan_wait(rig.api, &answer, 1000), 1);
	assert_int_equal(answer.hdr.type, IPC_RULESET_USED);
	assert_int_equal(((const struct msg_ruleset_used *)answer.payload)->err, -EBADMSG);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	assert_int_equal(chan_send(rig.api, IPC_RULESET, 1, &m, &fd), 0);
	assert_int_equal(chan_wait(rig.api, &answer, 1000), 1);
	assert_int_equal(((const struct msg_ruleset_used *)answer.payload)->err, -EINVAL);
	close(fd);
	put_open(ENRIG_BULK, 1, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->generation, 1);
}

/* A peer that breaks the protocol loses its channel; the others do not notice. */
static void
a_peer_that_is_wrong_is_left_alone(void **state)
{
	const struct msg_action_result bad = { .outcome = N_OUTCOMES };
	const struct msg_ev_ring ring = { .data_bytes = 4096, .class_ = N_EV_CLASSES };
	struct chan_msg m;
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	assert_int_equal(chan_send(rig.action, IPC_ACTION_RESULT, 0, &bad, NULL), 0);
	assert_int_equal(chan_wait(rig.action, &m, 1000), 0);
	assert_int_equal(chan_send(rig.loader, IPC_EV_RING, 0, &ring, &rig.rings[0].fd), 0);
	assert_int_equal(chan_wait(rig.loader, &m, 1000), 0);
	assert_int_equal(chan_send(rig.api, IPC_EV_RINGS_END, 0, NULL, NULL), 0);
	assert_int_equal(chan_wait(rig.api, &m, 1000), 0);
	put_open(ENRIG_BULK, 1, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_true(enrig_running(&rig));
}

static void
a_new_loader_s_rings_go_on_or_begin_anew(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_open(ENRIG_BULK, 1, 5, "/1");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(enrig_loader(&rig), 0);
	put_open(ENRIG_BULK, 2, 5, "/2");
	assert_int_equal(enrig_rings(&rig), 0);
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ev->ts, 2);
	put_open(ENRIG_BULK, 3, 5, "/3");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ev->ts, 3);
	/* Other maps: nothing is skipped in them. */
	rig.map_id += 50;
	fake_ring_drop(&rig.rings[ENRIG_BULK]);
	rig.rings[ENRIG_BULK] = fake_ring_make(rig.kring_bytes);
	for (uint64_t i = 4; i < 14; i++)
		put_open(ENRIG_BULK, i, 5, "/");
	assert_int_equal(enrig_rings(&rig), 0);
	for (uint64_t i = 4; i < 14; i++) {
		assert_true(enrig_take(&rig, &e));
		assert_int_equal(e.ev->ts, i);
	}
	assert_int_equal(e.rec->seq, 13);
}

static void
asks_to_be_woken_when_there_is_nothing_to_do(void **state)
{
	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	for (unsigned int i = 0; i < 1000 && !__atomic_load_n(&rig.shared[1].sleeping, __ATOMIC_RELAXED); i++)
		usleep(1000);
	assert_int_equal(rig.shared[0].sleeping, 1);
	assert_int_equal(rig.shared[1].sleeping, 1);
}

static int
real_rings(struct real_ring *real)
{
	const struct msg_ev_shared shared = { .bytes = ENRIG_CPUS * sizeof(struct ev_cpu),
		.n_cpus = ENRIG_CPUS };
	const struct msg_ev_ring m = { .data_bytes = REAL_RING_BYTES, .class_ = EV_BULK, .map_id = 5000 };
	int err = chan_send(rig.loader, IPC_EV_SHARED, 0, &shared, &rig.shared_fd);

	if (!err)
		err = chan_send(rig.loader, IPC_EV_RING, 0, &m, &real->ring);
	return err ? err : chan_send(rig.loader, IPC_EV_RINGS_END, 0, NULL, NULL);
}

/* What the memfds of the other tests cannot show: the kernel's own layout, and its wake-ups. */
static void
reads_a_ring_buffer_of_the_kernel_and_is_woken_by_it(void **state)
{
	struct real_ring real;
	struct event e;

	skip_without_users();
	assert_int_equal(real_ring_make(&real, BPF_RB_FORCE_WAKEUP), 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	assert_int_equal(real_rings(&real), 0);
	for (uint64_t i = 1; i <= 1000; i++) {
		assert_int_equal(fake_open(real.bytes, i, 5, "/real/path"), REAL_RECORD_BYTES);
		/* Idle, then asleep for good, now and then. */
		if (i % 250 == 0)
			usleep(400000);
		assert_int_equal(real_ring_put(&real), 0);
		assert_true(enrig_take(&rig, &e));
		assert_int_equal(e.ev->ts, i);
	}
	assert_int_equal(enrig_stat(&rig, "events.enricher.written"), 1000);
	assert_int_equal(enrig_stat(&rig, "events.enricher.damaged"), 0);
	close(real.ring);
	close(real.array);
	close(real.prog);
	munmap(real.bytes, 4096);
}

static void
stops_after_what_is_there_has_been_read(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_open(ENRIG_BULK, 1, 5, "/");
	assert_true(enrig_take(&rig, &e));
	for (uint64_t i = 2; i <= 100; i++)
		put_open(ENRIG_BULK, i, 5, "/");
	assert_int_equal(enrig_stop(&rig), 0);
	for (uint64_t i = 2; i <= 100; i++)
		assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->seq, 100);
}

/* An API that is busy must not lose the enricher by what it asked it. */
static void
counters_of_every_tracer_come_in_few_messages(void **state)
{
	unsigned int n = 0;
	struct chan_msg m;

	for (unsigned int t = 0; t < N_TRACERS; t++)
		rig.shared[0].count[t].produced = 1 + t;
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(chan_send(rig.api, IPC_EV_STATS, 10 + i, NULL, NULL), 0);
	usleep(200000);			/* it answers all of them, unread */
	while (n < 10 && chan_wait(rig.api, &m, 5000) == 1)
		n += m.hdr.type == IPC_EV_STATS_END;
	assert_int_equal(n, 10);
	assert_int_equal(enrig_stat(&rig, "events.kernel.exec.produced"), 1 + TR_EXEC);
}

/* ---- death ---- */

static void
a_successor_knows_the_processes_and_cgroups(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL, 1, 1, 2, "/docker/" H);
	for (uint32_t i = 1; i < 200; i++)
		put_proc(ENRIG_CONTROL, i, i, "/bin/x");
	while (enrig_stat(&rig, "events.enricher.infos") != 200)
		usleep(1000);
	enrig_kill(&rig);
	assert_int_equal(enrig_start(&rig), 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	for (uint32_t i = 1; i < 200; i++)
		put_open(ENRIG_BULK, 1000 + i, i, "/");
	for (uint32_t i = 1; i < 200; i++) {
		assert_true(enrig_take(&rig, &e));
		assert_true(is(e.ctx, e.ctx->exe, "/bin/x"));
		assert_true(is(e.ctx, e.ctx->container, H));
	}
	assert_int_equal(enrig_stat(&rig, "events.state.procs"), 199);
	assert_int_equal(enrig_stat(&rig, "events.enricher.infos"), 200);
}

/* The generator: events numbered by their ts, as many as the rings take, odd ones in one ring and
 * even ones in another.  Between two looks at the rings they may change places, within one not. */
struct load {
	uint64_t next;			/* ts of the next event */
	uint64_t expected[2], taken, repeats, holes;
};

static void
produce(struct load *l)
{
	for (unsigned int i = 0; i < 64; i++) {
		unsigned int ring = l->next % 2 ? ENRIG_BULK : ENRIG_BULK1;

		if (!enrig_put(&rig, ring, room, fake_open(room, l->next, 5, "/some/where")))
			return;
		l->next++;
	}
}

static void
consume(struct load *l)
{
	uint64_t *expected;
	const void *rec;
	struct event e;
	size_t len;

	while (ring_next(rig.reader, &rec, &len)) {
		assert_int_equal(record_check(rec, len, &e), 0);
		expected = &l->expected[e.ev->ts % 2];
		if (e.ev->ts < *expected)
			l->repeats++;
		else if (e.ev->ts > *expected)
			l->holes++;
		*expected = e.ev->ts + 2;
		l->taken++;
	}
	ring_done(rig.reader);
}

static uint64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void
killed_a_hundred_times_under_load_it_loses_and_repeats_nothing(void **state)
{
	struct load l = { .next = 1, .expected = { 2, 1 } };
	uint64_t written;

	skip_without_users();
	for (unsigned int kill = 0; kill < 100; kill++) {
		uint64_t end;

		assert_int_equal(enrig_want(&rig, OPENS), 0);
		end = now_us() + 1000 + kill * 7919 % 9000;
		while (now_us() < end) {
			produce(&l);
			consume(&l);
		}
		enrig_kill(&rig);
		consume(&l);
		assert_int_equal(enrig_start(&rig), 0);
	}
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	for (unsigned int i = 0; i < 2000 && l.taken != l.next - 1; i++) {
		usleep(1000);
		consume(&l);
	}
	print_message("# %lu events over 100 deaths\n", (unsigned long)l.next - 1);
	assert_int_equal(l.taken, l.next - 1);
	assert_int_equal(l.holes, 0);
	assert_int_equal(l.repeats, 0);
	assert_int_equal(ring_missed(rig.reader), 0);
	/* The books agree, over all deaths. */
	written = enrig_stat(&rig, "events.enricher.written");
	assert_int_equal(written, l.next - 1);
	assert_int_equal(enrig_stat(&rig, "events.enricher.read"), written);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_rule_set_that_is_no_good_changes_nothing),
		T(a_peer_that_is_wrong_is_left_alone),
		T(a_new_loader_s_rings_go_on_or_begin_anew),
		T(asks_to_be_woken_when_there_is_nothing_to_do),
		T(reads_a_ring_buffer_of_the_kernel_and_is_woken_by_it),
		T(stops_after_what_is_there_has_been_read),
		T(counters_of_every_tracer_come_in_few_messages),
		T(a_successor_knows_the_processes_and_cgroups),
		T(killed_a_hundred_times_under_load_it_loses_and_repeats_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("enricher-peers", tests, NULL, NULL);
}
