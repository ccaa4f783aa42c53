/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-enricher between a kernel and peers that are this test: what becomes of events. */
#include <errno.h>
#include <pwd.h>

#include "bpf/action.h"
#include "component/enricher-put.h"

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

static bool
came_whole(const struct event *e)
{
	return ring_taken(rig.reader) > e->rec->len;
}

static void
a_context_is_written_again_only_when_it_is_another(void **state)
{
	struct event e;

	skip_without_users();
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_cgroup(ENRIG_CONTROL, 1, 7, 2, "/lxc.payload.web");
	put_cgroup(ENRIG_CONTROL, 1, 1, 2, "/");
	put_proc(ENRIG_CONTROL, 2, 5, "/bin/x");
	put_proc(ENRIG_CONTROL, 3, 6, "/bin/y");
	put_open(ENRIG_BULK, 4, 6, "/");	/* the ring's first record is shared by none */
	assert_true(enrig_take(&rig, &e));
	for (uint64_t i = 0; i < 4; i++) {
		put_open(ENRIG_BULK, 10 + i, 5 + i % 2, i ? "/a longer path" : "/");
		assert_true(enrig_take(&rig, &e));
		assert_int_equal(came_whole(&e), i < 2);
		assert_true(is(e.ctx, e.ctx->exe, i % 2 ? "/bin/y" : "/bin/x"));
		assert_true(is(e.ev, ((const struct ev_open *)e.ev)->path, i ? "/a longer path" : "/"));
	}
	put_open_in(ENRIG_BULK, 20, 5, 7, 0);
	assert_true(enrig_take(&rig, &e));
	assert_true(came_whole(&e));
	assert_true(is(e.ctx, e.ctx->container, "web"));
	put_open_in(ENRIG_BULK, 21, 5, 7, 0);
	assert_true(enrig_take(&rig, &e));
	assert_false(came_whole(&e));
	assert_true(is(e.ctx, e.ctx->container, "web"));
	enrig_kill(&rig);
	assert_int_equal(enrig_start(&rig), 0);
	assert_int_equal(enrig_want(&rig, OPENS), 0);
	put_open_in(ENRIG_BULK, 22, 5, 7, 0);
	assert_true(enrig_take(&rig, &e));
	assert_true(came_whole(&e));
	assert_true(is(e.ctx, e.ctx->exe, "/bin/x"));
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
		.target_ppid = 4, .target_uid = 1000, .target_gid = 1001, .target_comm = "thing",
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
	assert_int_equal(e.ev->ppid, 4);
	assert_int_equal(e.ev->uid, 1000);
	assert_int_equal(e.ev->gid, 1001);
	assert_string_equal(e.ev->comm, "thing");
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

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_event_comes_out_with_who_and_where_it_was),
		T(the_v1_hierarchy_is_asked_first_when_it_names_a_container),
		T(an_unknown_process_has_what_its_event_says),
		T(a_process_that_ended_or_executed_another_program_is_still_known),
		T(a_context_is_written_again_only_when_it_is_another),
		T(long_strings_are_kept_or_marked_as_cut),
		T(what_nobody_wants_is_counted_and_goes_no_further),
		T(events_wait_for_the_first_rule_set),
		T(losses_are_told_once_by_the_next_record),
		T(records_that_make_no_sense_are_dropped_and_counted),
		T(what_an_action_did_becomes_an_event_of_its_target),
		T(a_shell_is_told_to_the_loader_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("enricher", tests, NULL, NULL);
}
