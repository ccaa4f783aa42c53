/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-api between a fake supervisor and a fake loader: what it keeps, and what it does
 * when either end dies, lies or is slow. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "component/apicall.h"
#include "common/auto.h"
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

	apirig_no_loader(&t->rig);
	t->rig.progs[t->rig.n_progs++] = (struct fake_prog){ .gid = 77, .id = 50 };
	t->rig.links[t->rig.n_links++] = (struct fake_link){ 88, 77, 50 };
	apirig_loader(&t->rig);
	assert_true(apirig_until(&t->rig, IPC_RECONCILED, 1));
	assert_string_equal(api_list(t)->programs[0]->state, "orphan");
	assert_string_equal(api_links(t)->links[0]->state, "orphan");
	assert_int_equal(api_status(t)->orphans, 2);
	assert_int_equal(api_attach(t, 50), IPC_NOT_FOUND);
	assert_int_equal(api_unload(t, 77), 0);
	assert_int_equal(api_list(t)->n_programs, 0);
	assert_int_equal(t->rig.n_progs + t->rig.n_links, 0);
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
	assert_int_equal(chan_wait(c, &m, 5000), 1);
	assert_int_equal(m.hdr.type, IPC_TRACERS_WANT);
	chan_drop_fds(&m);
	chan_send(c, IPC_RESULT, m.hdr.seq, &(const struct msg_result){ .code = IPC_OK }, NULL);
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
	unsigned int n = 0;
	int status;

	t->rig.file_bytes = 200000;
	apicall_restart(t);
	while ((status = api_load(t, "object")) == 0 && n < 16)
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
	fwrite("\0\0\0\7", 4, 1, f);
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
		TEST(a_refused_load_leaves_no_row_and_gives_the_log),
		TEST(gives_the_whole_of_a_long_log_in_parts_and_once),
		TEST(keeps_no_log_that_the_error_carries_whole),
		TEST(the_ninth_log_displaces_the_first),
		TEST(kill_nine_keeps_what_was_answered),
		TEST(an_intent_of_a_killed_api_is_undone),
		TEST(a_loader_that_dies_fails_the_request_and_the_next_one_undoes_it),
		TEST(a_cancelled_load_is_undone),
		TEST(a_request_waits_for_a_loader_but_not_for_long),
		TEST(rows_without_pins_are_lost_and_can_be_removed),
		TEST(pins_without_rows_are_orphans_and_can_be_removed),
		TEST(a_removal_is_finished_by_the_next_loader),
		TEST(an_answer_for_another_group_is_undone),
		TEST(dry_runs_leave_no_row),
		TEST(names_the_field_that_is_wrong),
		TEST(keeps_no_more_programs_than_configured),
		TEST(lives_through_checkpoints_under_the_seal),
		TEST(a_full_disk_fails_the_load_and_nothing_is_left),
		TEST(refuses_to_start_on_a_newer_store),
		TEST(ends_when_a_loader_breaks_the_protocol),
		TEST(ends_when_the_supervisor_is_gone),
		TEST(shows_processes_attach_kinds_and_counters),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root to start bpfd-api as it is started");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
