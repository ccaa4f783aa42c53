/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-api when it dies, when its loader dies, lies or is slow, and when the store does not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/auto.h"
#include "component/apicall.h"

static void
kill_nine_keeps_what_was_answered(void **state)
{
	struct apicall *t = *state;
	uint32_t id = api_loaded(t);

	assert_int_equal(api_attach(t, id), 0);
	apicall_restart(t);
	assert_string_equal(api_list(t)->programs[0]->name, "only");
	assert_string_equal(api_list(t)->programs[0]->state, "loaded");
	assert_string_equal(api_links(t)->links[0]->state, "attached");
	assert_string_equal(api_links(t)->links[0]->program_name, "only");
	assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 0);
}

static void
an_intent_of_a_killed_api_is_undone(void **state)
{
	struct apicall *t = *state;

	api_list(t);
	apirig_mood(&t->rig, FAKE_KILLS_API);
	assert_int_not_equal(api_load(t, "object"), 0);
	assert_int_equal(t->rig.n_progs, 1);
	apirig_mood(&t->rig, FAKE_WORKS);
	apicall_restart(t);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 1);
	assert_int_equal(t->rig.n_progs, 0);
}

static void
a_loader_that_dies_fails_the_request_and_the_next_one_undoes_it(void **state)
{
	static const enum fake_mood moods[] = { FAKE_DIES, FAKE_DIES_LATE };
	struct apicall *t = *state;
	uint32_t id = api_loaded(t);

	for (size_t i = 0; i < ARRAY_SIZE(moods); i++) {
		apirig_reset_counts(&t->rig);
		apirig_mood(&t->rig, moods[i]);
		assert_int_equal(api_load(t, "object"), IPC_UNAVAILABLE);
		apirig_no_loader(&t->rig);
		apirig_loader(&t->rig);
		api_list(t);
		assert_int_equal(api_attach(t, id), IPC_UNAVAILABLE);
		apirig_no_loader(&t->rig);
		apirig_mood(&t->rig, FAKE_WORKS);
		apirig_loader(&t->rig);
		assert_true(apirig_until(&t->rig, IPC_UNDO, 2));
		assert_int_equal(api_list(t)->n_programs, 1);
		assert_int_equal(api_links(t)->n_links, 0);
		assert_int_equal(t->rig.n_progs, 1);
		assert_int_equal(t->rig.n_links, 0);
	}
}

static void
a_cancelled_load_is_undone(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;
	int32_t stream;

	api_list(t);
	apirig_mood(&t->rig, FAKE_WAITS);
	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	rq.content.data = (uint8_t *)"object";
	rq.content.len = 6;
	stream = apicall_start(t, "/bpfd.v1.Programs/Load", &rq.base);
	client_turn(t->client, 50);
	assert_true(apirig_until(&t->rig, IPC_LOAD, 1));
	client_cancel(t->client, stream);
	client_turn(t->client, 50);
	assert_true(apirig_until(&t->rig, IPC_UNDO, 1));
	apirig_mood(&t->rig, FAKE_WORKS);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(api_load(t, "object"), 0);
	assert_int_equal(api_list(t)->n_programs, 1);
	apicall_restart(t);
	assert_int_equal(api_list(t)->n_programs, 1);
}

static void
a_request_waits_for_a_loader_but_not_for_long(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__UnloadRequest rq = BPFD__V1__UNLOAD_REQUEST__INIT;
	int32_t stream;

	assert_int_equal(api_load(t, "object"), 0);
	rq.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	rq.group = 1;
	apirig_no_loader(&t->rig);
	assert_int_equal(api_list(t)->n_programs, 1);	/* queries do not wait */
	stream = apicall_start(t, "/bpfd.v1.Programs/Unload", &rq.base);
	client_turn(t->client, 300);
	apirig_loader(&t->rig);
	assert_int_equal(apicall_finish(t, stream, NULL), 0);
	apirig_no_loader(&t->rig);
	assert_int_equal(api_load(t, "object"), IPC_UNAVAILABLE);
}

static int
load_persistent(struct apicall *t)
{
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;

	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	rq.content.data = (uint8_t *)"object";
	rq.content.len = 6;
	rq.persistent = true;
	return apicall_finish(t, apicall_start(t, "/bpfd.v1.Programs/Load", &rq.base), NULL);
}

/* A reboot: the fake loader forgets its pins, and its kernel begins to count anew, as theirs do. */
static void
reboot(struct apicall *t, enum fake_mood mood)
{
	apirig_no_loader(&t->rig);
	apirig_kill(&t->rig);
	t->rig.n_progs = t->rig.n_links = 0;
	t->rig.next_id++;
	apirig_reset_counts(&t->rig);
	apirig_mood(&t->rig, mood);
	apicall_restart(t);
}

static void
what_is_persistent_comes_back_after_a_reboot(void **state)
{
	struct apicall *t = *state;
	uint32_t id;

	assert_int_equal(load_persistent(t), 0);
	id = api_list(t)->programs[0]->id;
	assert_true(api_list(t)->programs[0]->persistent);
	assert_int_equal(api_attach(t, id), 0);
	for (int i = 0; i < 3; i++) {
		reboot(t, FAKE_WORKS);
		assert_true(apirig_until(&t->rig, IPC_RESTORE_ATTACH, 1));
		assert_true(apirig_until(&t->rig, IPC_COMMIT, 2));
		assert_int_equal(apirig_count(&t->rig, IPC_LOAD), 0);
		assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 0);
		assert_int_equal(api_list(t)->n_programs, 1);
		assert_string_equal(api_list(t)->programs[0]->state, "loaded");
		assert_int_not_equal(api_list(t)->programs[0]->id, id);
		id = api_list(t)->programs[0]->id;
		assert_int_equal(api_links(t)->n_links, 1);
		assert_int_equal(api_links(t)->links[0]->id, 1);
		assert_int_equal(api_links(t)->links[0]->program, id);
		assert_string_equal(api_links(t)->links[0]->state, "attached");
		assert_string_equal(t->rig.last_attach.prog_name, "only");
	}
	assert_int_equal(api_unload(t, 1), 0);
	assert_int_equal(t->rig.n_progs, 0);
}

static void
what_cannot_be_restored_stays_lost_and_says_why(void **state)
{
	struct apicall *t = *state;

	assert_int_equal(load_persistent(t), 0);
	assert_int_equal(api_attach(t, api_list(t)->programs[0]->id), 0);
	reboot(t, FAKE_REFUSES);
	assert_true(apirig_until(&t->rig, IPC_RESTORE_LOAD, 1));
	assert_string_equal(api_list(t)->programs[0]->state, "lost");
	for (int i = 0; i < 100 && !api_list(t)->programs[0]->reason[0]; i++)
		client_turn(t->client, 20);
	assert_string_equal(api_list(t)->programs[0]->reason, "not loaded again: the verifier refused it");
	assert_int_equal(apirig_count(&t->rig, IPC_RESTORE_ATTACH), 0);
	apirig_mood(&t->rig, FAKE_WORKS);
	assert_int_equal(api_load(t, "object"), 0);	/* it blocks nobody */
	reboot(t, FAKE_WORKS);
	assert_true(apirig_until(&t->rig, IPC_COMMIT, 2));
	assert_string_equal(api_list(t)->programs[0]->state, "loaded");
	assert_string_equal(api_list(t)->programs[0]->reason, "");
}

static void
a_restoration_that_dies_is_undone_and_begins_again(void **state)
{
	static const enum fake_mood moods[] = { FAKE_DIES, FAKE_DIES_LATE, FAKE_KILLS_API };
	struct apicall *t = *state;

	assert_int_equal(load_persistent(t), 0);
	assert_int_equal(api_attach(t, api_list(t)->programs[0]->id), 0);
	for (size_t i = 0; i < ARRAY_SIZE(moods); i++) {
		reboot(t, moods[i]);
		assert_true(apirig_until(&t->rig, IPC_RESTORE_LOAD, 1));
		apirig_no_loader(&t->rig);
		apirig_mood(&t->rig, FAKE_WORKS);
		apicall_restart(t);
		assert_true(apirig_until(&t->rig, IPC_COMMIT, 2));
		assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 1);
		assert_int_equal(api_list(t)->n_programs, 1);
		assert_string_equal(api_list(t)->programs[0]->state, "loaded");
		assert_string_equal(api_links(t)->links[0]->state, "attached");
		assert_int_equal(t->rig.n_progs, 1);
		assert_int_equal(t->rig.n_links, 1);
	}
}

static void
rows_without_pins_are_lost_and_can_be_removed(void **state)
{
	struct apicall *t = *state;
	uint32_t id = api_loaded(t);

	assert_int_equal(api_attach(t, id), 0);
	apirig_no_loader(&t->rig);
	t->rig.n_progs = t->rig.n_links = 0;
	apirig_loader(&t->rig);
	assert_true(apirig_until(&t->rig, IPC_RECONCILED, 2));
	assert_string_equal(api_list(t)->programs[0]->state, "lost");
	assert_int_equal(api_list(t)->programs[0]->id, 0);
	assert_string_equal(api_links(t)->links[0]->state, "lost");
	assert_int_equal(api_status(t)->lost, 2);
	assert_int_equal(api_attach(t, id), IPC_NOT_FOUND);
	assert_int_equal(api_unload(t, 1), 0);
	assert_int_equal(api_list(t)->n_programs, 0);
}

static void
pins_without_rows_are_orphans_and_can_be_removed(void **state)
{
	struct apicall *t = *state;

	assert_true(apirig_until(&t->rig, IPC_RECONCILED, 1));
	apirig_no_loader(&t->rig);
	t->rig.progs[t->rig.n_progs++] = (struct fake_prog){ .gid = 77, .id = 50 };
	t->rig.links[t->rig.n_links++] = (struct fake_link){ 88, 77, 50 };
	apirig_loader(&t->rig);
	assert_true(apirig_until(&t->rig, IPC_RECONCILED, 2));
	assert_string_equal(api_list(t)->programs[0]->state, "orphan");
	assert_string_equal(api_links(t)->links[0]->state, "orphan");
	assert_int_equal(api_status(t)->orphans, 2);
	assert_int_equal(api_attach(t, 50), IPC_NOT_FOUND);
	assert_int_equal(api_unload(t, 77), 0);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(t->rig.n_progs + t->rig.n_links, 0);
}

/* The next thing that the API wants of a loader; it is done. */
static void
hear(struct chan *c, enum ipc_type type)
{
	struct chan_msg m;

	assert_int_equal(chan_wait(c, &m, 5000), 1);
	assert_int_equal(m.hdr.type, type);
	chan_drop_fds(&m);
	chan_send(c, IPC_RESULT, m.hdr.seq, &(const struct msg_result){ .code = IPC_OK }, NULL);
}

static void
a_removal_is_finished_by_the_next_loader(void **state)
{
	struct apicall *t = *state;
	struct chan *c;
	struct chan_msg m = { 0 };
	const struct msg_hello hello = { .flags = HELLO_BTF };
	Bpfd__V1__UnloadRequest rq = BPFD__V1__UNLOAD_REQUEST__INIT;
	struct msg_prog_facts p = { .gid = 1, .type = 6 };
	const struct msg_result one = { .code = IPC_OK, .n_items = 1 };
	int32_t stream;

	p.id = api_loaded(t);
	c = apirig_raw_loader(&t->rig);
	chan_send(c, IPC_HELLO, 0, &hello, NULL);
	assert_int_equal(chan_wait(c, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_INVENTORY);
	chan_send(c, IPC_PROG, m.hdr.seq, &p, NULL);
	chan_send(c, IPC_RESULT, m.hdr.seq, &one, NULL);
	assert_int_equal(chan_wait(c, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_RECONCILED);
	chan_set_phase(c, PHASE_RUN);
	hear(c, IPC_ENFORCE_WANT);
	hear(c, IPC_TRACERS_WANT);
	rq.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	rq.group = 1;
	stream = apicall_start(t, "/bpfd.v1.Programs/Unload", &rq.base);
	client_turn(t->client, 100);
	assert_int_equal(chan_wait(c, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_UNLOAD);
	chan_drop_fds(&m);
	chan_free(c);		/* without an answer; the fake one still has the pin */
	assert_int_equal(apicall_finish(t, stream, NULL), IPC_UNAVAILABLE);
	apirig_loader(&t->rig);
	assert_true(apirig_until(&t->rig, IPC_UNDO, 1));
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(t->rig.n_progs, 0);
}

static void
an_answer_for_another_group_is_undone(void **state)
{
	struct apicall *t = *state;

	apirig_mood(&t->rig, FAKE_LIES);
	assert_int_equal(api_load(t, "object"), IPC_INTERNAL);
	assert_true(apirig_until(&t->rig, IPC_UNDO, 1));
	assert_int_equal(api_list(t)->n_programs, 0);
}

/* The log is moved into the database, and grows, without a system call that sealing forbids. */
static void
lives_through_checkpoints_under_the_seal(void **state)
{
	struct apicall *t = *state;
	size_t len = 6 << 20;
	AUTO(mem) char *big = malloc(len + 1);

	memset(big, 'x', len);
	big[len] = '\0';
	for (int i = 0; i < 4; i++) {
		big[0] = (char)('a' + i);
		assert_int_equal(api_load(t, big), 0);
	}
	assert_int_equal(api_unload(t, 2), 0);
	assert_int_equal(apirig_ended(&t->rig, 0), -1);
	apicall_hang_up(t);
	assert_int_equal(apirig_stop(&t->rig), 0);
	assert_int_equal(apirig_start(&t->rig), 0);
	apirig_loader(&t->rig);
	assert_int_equal(api_list(t)->n_programs, 3);
}

static void
a_full_disk_fails_the_load_and_nothing_is_left(void **state)
{
	struct apicall *t = *state;
	char object[50001];
	unsigned int n = 0;
	int status;

	memset(object, 'x', sizeof(object) - 1);
	object[sizeof(object) - 1] = '\0';
	t->rig.file_bytes = 500000;	/* more than the table of actions, which is a file too */
	apicall_restart(t);
	while (object[0] = (char)('a' + n), (status = api_load(t, object)) == 0 && n < 16)
		n++;
	assert_in_range(n, 1, 15);
	assert_int_equal(status, IPC_UNAVAILABLE);
	assert_non_null(strstr(t->text, "store"));
	assert_true(apirig_until(&t->rig, IPC_UNDO, apirig_count(&t->rig, IPC_LOAD) - n));
	assert_int_equal(api_list(t)->n_programs, n);
	t->rig.file_bytes = 0;
	apicall_restart(t);
	assert_int_equal(api_list(t)->n_programs, n);
	assert_int_equal(t->rig.n_progs, n);
	assert_int_equal(api_load(t, "object"), 0);
}

static void
refuses_to_start_on_a_newer_store(void **state)
{
	struct apicall *t = *state;
	char path[64];
	int status;
	FILE *f;

	assert_int_equal(apirig_stop(&t->rig), 0);
	snprintf(path, sizeof(path), "%s/state/bpfd.db", t->rig.dir);
	f = fopen(path, "r+");
	assert_non_null(f);
	fseek(f, 60, SEEK_SET);
	fwrite("\0\0\0\177", 4, 1, f);
	fclose(f);
	status = apirig_start(&t->rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILURE);
}

/* Each ends bpfd-api by its own exit: the supervisor then starts a new one with a new pair. */
static void
ends_when_a_loader_breaks_the_protocol(void **state)
{
	static const struct msg_result late = { .code = IPC_OK }, odd = { .code = 99 },
		many = { .code = IPC_OK, .n_items = 3 };
	static const struct msg_prog_facts nobody = { 0 };
	static const struct msg_hello hello = { 0 };
	static const struct {
		enum ipc_type type;
		const void *payload;
		uint32_t seq;		/* 0: that of the request */
		bool before_hello;
	} wrong[] = {
		{ IPC_RESULT, &late, 1000, false }, { IPC_RESULT, &odd, 0, false },
		{ IPC_RESULT, &many, 0, false }, { IPC_PROG, &nobody, 0, false },
		{ IPC_HELLO, &hello, 0, false }, { IPC_PROG, &nobody, 5, true },
		{ IPC_RESULT, &late, 1, true }, { IPC_PROC_END, NULL, 0, false },
	};
	struct apicall *t = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct chan *c = apirig_raw_loader(&t->rig);
		struct chan_msg m = { 0 };
		int status;

		if (!wrong[i].before_hello) {
			chan_send(c, IPC_HELLO, 0, &hello, NULL);
			assert_int_equal(chan_wait(c, &m, 5000), 1);
		}
		chan_send(c, wrong[i].type, wrong[i].seq ? wrong[i].seq : m.hdr.seq, wrong[i].payload, NULL);
		status = apirig_ended(&t->rig, 3000);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != EXIT_FAILURE)
			fail_msg("case %zu: status %#x", i, (unsigned int)status);
		chan_free(c);
		assert_int_equal(apirig_start(&t->rig), 0);
	}
}

static void
ends_when_the_supervisor_is_gone(void **state)
{
	struct apicall *t = *state;

	chan_free(t->rig.ctl);
	t->rig.ctl = NULL;
	assert_int_equal(apirig_ended(&t->rig, 3000), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, apicall_setup, apicall_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kill_nine_keeps_what_was_answered),
		TEST(an_intent_of_a_killed_api_is_undone),
		TEST(a_loader_that_dies_fails_the_request_and_the_next_one_undoes_it),
		TEST(a_cancelled_load_is_undone),
		TEST(a_request_waits_for_a_loader_but_not_for_long),
		TEST(what_is_persistent_comes_back_after_a_reboot),
		TEST(what_cannot_be_restored_stays_lost_and_says_why),
		TEST(a_restoration_that_dies_is_undone_and_begins_again),
		TEST(rows_without_pins_are_lost_and_can_be_removed),
		TEST(pins_without_rows_are_orphans_and_can_be_removed),
		TEST(a_removal_is_finished_by_the_next_loader),
		TEST(an_answer_for_another_group_is_undone),
		TEST(lives_through_checkpoints_under_the_seal),
		TEST(a_full_disk_fails_the_load_and_nothing_is_left),
		TEST(refuses_to_start_on_a_newer_store),
		TEST(ends_when_a_loader_breaks_the_protocol),
		TEST(ends_when_the_supervisor_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root to start bpfd-api as it is started");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
