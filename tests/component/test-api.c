/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-api between a fake supervisor and a fake loader: what it answers and keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/auto.h"
#include "component/apicall.h"
#include "proto/details.h"

static void
loads_attaches_lists_detaches_and_unloads(void **state)
{
	struct apicall *t = *state;
	const Bpfd__V1__LoadResponse *load;
	const Bpfd__V1__Program *p;
	const Bpfd__V1__Link *l;
	uint64_t group, link;

	assert_int_equal(api_load(t, "object"), 0);
	load = (const void *)t->answer;
	group = load->group;
	p = load->programs[0];
	assert_string_equal(p->name, "only");
	assert_string_equal(p->type, "xdp");
	assert_string_equal(p->state, "loaded");
	assert_string_equal(p->source, "/test.o");
	assert_string_equal(p->tag, "dead000000000000");
	assert_string_equal(p->digest, "sha256:"
		"2958d416d08aa5a472d7b509036cb7eafd542add84527e66a145ea64cb4cdc75");
	assert_int_equal(load->n_maps, 1);
	assert_true(apirig_until(&t->rig, IPC_COMMIT, 1));	/* the answer may overtake it */
	assert_int_equal(apirig_count(&t->rig, IPC_COMMIT), 1);

	assert_int_equal(api_attach(t, p->id), 0);
	l = ((const Bpfd__V1__AttachResponse *)t->answer)->link;
	link = l->id;
	assert_string_equal(l->kind, "xdp");
	assert_string_equal(l->target, "eth0");
	assert_string_equal(l->mode, "skb");
	assert_int_equal(l->priority, 50);
	assert_int_equal(api_list(t)->programs[0]->links[0], link);
	assert_string_equal(api_links(t)->links[0]->state, "attached");

	assert_int_equal(api_detach(t, link), 0);
	assert_int_equal(api_detach(t, link), IPC_NOT_FOUND);
	assert_int_equal(api_links(t)->n_links, 0);
	assert_int_equal(api_unload(t, group), 0);
	assert_int_equal(api_unload(t, group), IPC_NOT_FOUND);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(t->rig.n_progs, 0);
}

static void
speaks_bpfman_with_one_group_for_all_programs(void **state)
{
	struct apicall *t = *state;
	Bpfman__V1__LoadRequest rq = BPFMAN__V1__LOAD_REQUEST__INIT;
	Bpfman__V1__BytecodeLocation where = BPFMAN__V1__BYTECODE_LOCATION__INIT;
	Bpfman__V1__LoadInfo a = BPFMAN__V1__LOAD_INFO__INIT, b = BPFMAN__V1__LOAD_INFO__INIT;
	Bpfman__V1__LoadInfo *info[] = { &a, &b };
	Bpfman__V1__GetRequest get = BPFMAN__V1__GET_REQUEST__INIT;
	const Bpfman__V1__LoadResponse *rs;
	const Bpfman__V1__GetResponse *got;

	where.location_case = BPFMAN__V1__BYTECODE_LOCATION__LOCATION_FILE;
	where.file = "/there.o";
	a.name = "second";
	b.name = "first";
	b.program_type = BPFMAN__V1__BPFMAN_PROGRAM_TYPE__TRACEPOINT;
	rq.bytecode = &where;
	rq.info = info;
	rq.n_info = 2;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Load", &rq.base,
		&bpfman__v1__load_response__descriptor), 0);
	rs = (const void *)t->answer;
	assert_int_equal(rs->n_programs, 2);
	assert_string_equal(rs->programs[0]->info->name, "second");
	assert_string_equal(rs->programs[1]->info->name, "first");
	assert_string_equal(rs->programs[0]->info->bytecode->file, "/there.o");
	assert_int_equal(t->rig.last_load.type_grant, 1 << 6 | 1 << 5);
	assert_int_equal(t->rig.progs[0].gid, t->rig.progs[1].gid);

	get.id = rs->programs[0]->kernel_info->id;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Get", &get.base,
		&bpfman__v1__get_response__descriptor), 0);
	got = (const void *)t->answer;
	assert_int_equal(got->info->n_map_used_by, 2);
	assert_int_equal(strlen(got->kernel_info->loaded_at), strlen("2026-11-21T04:00:00+0000"));
	get.id = 9;		/* not bpfd's, but there */
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Get", &get.base,
		&bpfman__v1__get_response__descriptor), 0);
	assert_null(((const Bpfman__V1__GetResponse *)t->answer)->info);
	get.id = 10;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/Get", &get.base, NULL), IPC_NOT_FOUND);
}

/* gRPC libraries take 4 MiB in a message. */
static void
a_list_that_clients_would_refuse_is_an_error_that_says_how_to_ask_for_less(void **state)
{
	struct apicall *t = *state;
	Bpfman__V1__ListRequest all = BPFMAN__V1__LIST_REQUEST__INIT;
	Bpfd__V1__ListRequest every = BPFD__V1__LIST_REQUEST__INIT;

	t->rig.n_foreign = 60000;
	assert_int_equal(apicall(t, "/bpfman.v1.Bpfman/List", &all.base, NULL), IPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(t->text, "program_type, match_metadata"));
	every.all = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/List", &every.base, NULL), IPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(t->text, "type, metadata"));
	every.max_bytes = 64 << 20;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/List", &every.base,
		&bpfd__v1__list_response__descriptor), 0);
	assert_int_equal(((const Bpfd__V1__ListResponse *)t->answer)->n_programs, 60000);
}

static void
a_refused_load_leaves_no_row_and_gives_the_log(void **state)
{
	struct apicall *t = *state;
	uint32_t id = api_loaded(t);

	apirig_mood(&t->rig, FAKE_REFUSES);
	assert_int_equal(api_load(t, "other"), IPC_FAILED_PRECONDITION);
	assert_string_equal(t->text, "the verifier refused it");
	assert_true(t->details[0]);
	assert_int_equal(api_attach(t, id), IPC_FAILED_PRECONDITION);
	apicall_restart(t);
	assert_int_equal(api_list(t)->n_programs, 1);
	assert_int_equal(api_links(t)->n_links, 0);
	assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 0);
}

/* The number of the log in the last error; 0: the error has all of it. */
static uint64_t
log_id(const struct apicall *t)
{
	uint64_t id = 0;
	AUTO(mem) char *end = details_log(t->details, strlen(t->details), &id);

	assert_non_null(end);
	assert_int_equal(end[0] == '\0', 0);
	return id;
}

static int
fetch_log(struct apicall *t, uint64_t id, uint64_t offset)
{
	Bpfd__V1__VerifierLogRequest rq = BPFD__V1__VERIFIER_LOG_REQUEST__INIT;

	rq.id = id;
	rq.offset = offset;
	return apicall(t, "/bpfd.v1.Programs/VerifierLog", &rq.base,
		&bpfd__v1__verifier_log_response__descriptor);
}

static void
refuse_with_log(struct apicall *t, size_t bytes)
{
	t->rig.log_bytes = bytes;
	apirig_mood(&t->rig, FAKE_REFUSES);
	assert_int_equal(api_load(t, "other"), IPC_FAILED_PRECONDITION);
}

static void
gives_the_whole_of_a_long_log_in_parts_and_once(void **state)
{
	const size_t bytes = (2 << 20) + (200 << 10);
	struct apicall *t = *state;
	uint64_t id;
	size_t at = 0;

	refuse_with_log(t, bytes);
	id = log_id(t);
	assert_int_not_equal(id, 0);
	assert_int_equal(fetch_log(t, id + 1, 0), IPC_NOT_FOUND);
	assert_int_equal(fetch_log(t, id, bytes + 1), IPC_OUT_OF_RANGE);
	while (at < bytes) {
		const Bpfd__V1__VerifierLogResponse *rs;

		assert_int_equal(fetch_log(t, id, at), 0);
		rs = (const void *)t->answer;
		assert_int_equal(rs->total, bytes);
		assert_in_range(rs->part.len, 1, bytes - at);
		for (size_t i = 0; i < rs->part.len; i++, at++)
			if (rs->part.data[i] != (uint8_t)apirig_log_byte(at))
				fail_msg("byte %zu differs", at);
	}
	assert_int_equal(fetch_log(t, id, 0), IPC_NOT_FOUND);
}

static void
keeps_no_log_that_the_error_carries_whole(void **state)
{
	struct apicall *t = *state;

	refuse_with_log(t, 0);
	assert_int_equal(log_id(t), 0);
}

static void
the_ninth_log_displaces_the_first(void **state)
{
	struct apicall *t = *state;
	uint64_t first, last;

	refuse_with_log(t, 200 << 10);
	first = log_id(t);
	for (int i = 0; i < 8; i++)
		refuse_with_log(t, 200 << 10);
	last = log_id(t);
	assert_int_equal(fetch_log(t, first, 0), IPC_NOT_FOUND);
	assert_int_equal(fetch_log(t, first + 1, 0), 0);
	assert_int_equal(fetch_log(t, last, 0), 0);
}

static void
dry_runs_leave_no_row(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__LoadRequest load = BPFD__V1__LOAD_REQUEST__INIT;
	Bpfd__V1__AttachRequest attach = BPFD__V1__ATTACH_REQUEST__INIT;
	Bpfd__V1__UnloadRequest unload = BPFD__V1__UNLOAD_REQUEST__INIT;

	attach.program = api_loaded(t);
	load.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_PATH;
	load.path = "/there.o";
	load.dry_run = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/Load", &load.base,
		&bpfd__v1__load_response__descriptor), 0);
	assert_int_equal(((const Bpfd__V1__LoadResponse *)t->answer)->group, 0);
	assert_int_equal(((const Bpfd__V1__LoadResponse *)t->answer)->n_programs, 1);
	assert_int_equal(((const Bpfd__V1__LoadResponse *)t->answer)->n_maps, 1);
	assert_int_equal(((const Bpfd__V1__LoadResponse *)t->answer)->maps[0]->group, 0);
	assert_string_equal(((const Bpfd__V1__LoadResponse *)t->answer)->maps[0]->pin, "");
	attach.kind = "xdp";
	attach.target = "eth0";
	attach.dry_run = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/Attach", &attach.base, NULL), 0);
	assert_true(t->rig.last_attach.flags & ATTACH_DRY_RUN);
	unload.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	unload.group = 1;
	unload.dry_run = true;
	assert_int_equal(apicall(t, "/bpfd.v1.Programs/Unload", &unload.base, NULL), 0);
	apicall_restart(t);
	assert_int_equal(api_list(t)->n_programs, 1);
	assert_int_equal(api_links(t)->n_links, 0);
}

static void
names_the_field_that_is_wrong(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__LoadRequest load = BPFD__V1__LOAD_REQUEST__INIT;
	Bpfd__V1__ProgramSpec spec = BPFD__V1__PROGRAM_SPEC__INIT;
	Bpfd__V1__ProgramSpec *specs[] = { &spec, &spec };
	Bpfd__V1__AttachRequest attach = BPFD__V1__ATTACH_REQUEST__INIT;
	const char *const load_path = "/bpfd.v1.Programs/Load", *attach_path = "/bpfd.v1.Programs/Attach";

#define REFUSED(path, rq, code, word)                                                              \
	do {                                                                                       \
		assert_int_equal(apicall(t, path, &(rq).base, NULL), code);                        \
		if (!strstr(t->text, word))                                                        \
			fail_msg("\"%s\" does not say %s", t->text, word);                         \
	} while (0)
	REFUSED(load_path, load, IPC_INVALID_ARGUMENT, "object");
	load.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	REFUSED(load_path, load, IPC_INVALID_ARGUMENT, "content");
	load.content = (ProtobufCBinaryData){ 6, (uint8_t *)"object" };
	load.programs = specs;
	load.n_programs = 1;
	REFUSED(load_path, load, IPC_INVALID_ARGUMENT, "programs[0]: name");
	spec.name = "x";
	spec.type = "nonsense";
	REFUSED(load_path, load, IPC_INVALID_ARGUMENT, "tracepoint");
	spec.type = "xdp";
	load.n_programs = 2;
	REFUSED(load_path, load, IPC_INVALID_ARGUMENT, "twice");
	load.n_programs = 1;
	load.map_owner_group = 99;
	REFUSED(load_path, load, IPC_NOT_FOUND, "99");

	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "program");
	attach.program = 1;
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "kind");
	attach.kind = "xdp";
	attach.priority = 1001;
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "priority");
	attach.priority = 0;
	attach.direction = "ingress";
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "direction");
	attach.kind = "tc";
	attach.direction = "";
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "direction");
	attach.direction = "egress";
	attach.mode = "skb";
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "mode");
	attach.mode = "";
	attach.proceed_on = (char *[]){ "pass" };
	attach.n_proceed_on = 1;
	REFUSED(attach_path, attach, IPC_INVALID_ARGUMENT, "dispatcher_return");
	attach.n_proceed_on = 0;
	REFUSED(attach_path, attach, IPC_NOT_FOUND, "program 1");
	assert_int_equal(apirig_count(&t->rig, IPC_LOAD) + apirig_count(&t->rig, IPC_ATTACH), 0);
}

static void
keeps_no_more_programs_than_configured(void **state)
{
	struct apicall *t = *state;

	for (uint64_t i = 0; i < t->rig.cfg.limits_total_programs; i++)
		assert_int_equal(api_load(t, "object"), 0);
	assert_int_equal(api_load(t, "object"), IPC_RESOURCE_EXHAUSTED);
	assert_non_null(strstr(t->text, "limits.total_programs"));
}

static void
shows_processes_attach_kinds_and_counters(void **state)
{
	struct apicall *t = *state;
	Bpfd__V1__StatusRequest status = BPFD__V1__STATUS_REQUEST__INIT;
	Bpfd__V1__CountersRequest counters = BPFD__V1__COUNTERS_REQUEST__INIT;
	struct msg_proc proc = { .pid = 12, .running = 1, .name = "bpfd-loader" };
	const Bpfd__V1__StatusResponse *rs;
	struct chan_msg m;
	int32_t stream;

	api_list(t);
	stream = apicall_start(t, "/bpfd.v1.System/Status", &status.base);
	client_turn(t->client, 50);
	assert_int_equal(chan_wait(t->rig.ctl, &m, 3000), 1);
	assert_int_equal(m.hdr.type, IPC_CLASSES_WANTED);	/* at start: none */
	assert_int_equal(chan_wait(t->rig.ctl, &m, 3000), 1);
	assert_int_equal(m.hdr.type, IPC_PROCS);
	chan_send(t->rig.ctl, IPC_PROC, m.hdr.seq, &proc, NULL);
	chan_send(t->rig.ctl, IPC_PROC_END, m.hdr.seq, NULL, NULL);
	assert_int_equal(apicall_finish(t, stream, &bpfd__v1__status_response__descriptor), 0);
	rs = (const void *)t->answer;
	assert_int_equal(rs->n_processes, 1);
	assert_string_equal(rs->processes[0]->name, "bpfd-loader");
	assert_string_equal(rs->attach_kinds[0]->name, "xdp");
	assert_int_equal(rs->n_notes, 1);	/* no TCX */
	assert_int_equal(apicall(t, "/bpfd.v1.System/Counters", &counters.base,
		&bpfd__v1__counters_response__descriptor), 0);
	assert_true(((const Bpfd__V1__CountersResponse *)t->answer)->n_counters > 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, apicall_setup, apicall_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(loads_attaches_lists_detaches_and_unloads),
		TEST(speaks_bpfman_with_one_group_for_all_programs),
		TEST(a_list_that_clients_would_refuse_is_an_error_that_says_how_to_ask_for_less),
		TEST(a_refused_load_leaves_no_row_and_gives_the_log),
		TEST(gives_the_whole_of_a_long_log_in_parts_and_once),
		TEST(keeps_no_log_that_the_error_carries_whole),
		TEST(the_ninth_log_displaces_the_first),
		TEST(dry_runs_leave_no_row),
		TEST(names_the_field_that_is_wrong),
		TEST(keeps_no_more_programs_than_configured),
		TEST(shows_processes_attach_kinds_and_counters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root to start bpfd-api as it is started");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
