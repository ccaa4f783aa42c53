/* SPDX-License-Identifier: Apache-2.0 */
/* What the real bpfd-action asks for checkpoints, one after the other, and what it makes of the answers. */
#include <errno.h>
#include <sys/socket.h>

#include "action-acts.h"

static int
setup(void **state)
{
	struct action_def *a;

	arig_open(&rig, CLASS_CHECKPOINT);
	rig.flags = ACTION_ALLOW_ENFORCE;
	rig.cfg.actions_checkpoint_queue = 2;
	a = &rig.table.a[rig.table.n++];
	action_init(a, ACTION_CHECKPOINT);
	strcpy(a->name, "dump");
	arig_give(&rig, ACTION_FD_PROC, 0, rig.proc_fd);
	arig_start(&rig);
	return 0;
}

/* An event in a container of that name, by a rule in enforce mode. */
static void
happens_in(const char *container, uint32_t flags)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = arig_now_ns(), .tgid = 77, .start = 1000, .comm = "thing" } };
	struct rec_ctx *c;
	char dir[64];

	made_event(&rig.made, &o, sizeof(o));
	made_str(&rig.made, ev_open, path, "/x");
	c = made_ctx(&rig.made, CTX_PROC | flags);
	c->cgroup_hierarchy = 2;
	snprintf(dir, sizeof(dir), "/docker/%s", container);
	made_ctx_str(&rig.made, cgroup_dir, dir);
	made_ctx_str(&rig.made, container, container);
	made_match(&rig.made, "r1", arig_bit(&rig, "dump"), MATCH_ENFORCE);
	made_end(&rig.made);
	arig_put(&rig);
	arig_commit(&rig);
}

static uint32_t seq;

/* Its next request is for this container. */
static void
assert_asks_for(const char *container)
{
	const struct msg_checkpoint *req;
	struct chan_msg m;

	assert_int_equal(chan_wait(rig.sup, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_CHECKPOINT_WANTED);
	req = m.payload;
	seq = m.hdr.seq;
	assert_string_equal(req->container, container);
	assert_memory_equal(req->cgroup, "docker/", 7);
	assert_string_equal(req->cgroup + 7, container);
	assert_int_equal(req->hierarchy, 2);
	assert_int_equal(1ULL << req->action, arig_bit(&rig, "dump"));
}

static void
assert_asks_for_nothing(void)
{
	struct chan_msg m;

	assert_int_equal(chan_wait(rig.sup, &m, 100), -ETIMEDOUT);
}

/* The other end of the channel that the worker is given. */
static struct chan *
give_helper(void)
{
	struct chan *ch;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(chan_new(sv[0], ROLE_CHECKPOINT, FROM_SUP, &ch), 0);
	assert_int_equal(chan_send(rig.sup, IPC_CHECKPOINT_HELPER, seq, &(struct msg_none){}, &sv[1]), 0);
	close(sv[1]);
	return ch;
}

static void
say_done(struct chan *ch, uint32_t of, enum action_outcome what, const char *text)
{
	struct msg_checkpoint_done done = { .outcome = what };

	strcpy(done.text, text);
	assert_int_equal(chan_send(ch, IPC_CHECKPOINT_DONE, of, &done, NULL), 0);
}

static void
tells_what_the_helper_says(void **state)
{
	struct chan *ch;

	happens_in("c1", CTX_CONTAINER);
	assert_asks_for("c1");
	ch = give_helper();
	say_done(ch, seq, OUTCOME_DONE, "c1-now: 5 bytes");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.text, "c1-now: 5 bytes");
	assert_string_equal(res.container, "c1");
	assert_string_equal(res.rule, "r1");
	assert_int_equal(res.target_pid, 77);
	chan_free(ch);
}

static void
writes_one_after_the_other_and_refuses_what_is_too_many(void **state)
{
	struct msg_checkpoint_none none = { .err = -ENOENT, .text = "nobody starts it" };
	struct chan *ch;

	for (int i = 1; i <= 4; i++)
		happens_in((char[]){ 'c', (char)('0' + i), '\0' }, CTX_CONTAINER);
	assert_asks_for("c1");
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_string_equal(res.container, "c4");
	assert_asks_for_nothing();
	ch = give_helper();
	say_done(ch, seq, OUTCOME_DONE, "x");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_asks_for("c2");
	assert_int_equal(chan_send(rig.sup, IPC_CHECKPOINT_NONE, seq, &none, NULL), 0);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_string_equal(res.text, "nobody starts it");
	assert_int_equal(res.err, -ENOENT);
	assert_asks_for("c3");
	chan_free(ch);
}

static void
goes_on_when_a_helper_ends_or_says_nonsense(void **state)
{
	struct chan *ch;

	for (int i = 1; i <= 3; i++)
		happens_in((char[]){ 'c', (char)('0' + i), '\0' }, CTX_CONTAINER);
	assert_asks_for("c1");
	chan_free(give_helper());
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_string_equal(res.container, "c1");
	assert_asks_for("c2");
	ch = give_helper();
	say_done(ch, seq + 7, OUTCOME_DONE, "of another");
	assert_int_equal(outcome(), OUTCOME_FAILED);
	chan_free(ch);
	assert_asks_for("c3");
	ch = give_helper();
	say_done(ch, seq, N_OUTCOMES, "?");
	assert_int_equal(outcome(), OUTCOME_FAILED);
	chan_free(ch);
	happens_in("c4", CTX_CONTAINER);
	assert_asks_for("c4");
}

static void
asks_for_no_process_of_the_host_and_for_none_twice(void **state)
{
	happens_in("c1", 0);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	happens_in("c2", CTX_CONTAINER);
	assert_asks_for("c2");
	happens_in("c2", CTX_CONTAINER);
	assert_asks_for_nothing();
}

static void
the_next_worker_tells_what_one_that_was_killed_had_begun(void **state)
{
	happens_in("c1", CTX_CONTAINER);
	assert_asks_for("c1");
	/* Once this one is answered, that one is done with as an event. */
	happens_in("h", 0);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	arig_kill(&rig);
	arig_start(&rig);
	while (outcome() == OUTCOME_PROTECTED)
		;			/* the last event may come again */
	assert_int_equal(res.outcome, OUTCOME_FAILED);
	assert_non_null(strstr(res.text, "container c1: it was given up"));
	happens_in("c2", CTX_CONTAINER);
	assert_asks_for("c2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
		T(tells_what_the_helper_says),
		T(writes_one_after_the_other_and_refuses_what_is_too_many),
		T(goes_on_when_a_helper_ends_or_says_nonsense),
		T(asks_for_no_process_of_the_host_and_for_none_twice),
		T(the_next_worker_tells_what_one_that_was_killed_had_begun),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action-checkpoint", tests, NULL, NULL);
}
