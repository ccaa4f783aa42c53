/* SPDX-License-Identifier: Apache-2.0 */
/* What the real bpfd-loader keeps between requests, and what a linker that hangs, dies or waits costs. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "component/brokerrig.h"

static void
refuses_a_group_that_is_there(void **state)
{
	assert_loaded(rig_load(&rig, "bpf/plain", new_request(GID, NULL), &answer));
	assert_refused(rig_load(&rig, "bpf/plain", new_request(GID, NULL), &answer), IPC_ALREADY_EXISTS,
		"group 7");
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_NOT_FOUND);
}

static void
undoes_what_is_not_committed(void **state)
{
	struct msg_object group = { .id = GID, .kind = OBJECT_GROUP };

	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	assert_int_equal(rig_request(&rig, IPC_UNDO, &group, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_nothing_is_left();
	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	assert_int_equal(chan_send(rig.api, IPC_COMMIT, 0, &group, NULL), 0);
	assert_int_equal(rig_request(&rig, IPC_UNDO, &group, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_FAILED_PRECONDITION);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
lists_what_it_keeps(void **state)
{
	const struct msg_kernel_list what = { 0 };
	struct msg_object prog = { .kind = OBJECT_PROG };

	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	prog.id = answer.progs[0].id;
	assert_int_equal(rig_request(&rig, IPC_INVENTORY, NULL, NULL, &answer), 0);
	assert_int_equal(answer.n_progs, 1);
	assert_int_equal(answer.n_maps, 1);
	assert_int_equal(rig_request(&rig, IPC_PROG_GET, &prog, NULL, &answer), 0);
	assert_string_equal(answer.progs[0].name, "core_exec");
	assert_int_equal(rig_request(&rig, IPC_KERNEL_LIST, &what, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_true(answer.n_progs >= 1);
	assert_int_equal(rig_request(&rig, IPC_LOADER_STATS, NULL, NULL, &answer), 0);
	assert_true(answer.res.n_items > 10);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	prog.id = 4000000000;
	assert_int_equal(rig_request(&rig, IPC_PROG_GET, &prog, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_NOT_FOUND);
}

static int
attach(uint64_t link_id, uint32_t prog_id, const char *kind, const char *target)
{
	struct msg_attach m = { .link_id = link_id, .prog_id = prog_id, .priority = 50 };
	AUTO(fd) int client = rig_client();

	snprintf(m.kind, sizeof(m.kind), "%s", kind);
	snprintf(m.target, sizeof(m.target), "%s", target);
	return rig_request(&rig, IPC_ATTACH, &m, &client, &answer);
}

static void
attaches_and_detaches(void **state)
{
	struct msg_detach d = { .link_id = 5 };
	AUTO(fd) int client = rig_client();
	uint32_t id;

	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	id = answer.progs[0].id;
	assert_loaded(attach(5, id, "tracepoint", "sched/sched_process_exec"));
	assert_int_equal(answer.links[0].prog_id, id);
	assert_int_equal(rig_pins(&rig, "link"), 1);
	assert_int_equal(rig_request(&rig, IPC_DETACH, &d, &client, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_int_equal(rig_pins(&rig, "link"), 0);
	assert_int_equal(rig_request(&rig, IPC_DETACH, &d, &client, &answer), 0);
	assert_int_equal(answer.res.code, IPC_NOT_FOUND);
	assert_loaded(attach(6, id, "tracepoint", "sched/sched_process_exec"));
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);	/* with its link */
	assert_nothing_is_left();
}

static void
a_new_loader_knows_what_is_pinned(void **state)
{
	const struct msg_object group = { .id = GID, .kind = OBJECT_GROUP };
	uint32_t id;

	assert_loaded(rig_load(&rig, "objects/byname", new_request(8, NULL), &answer));
	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	id = answer.progs[0].id;
	assert_loaded(attach(6, id, "tracepoint", "sched/sched_process_exec"));
	chan_send(rig.api, IPC_COMMIT, 0, &group, NULL);
	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	assert_int_equal(rig_request(&rig, IPC_INVENTORY, NULL, NULL, &answer), 0);
	assert_int_equal(answer.n_progs, 2);
	assert_int_equal(answer.n_maps, 2);
	assert_int_equal(answer.n_links, 1);
	assert_int_equal(answer.links[0].link_id, 6);
	assert_int_equal(answer.links[0].prog_id, id);
	assert_int_equal(answer.links[0].gid, GID);
	assert_string_equal(answer.links[0].kind, "tracepoint");
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_int_equal(rig_unload(&rig, 8, 0), IPC_OK);
	assert_nothing_is_left();
}

static int
restore_load(const char *object, const struct msg_restore_load *m)
{
	AUTO(fd) int fd = rig_object(object);

	return rig_request(&rig, IPC_RESTORE_LOAD, m, &fd, &answer);
}

static void
restores_only_what_its_own_token_belongs_to(void **state)
{
	static struct msg_restore_load again;
	struct msg_restore_load other;

	memset(&again, 0, sizeof(again));
	new_request(GID, NULL)->flags = LOAD_PERSISTENT;
	assert_loaded(rig_load(&rig, "bpf/core", &request, &answer));
	assert_true(answer.has_token);
	again.load = request;
	again.token = answer.token;
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);

	other = again;
	other.token.mac[31] ^= 1;
	assert_refused(restore_load("bpf/core", &other), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.uid = 1;
	assert_refused(restore_load("bpf/core", &other), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.load.gid++;
	assert_refused(restore_load("bpf/core", &other), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.load.globals_len = 1;
	assert_refused(restore_load("bpf/core", &other), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.load.n_progs = 1;
	strcpy(other.load.progs[0].name, "core_exec");
	other.load.progs[0].attach_type = IPC_ANY_ATTACH;
	assert_refused(restore_load("bpf/core", &other), IPC_PERMISSION_DENIED, "token");
	assert_refused(restore_load("bpf/plain", &again), IPC_PERMISSION_DENIED, "token");
	assert_nothing_is_left();

	rig_kill_loader(&rig);	/* the key is the supervisor's, and stays */
	assert_int_equal(rig_start(&rig), 0);
	assert_loaded(restore_load("bpf/core", &again));
	assert_false(answer.has_token);
	assert_refused(restore_load("bpf/core", &again), IPC_ALREADY_EXISTS, "group 7");
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
attaches_again_only_what_was_asked_for(void **state)
{
	struct msg_restore_attach again = { .attach = { .link_id = 5, .gid = GID, .priority = 50,
		.flags = ATTACH_PERSISTENT, .kind = "tracepoint", .target = "sched/sched_process_exec",
		.prog_name = "core_exec" } }, other;
	AUTO(fd) int client = rig_client();

	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	again.attach.prog_id = answer.progs[0].id;
	assert_loaded(rig_request(&rig, IPC_ATTACH, &again.attach, &client, &answer));
	assert_true(answer.has_token);
	again.token = answer.token;
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	again.attach.prog_id = answer.progs[0].id;

	other = again;
	strcpy(other.attach.target, "sched/sched_process_exit");
	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &other, NULL, &answer), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.attach.link_id++;
	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &other, NULL, &answer), IPC_PERMISSION_DENIED, "token");
	other = again;
	other.attach.priority = 1;
	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &other, NULL, &answer), IPC_PERMISSION_DENIED, "token");
	other = again;
	strcpy(other.attach.prog_name, "core");
	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &other, NULL, &answer), IPC_INVALID_ARGUMENT, "is not");
	assert_int_equal(rig_pins(&rig, "link"), 0);
	assert_loaded(rig_request(&rig, IPC_RESTORE_ATTACH, &again, NULL, &answer));
	assert_int_equal(rig_pins(&rig, "link"), 1);
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
}

static void
a_private_stop_takes_everything_down(void **state)
{
	assert_loaded(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer));
	assert_loaded(attach(6, answer.progs[0].id, "tracepoint", "sched/sched_process_exec"));
	assert_int_equal(rig_stop(&rig, STOP_DETACH), 0);
	assert_nothing_is_left();
	assert_int_equal(rig_start(&rig), 0);
}

/* The spare linker, which the next load will be given; 0 when there is none. */
static pid_t
a_linker(void)
{
	for (int i = 0; i < RIG_HELPERS; i++)
		if (rig.helpers[i].pid && rig.helpers[i].kind == HELPER_KIND_LINKER)
			return rig.helpers[i].pid;
	return 0;
}

/* Waits until there is a spare one, and stops it. */
static pid_t
stop_a_linker(void)
{
	pid_t pid;

	rig_serve(&rig, 200);
	pid = a_linker();
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	return pid;
}

/* The spare linker takes the load and is stopped: it stands for one that hangs. */
static void
a_hanging_linker_costs_one_request(void **state)
{
	struct msg_load *req = new_request(GID, NULL);
	AUTO(fd) int fd = rig_object("bpf/core");
	AUTO(fd) int client = rig_client();

	stop_a_linker();
	req->timeout_ms = 300;
	assert_refused(rig_request(&rig, IPC_LOAD, req, (int[]){ fd, client }, &answer),
		IPC_DEADLINE_EXCEEDED, "in time");
	load_and_unload("bpf/core", 1, 1);
}

static void
a_crashing_linker_costs_one_request(void **state)
{
	struct msg_load *req = new_request(GID, NULL);
	AUTO(fd) int fd = rig_object("bpf/core");
	AUTO(fd) int client = rig_client();
	pid_t pid = stop_a_linker();

	assert_int_equal(chan_send(rig.api, IPC_LOAD, ++rig.seq, req, (int[]){ fd, client }), 0);
	rig_serve(&rig, 50);
	kill(pid, SIGABRT);	/* AddressSanitizer would turn SIGSEGV into it */
	kill(pid, SIGCONT);
	assert_refused(rig_answer(&rig, rig.seq, &answer), IPC_INVALID_ARGUMENT, "crash (SIGABRT)");
	load_and_unload("bpf/core", 1, 1);
}

static void
cancels_a_load_that_runs(void **state)
{
	struct msg_object group = { .id = GID, .kind = OBJECT_GROUP };
	AUTO(fd) int fd = rig_object("bpf/core");
	AUTO(fd) int client = rig_client();
	uint32_t seq;

	stop_a_linker();
	seq = ++rig.seq;
	chan_send(rig.api, IPC_LOAD, seq, new_request(GID, NULL), (int[]){ fd, client });
	chan_send(rig.api, IPC_UNDO, ++rig.seq, &group, NULL);
	assert_refused(rig_answer(&rig, seq, &answer), IPC_CANCELLED, "cancelled");
	assert_int_equal(rig_answer(&rig, rig.seq, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_nothing_is_left();
}

static void
loads_side_by_side(void **state)
{
	AUTO(fd) int client = rig_client();
	AUTO(fd) int fd = rig_object("bpf/core");

	/* More than limits.parallel_loads: the last answer may not be the last to come. */
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(chan_send(rig.api, IPC_LOAD, ++rig.seq, new_request(100 + i, NULL),
			(int[]){ fd, client }), 0);
	assert_int_equal(rig_answer(&rig, rig.seq, &answer), 0);
	rig_serve(&rig, 500);
	assert_int_equal(rig_pins(&rig, "prog"), 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(rig_unload(&rig, 100 + i, 0), IPC_OK);
	assert_nothing_is_left();
}

static void
says_when_no_linker_can_start(void **state)
{
	rig.no_linkers = true;
	rig_serve(&rig, 200);
	assert_true(a_linker() > 0);
	kill(a_linker(), SIGKILL);
	rig_serve(&rig, 50);
	assert_refused(rig_load(&rig, "bpf/core", new_request(GID, NULL), &answer), IPC_UNAVAILABLE,
		"could not be started");
	rig.no_linkers = false;
	load_and_unload("bpf/core", 1, 1);
}

static void
replaces_a_spare_linker_that_dies(void **state)
{
	pid_t first, second = 0;

	for (int i = 0; i < 20 && a_linker() <= 0; i++)
		rig_serve(&rig, 50);
	first = a_linker();
	assert_true(first > 0);
	kill(first, SIGKILL);
	for (int i = 0; i < 20 && (second <= 0 || second == first); i++) {
		rig_serve(&rig, 50);
		second = a_linker();
	}
	assert_true(second > 0);
	assert_int_not_equal(second, first);
}

static void
refuses_who_is_not_an_administrator(void **state)
{
	AUTO(fd) int fd = rig_object("bpf/core");
	AUTO(fd) int file = open("/dev/null", O_RDONLY);
	struct rig_answer *a = &answer;

	assert_refused(rig_request(&rig, IPC_LOAD, new_request(GID, NULL), (int[]){ fd, file }, a),
		IPC_PERMISSION_DENIED, "identified");
}

static void
keeps_no_descriptor_of_a_request(void **state)
{
	unsigned int before, after;

	rig_serve(&rig, 200);
	before = rig_descriptors(rig.loader);
	for (int i = 0; i < 20; i++)
		load_and_unload("bpf/core", 1, 1);
	assert_refused(load_bytes("#!/bin/sh\n", 10), IPC_INVALID_ARGUMENT, "not an ELF file");
	rig_serve(&rig, 200);
	after = rig_descriptors(rig.loader);
	assert_int_equal(before, after);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_group_that_is_there),
		cmocka_unit_test(undoes_what_is_not_committed),
		cmocka_unit_test(lists_what_it_keeps),
		cmocka_unit_test(attaches_and_detaches),
		cmocka_unit_test(a_new_loader_knows_what_is_pinned),
		cmocka_unit_test(restores_only_what_its_own_token_belongs_to),
		cmocka_unit_test(attaches_again_only_what_was_asked_for),
		cmocka_unit_test(a_private_stop_takes_everything_down),
		cmocka_unit_test(a_hanging_linker_costs_one_request),
		cmocka_unit_test(a_crashing_linker_costs_one_request),
		cmocka_unit_test(cancels_a_load_that_runs),
		cmocka_unit_test(loads_side_by_side),
		cmocka_unit_test(says_when_no_linker_can_start),
		cmocka_unit_test(replaces_a_spare_linker_that_dies),
		cmocka_unit_test(refuses_who_is_not_an_administrator),
		cmocka_unit_test(keeps_no_descriptor_of_a_request),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_rig, close_rig);
}
