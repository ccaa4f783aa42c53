/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "api/event_pb.h"
#include "bpf/open.h"
#include "bpfd_v1.pb-c.h"
#include "events/schema.h"
#include "grpc_api.pb-c.h"
#include "unit/event_make.h"

static struct action_table table;
static const struct event_pb pb = { .actions = &table, .boot_offset_ns = 1000000000000000000 };
static uint8_t out[EVENT_PB_MAX], again[EVENT_PB_MAX];

static void
make_open(struct made *m, struct event *e, const char *path)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = 5000000000, .tgid = 42, .tid = 43, .ppid = 1,
		.uid = 1000, .gid = 100, .start = 4000000000, .ret = -2, .flags = EV_TRUNCATED | EV_UNTRUSTED,
		.comm = "cat" }, .oflags = 0x41, .mode = 0644 };

	made_event(m, &o, sizeof(o));
	made_str(m, ev_open, path, path);
	made_str(m, ev_open, filename, "x");
	made_ctx(m, CTX_PROC | CTX_CONTAINER);
	made_ctx_str(m, exe, "/usr/bin/c\xff" "at");
	made_ctx_str(m, container, "0123");
	made_ctx_str(m, name, "web");
	made_ctx_str_len(m, labels, "a=1\0b=2", 8);
	made_ctx_str(m, runtime, "docker");
	made_match(m, "first", 3, MATCH_ENFORCE);
	made_match(m, "second", 0, 0);
	made_end(m);
	assert_int_equal(record_check(m->bytes, m->len, e), 0);
}

/* What protobuf-c makes of it, packed by protobuf-c, is the same bytes. */
static Bpfd__V1__Event *
same(const struct event *e)
{
	size_t len = event_pb(&pb, e, out, sizeof(out));
	Bpfd__V1__Event *ev = bpfd__v1__event__unpack(NULL, len, out);

	assert_non_null(ev);
	assert_int_equal(bpfd__v1__event__get_packed_size(ev), len);
	bpfd__v1__event__pack(ev, again);
	assert_memory_equal(out, again, len);
	return ev;
}

static void
says_the_same_as_protobuf_c_in_the_same_bytes(void **state)
{
	static struct made m;
	struct event e;
	Bpfd__V1__Event *ev;

	make_open(&m, &e, "/etc/p\xc3\xa4sswd");
	ev = same(&e);
	assert_int_equal(ev->time_unix_ns, 1000000005000000000);
	assert_string_equal(ev->tracer, "open");
	assert_int_equal(ev->ret, -2);
	assert_string_equal(ev->exe, "/usr/bin/c\xef\xbf\xbd" "at");
	assert_string_equal(ev->container_runtime, "docker");
	assert_string_equal(ev->container_name, "web");
	assert_string_equal(ev->container_image, "");
	assert_int_equal(ev->n_container_labels, 2);
	assert_string_equal(ev->container_labels[1], "b=2");
	assert_true(ev->container_trusted);
	assert_int_equal(ev->n_flags, 2);
	assert_int_equal(ev->n_rules, 2);
	assert_string_equal(ev->rules[0]->actions[1], table.a[1].name);
	assert_true(ev->rules[0]->enforce);
	assert_string_equal(ev->fields[0]->text, "/etc/p\xc3\xa4sswd");
	bpfd__v1__event__free_unpacked(ev, NULL);
	made_action(&m);
	assert_int_equal(record_check(m.bytes, m.len, &e), 0);
	bpfd__v1__event__free_unpacked(same(&e), NULL);
}

static void
brings_what_is_no_text_as_bytes(void **state)
{
	static struct made m;
	struct event e;
	Bpfd__V1__Event *ev;

	make_open(&m, &e, "/tmp/\xff\xfe");
	ev = same(&e);
	assert_int_equal(ev->fields[0]->value_case, BPFD__V1__FIELD__VALUE_RAW);
	assert_int_equal(ev->fields[0]->raw.len, 7);
	bpfd__v1__event__free_unpacked(ev, NULL);
}

static void
leaves_out_what_does_not_fit_and_stays_a_message(void **state)
{
	static struct made m;
	struct event e;

	make_open(&m, &e, "/etc/passwd");
	for (size_t room = 0; room < 300; room++) {
		size_t len = event_pb(&pb, &e, out, room);
		Bpfd__V1__Event *ev = bpfd__v1__event__unpack(NULL, len, out);

		assert_true(len <= room);
		assert_non_null(ev);
		bpfd__v1__event__free_unpacked(ev, NULL);
	}
}

static void
what_was_lost_follows_any_event(void **state)
{
	size_t len = event_pb_line("a line", 6, out, sizeof(out));
	Bpfd__V1__Event *ev;

	len += event_pb_lost(UINT64_MAX, out + len);
	ev = bpfd__v1__event__unpack(NULL, len, out);
	assert_string_equal(ev->line, "a line");
	assert_true(ev->lost == UINT64_MAX);
	bpfd__v1__event__free_unpacked(ev, NULL);
}

static void
fills_the_first_bpfds_event(void **state)
{
	static struct made m;
	struct event e;
	Grpc__Event *ev;
	size_t len;

	make_open(&m, &e, "/etc/passwd");
	len = event_pb_seed(&e, out, sizeof(out));
	ev = grpc__event__unpack(NULL, len, out);
	assert_non_null(ev);
	assert_int_equal(ev->pid, 42);
	assert_int_equal(ev->tgid, 1);
	assert_int_equal(ev->returnvalue, -2);
	assert_string_equal(ev->command, "cat");
	assert_string_equal(ev->containerid, "0123");
	grpc__event__free_unpacked(ev, NULL);
}

/* Not a limit: how it compares, for whoever looks. */
static void
is_quicker_than_protobuf_c(void **state)
{
	static struct made m;
	struct timespec a, b, c;
	Bpfd__V1__Event *ev;
	struct event e;

	make_open(&m, &e, "/etc/passwd");
	ev = same(&e);
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 300000; i++)
		event_pb(&pb, &e, out, sizeof(out));
	clock_gettime(CLOCK_MONOTONIC, &b);
	for (int i = 0; i < 300000; i++) {
		bpfd__v1__event__get_packed_size(ev);
		bpfd__v1__event__pack(ev, again);
	}
	clock_gettime(CLOCK_MONOTONIC, &c);
	print_message("ns per event: %ld, protobuf-c (packing alone): %ld\n",
		((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec) / 300000,
		((c.tv_sec - b.tv_sec) * 1000000000 + c.tv_nsec - b.tv_nsec) / 300000);
	bpfd__v1__event__free_unpacked(ev, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_the_same_as_protobuf_c_in_the_same_bytes),
		cmocka_unit_test(brings_what_is_no_text_as_bytes),
		cmocka_unit_test(leaves_out_what_does_not_fit_and_stays_a_message),
		cmocka_unit_test(what_was_lost_follows_any_event),
		cmocka_unit_test(fills_the_first_bpfds_event),
		cmocka_unit_test(is_quicker_than_protobuf_c),
	};

	action_table_init(&table);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("event-pb", tests, NULL, NULL);
}
