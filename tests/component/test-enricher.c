/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-enricher between a kernel and peers that are this test. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <time.h>

#include "bpf/action.h"
#include "common/auto.h"
#include "component/enricher-rig.h"
#include "component/kring-real.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OPENS (1ull << TR_OPEN)

static struct enrig rig;
static char room[FAKE_MAX] __attribute__((aligned(8)));

static void
skip_without_users(void)
{
	if (geteuid() == 0 && getpwnam("bpfd-enrich"))
		return;
	print_message("needs root and the users of tools/bpfd-setup-users\n");
	skip();
}

static int
set_up(void **state)
{
	if (geteuid() != 0 || !getpwnam("bpfd-enrich"))
		return 0;
	return enrig_open(&rig, 0, 0) || enrig_start(&rig);
}

static int
tear_down(void **state)
{
	if (rig.ring > 0)
		enrig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	return 0;
}

static bool
is(const void *base, struct ev_str s, const char *want)
{
	return s.len == strlen(want) && memcmp((const char *)base + s.off, want, s.len) == 0;
}

static void
put_open(unsigned int ring, uint64_t ts, uint32_t tgid, const char *path)
{
	assert_true(enrig_put(&rig, ring, room, fake_open(room, ts, tgid, path)));
}

static void
put_open_in(unsigned int ring, uint64_t ts, uint32_t tgid, uint64_t cgroup, uint64_t cgroup1)
{
	size_t len = fake_open(room, ts, tgid, "/x");
	struct ev_hdr *h = (struct ev_hdr *)room;

	h->cgroup = cgroup;
	h->cgroup1 = cgroup1;
	assert_true(enrig_put(&rig, ring, room, len));
}

static void
put_proc(unsigned int ring, uint64_t ts, uint32_t tgid, const char *exe)
{
	assert_true(enrig_put(&rig, ring, room, fake_proc(room, ts, tgid, 0, exe, "a\0b", 4)));
}

static void
put_cgroup(unsigned int ring, uint64_t ts, uint64_t id, uint32_t hierarchy, const char *path)
{
	assert_true(enrig_put(&rig, ring, room, fake_cgroup(room, ts, id, hierarchy, path)));
}

static void
an_event_comes_out_with_who_and_where_it_was(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL1, 10, 1, 2, "/system.slice/docker-" H ".scope/init.scope");
	put_proc(ENRIG_CONTROL, 20, 5, "/usr/bin/cat");
	put_open(ENRIG_BULK, 30, 5, "/etc/passwd");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->seq, 1);
	assert_int_equal(e.rec->actions, 1);
	assert_int_equal(e.rec->generation, 1);
	assert_int_equal(e.rec->lost, 0);
	assert_int_equal(e.ev->tgid, 5);
	assert_true(is(e.ev, ((const struct ev_open *)e.ev)->path, "/etc/passwd"));
	assert_int_equal(e.ctx->flags & (CTX_PROC | CTX_CONTAINER | CTX_CLAIM), CTX_PROC | CTX_CONTAINER);
	assert_true(is(e.ctx, e.ctx->exe, "/usr/bin/cat"));
	assert_true(is(e.ctx, e.ctx->pcomm, "init"));
	assert_int_equal(e.ctx->args.len, 4);
	assert_true(is(e.ctx, e.ctx->runtime, "docker"));
	assert_true(is(e.ctx, e.ctx->container, H));
	assert_true(is(e.ctx, e.ctx->cgroup_dir, "/system.slice/docker-" H ".scope"));
	assert_int_equal(e.ctx->cgroup_hierarchy, 2);
}

static void
the_v1_hierarchy_is_asked_first_when_it_names_a_container(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL, 1, 1, 2, "/");
	put_cgroup(ENRIG_CONTROL, 2, 1, 1, "/docker/" H);
	put_cgroup(ENRIG_CONTROL, 3, 2, 1, "/plain");
	put_proc(ENRIG_CONTROL, 4, 5, "/bin/x");
	put_open_in(ENRIG_BULK, 5, 5, 1, 1);
	put_open_in(ENRIG_BULK, 6, 5, 1, 2);
	assert_true(enrig_take(&rig, &e));
	assert_true(is(e.ctx, e.ctx->container, H));
	assert_int_equal(e.ctx->cgroup_hierarchy, 1);
	/* The same process moved. */
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ctx->flags & CTX_CONTAINER, 0);
	assert_true(is(e.ctx, e.ctx->cgroup, "/"));
	assert_true(is(e.ctx, e.ctx->exe, "/bin/x"));
}

static void
an_unknown_process_has_what_its_event_says(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL, 1, 7, 2, "/lxc.payload.web");
	put_open_in(ENRIG_BULK, 2, 99, 7, 0);
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ctx->flags & (CTX_PROC | CTX_CONTAINER), CTX_CONTAINER);
	assert_true(is(e.ctx, e.ctx->container, "web"));
	assert_int_equal(e.ctx->exe.len, 0);
	assert_int_equal(enrig_stat(&rig, "events.enricher.unknown_procs"), 1);
}

static void
a_process_that_ended_or_executed_another_program_is_still_known(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_proc(ENRIG_CONTROL, 1, 5, "/bin/old");
	assert_true(enrig_put(&rig, ENRIG_CONTROL, room, fake_proc(room, 10, 5, 1, "/bin/new", "", 0)));
	assert_true(enrig_put(&rig, ENRIG_CONTROL, room, fake_gone(room, 20, 5, 1)));
	put_open(ENRIG_BULK, 9, 5, "/before");
	put_open(ENRIG_BULK, 30, 5, "/exec_id 0, late");
	assert_true(enrig_take(&rig, &e));
	assert_true(is(e.ctx, e.ctx->exe, "/bin/old"));
	assert_true(enrig_take(&rig, &e));
	assert_true(is(e.ctx, e.ctx->exe, "/bin/old"));
	/* Not much later. */
	put_open(ENRIG_BULK, 5000000000ull, 6, "/");
	assert_true(enrig_take(&rig, &e));
	put_open(ENRIG_BULK, 5000000001ull, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ctx->flags & CTX_PROC, 0);
}

static void
long_strings_are_kept_or_marked_as_cut(void **state)
{
	static char args[12000];
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	memset(args, 'a', sizeof(args));
	args[3999] = args[11999] = '\0';
	assert_true(enrig_put(&rig, ENRIG_CONTROL, room, fake_proc(room, 1, 5, 0, "/bin/x", args, 4000)));
	assert_true(enrig_put(&rig, ENRIG_CONTROL, room, fake_proc(room, 2, 6, 0, "/bin/y", args, 12000)));
	put_open(ENRIG_BULK, 3, 5, "/");
	put_open(ENRIG_BULK, 4, 6, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ctx->args.len, 4000);
	assert_int_equal(e.ctx->flags & CTX_CUT, 0);
	assert_true(enrig_take(&rig, &e));
	assert_true(e.ctx->args.len > 7000);
	assert_int_equal(e.ctx->flags & CTX_CUT, CTX_CUT);
	assert_true(is(e.ctx, e.ctx->exe, "/bin/y"));
}

static void
what_nobody_wants_is_counted_and_goes_no_further(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, 1ull << TR_ARP), 0);
	put_open(ENRIG_BULK, 2, 5, "/not wanted");
	while (enrig_stat(&rig, "events.enricher.read") != 1)
		usleep(1000);
	assert_int_equal(enrig_stat(&rig, "events.enricher.unmatched"), 1);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_open(ENRIG_BULK, 3, 5, "/wanted");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->seq, 1);
	assert_int_equal(enrig_stat(&rig, "events.enricher.written"), 1);
}

static void
events_wait_for_the_first_rule_set(void **state)
{
	struct event e;

	skip_without_users();
	put_open(ENRIG_BULK, 1, 5, "/early");
	assert_int_equal(enrig_stat(&rig, "events.enricher.read"), 0);
	assert_int_equal(*rig.rings[ENRIG_BULK].consumer, 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.ev->ts, 1);
}

static void
losses_are_told_once_by_the_next_record(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	rig.shared[1].count[TR_OPEN].lost = 7;
	rig.shared[0].count[TR_ARP].lost = 3;
	rig.shared[0].count[TR_OPEN].produced = 40;
	usleep(2000);			/* it looks once in a millisecond */
	put_open(ENRIG_BULK, 1, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->lost, 10);
	put_open(ENRIG_BULK, 2, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->lost, 0);
	assert_int_equal(enrig_stat(&rig, "events.kernel.open.lost"), 7);
	assert_int_equal(enrig_stat(&rig, "events.kernel.open.produced"), 40);
	assert_int_equal(enrig_stat(&rig, "events.enricher.reported_lost"), 10);
	/* A successor does not tell them again, and not the less. */
	enrig_kill(&rig);
	rig.shared[0].count[TR_OPEN].lost = 5;
	assert_int_equal(enrig_start(&rig), 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	usleep(50000);
	put_open(ENRIG_BULK, 3, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(e.rec->lost, 5);
	assert_int_equal(enrig_stat(&rig, "events.enricher.lost"), 15);
}

static void
records_that_make_no_sense_are_dropped_and_counted(void **state)
{
	struct ev_open *o = (struct ev_open *)room;
	struct event e;
	size_t len;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	len = fake_open(room, 1, 5, "/x");
	o->path.len = 0xffff;
	enrig_put(&rig, ENRIG_BULK, room, len);
	len = fake_open(room, 2, 5, "/x");
	o->h.tracer = 63;
	enrig_put(&rig, ENRIG_BULK, room, len);
	len = fake_open(room, 3, 5, "/x");
	o->h.len = 0xfffffff8;
	enrig_put(&rig, ENRIG_BULK, room, len);
	len = fake_proc(room, 3, 5, 0, "/x", "", 0);
	((struct ev_proc_info *)room)->args = (struct ev_str){ 0xfff0, 0xffff };
	enrig_put(&rig, ENRIG_CONTROL, room, len);
	len = fake_cgroup(room, 3, 5, 9, "/");
	enrig_put(&rig, ENRIG_CONTROL, room, len);
	put_open(ENRIG_BULK, 4, 5, "/good");
	assert_true(enrig_take(&rig, &e));
	assert_true(is(e.ev, ((const struct ev_open *)e.ev)->path, "/good"));
	assert_int_equal(e.rec->lost, 3);
	assert_int_equal(enrig_stat(&rig, "events.enricher.malformed"), 3);
	assert_int_equal(enrig_stat(&rig, "events.enricher.malformed_infos"), 2);
}

static void
what_an_action_did_becomes_an_event_of_its_target(void **state)
{
	struct msg_action_result m = { .seq = 77, .target_pid = 5, .target_start = 1005, .err = -3,
		.outcome = OUTCOME_GONE, .action = 2, .action_name = "kill", .rule = "r",
		.container = "c", .text = "no such process" };
	const struct ev_action *a;
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS | 1ull << TR_ACTION), 0);
	put_proc(ENRIG_CONTROL, 1, 5, "/bin/x");
	put_open(ENRIG_BULK, 2, 5, "/");
	assert_true(enrig_take(&rig, &e));
	assert_int_equal(chan_send(rig.action, IPC_ACTION_RESULT, 0, &m, NULL), 0);
	assert_true(enrig_take(&rig, &e));
	a = (const struct ev_action *)e.ev;
	assert_int_equal(e.ev->tracer, TR_ACTION);
	assert_int_equal(a->cause, 77);
	assert_int_equal(e.ev->ret, -3);
	assert_true(is(a, a->action, "kill"));
	assert_true(is(a, a->text, "no such process"));
	assert_true(is(e.ctx, e.ctx->exe, "/bin/x"));
}

static void
a_shell_is_told_to_the_loader_once(void **state)
{
	struct chan_msg m;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	for (uint32_t i = 1; i < 5; i++)
		put_proc(ENRIG_CONTROL, i, i, "/usr/bin/bash");
	assert_int_equal(chan_wait(rig.loader, &m, 1000), 1);
	assert_int_equal(m.hdr.type, IPC_BINARY_SEEN);
	assert_int_equal(((const struct msg_binary *)m.payload)->ino, 77);
	assert_string_equal(((const struct msg_binary *)m.payload)->path, "/usr/bin/bash");
	assert_int_equal(chan_wait(rig.loader, &m, 300), -ETIMEDOUT);
}

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
		T(an_event_comes_out_with_who_and_where_it_was),
		T(the_v1_hierarchy_is_asked_first_when_it_names_a_container),
		T(an_unknown_process_has_what_its_event_says),
		T(a_process_that_ended_or_executed_another_program_is_still_known),
		T(long_strings_are_kept_or_marked_as_cut),
		T(what_nobody_wants_is_counted_and_goes_no_further),
		T(events_wait_for_the_first_rule_set),
		T(losses_are_told_once_by_the_next_record),
		T(records_that_make_no_sense_are_dropped_and_counted),
		T(what_an_action_did_becomes_an_event_of_its_target),
		T(a_shell_is_told_to_the_loader_once),
		T(a_rule_set_that_is_no_good_changes_nothing),
		T(a_peer_that_is_wrong_is_left_alone),
		T(a_new_loader_s_rings_go_on_or_begin_anew),
		T(asks_to_be_woken_when_there_is_nothing_to_do),
		T(reads_a_ring_buffer_of_the_kernel_and_is_woken_by_it),
		T(stops_after_what_is_there_has_been_read),
		T(a_successor_knows_the_processes_and_cgroups),
		T(killed_a_hundred_times_under_load_it_loses_and_repeats_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("enricher", tests, NULL, NULL);
}
