/* SPDX-License-Identifier: Apache-2.0 */
/* The programs of declared tracers, with tables as bpfd-config makes them: every way to come by a value. */

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "bpf/declared.h"
#include "tracers-own.h"

enum { CALLED = TR_DECLARED, RETURNED, RENAMED, CONNECTED };
static const char *const tracers[] = { "uprobe", "uprobe", "tracepoint", "tracepoint", NULL };
static struct declared_probe probes[4];
static struct bpf_link *links[4];

/* What is probed: nothing of it may be known to who calls. */
__attribute__((noipa, used)) static int
probed(int a, const char *b, uint16_t c, int64_t d, const void *e, bool f)
{
	asm volatile("" : : "r"(a), "r"(b), "r"(c), "r"(d), "r"(e), "r"(f));
	return a - 1;
}

/* Offset of a member in the running kernel. */
static uint32_t
member(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = btf__type_by_id(btf, (uint32_t)id);
	const struct btf_member *m = btf_members(t);

	for (uint32_t i = 0; i < btf_vlen(t); i++, m++)
		if (strcmp(btf__name_by_offset(btf, m->name_off), name) == 0)
			return btf_member_bit_offset(t, i) / 8;
	fail_msg("no member %s.%s", type, name);
	return 0;
}

#define ARG(i, type_, size_, ...) { .arg = (i), .type = (type_), .size = (size_), __VA_ARGS__ }

static void
fill(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const uint32_t comm = member(btf, "task_struct", "comm"), parent = member(btf, "task_struct", "real_parent");
	const uint32_t tgid = member(btf, "task_struct", "tgid");

	probes[0] = (struct declared_probe){ .n_fields = 6, .fields = {
		ARG(0, DECLARED_SIGNED, 4), ARG(1, DECLARED_USER_STRING, 0, .n_steps = 1), ARG(2, DECLARED_PORT, 2),
		ARG(3, DECLARED_SIGNED, 8), ARG(4, DECLARED_HEX, 8), ARG(5, DECLARED_BOOL, 1),
	}, .n_filters = 1, .filters = { { .field = 1, .prefix_len = 3, .prefix = "abc" } } };
	probes[1] = (struct declared_probe){ .n_fields = 1, .fields = { ARG(DECLARED_RETURNED, DECLARED_SIGNED, 4) },
		.n_filters = 1, .filters = { { .value = (uint64_t)-43, .field = 0 } } };
	/* task_rename: (struct task_struct *task, const char *comm) */
	probes[2] = (struct declared_probe){ .n_fields = 4, .fields = {
		ARG(0, DECLARED_STRING, 0, .n_steps = 1, .steps = { comm }), ARG(1, DECLARED_STRING, 0, .n_steps = 1),
		ARG(0, DECLARED_SIGNED, 4, .n_steps = 2, .steps = { parent, tgid }),
		ARG(0, DECLARED_STRING, 0, .n_steps = 2, .steps = { parent, comm }),
	} };
	/* inet_sock_set_state: (const struct sock *sk, int oldstate, int newstate) */
	probes[3] = (struct declared_probe){ .n_fields = 3, .fields = {
		ARG(0, DECLARED_IP, 4, .n_steps = 1, .steps = { 0 }),
		ARG(1, DECLARED_UNSIGNED, 4), ARG(2, DECLARED_UNSIGNED, 4),
	}, .n_filters = 1, .filters = { { .value = 2, .field = 2 } } };
	for (uint32_t i = 0; i < 4; i++) {
		probes[i].tracer = TR_DECLARED + i;
		probes[i].id = 0x1000 + i;
	}
	btf__free(btf);
}

static void
prepare(struct bpf_object *object, size_t i)
{
	struct bpf_map *map;
	char data[4096];
	size_t size;

	bpf_object__for_each_map(map, object) {
		if (!strstr(bpf_map__name(map), ".rodata"))
			continue;
		size = bpf_map__value_size(map);
		assert_true(size >= sizeof(probes[i]) && size <= sizeof(data));
		memcpy(data, bpf_map__initial_value(map, &size), size);
		memcpy(data, &probes[i], sizeof(probes[i]));	/* the object has no other */
		assert_int_equal(bpf_map__set_initial_value(map, data, size), 0);
	}
}

static struct bpf_link *
attach_uprobe(size_t i, bool at_return)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .retprobe = at_return, .func_name = "probed");

	return bpf_program__attach_uprobe_opts(bpf_object__find_program_by_name(tracerrig_object(rig, i + 1), "uprobe_hit"), -1,
		"/proc/self/exe", 0, &opts);
}

static struct bpf_link *
attach_tracepoint(size_t i, const char *name)
{
	return bpf_program__attach_raw_tracepoint(
		bpf_object__find_program_by_name(tracerrig_object(rig, i + 1), "tracepoint_hit"), name);
}

static int
setup(void **state)
{
	static const struct tracerrig_options opts = { .prepare = prepare };
	int err;

	fill();
	err = tracerrig_open(tracers, &opts, &rig);
	if (err)
		return err;
	tracerrig_on(rig, 0xfULL << TR_DECLARED);
	links[0] = attach_uprobe(0, false);
	links[1] = attach_uprobe(1, true);
	links[2] = attach_tracepoint(2, "task_rename");
	links[3] = attach_tracepoint(3, "inet_sock_set_state");
	return links[0] && links[1] && links[2] && links[3] ? 0 : -1;
}

static int
teardown(void **state)
{
	for (size_t i = 0; i < 4; i++)
		bpf_link__destroy(links[i]);
	return close_rig(state);
}

static uint64_t
number(const struct ev_declared *e, size_t i)
{
	uint64_t v;

	memcpy(&v, e->value[i], sizeof(v));
	return v;
}

static void
arguments_of_a_function_are_what_it_was_called_with(void **state)
{
	const struct ev_declared *e;

	probed(-5, "abcdef", htons(443), -(1LL << 40), (void *)0x1234, true);
	e = tracerrig_wait(rig, CALLED, 0, (uint32_t)getpid());
	assert_non_null(e);
	assert_int_equal(e->id, 0x1000);
	assert_int_equal((int64_t)number(e, 0), -5);
	assert_string_equal(tracerrig_str(e, e->str[1]), "abcdef");
	assert_int_equal(number(e, 2), 443);
	assert_int_equal((int64_t)number(e, 3), -(1LL << 40));
	assert_int_equal(number(e, 4), 0x1234);
	assert_int_equal(number(e, 5), 1);
	assert_true(e->h.flags & EV_UNTRUSTED);
	assert_non_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, (uint32_t)getpid()));
}

static void
what_another_prefix_has_is_filtered_and_counted(void **state)
{
	const struct ev_count before = tracerrig_count(rig, CALLED);
	struct ev_count after;

	probed(1, "xabc", 0, 0, NULL, false);
	probed(1, "ab", 0, 0, NULL, false);
	probed(1, "abc", 0, 0, NULL, false);
	tracerrig_drain(rig, 300);
	after = tracerrig_count(rig, CALLED);
	assert_int_equal(after.filtered - before.filtered, 2);
	assert_int_equal(after.produced - before.produced, 1);
	assert_int_equal(after.lost, 0);
}

/* It cannot be said what it begins with, so it passes, marked. */
static void
a_string_that_cannot_be_read_is_marked(void **state)
{
	const struct ev_declared *e;

	probed(1, (const char *)8, 0, 0, NULL, false);
	e = tracerrig_wait(rig, CALLED, 0, (uint32_t)getpid());
	assert_non_null(e);
	assert_int_equal(e->str[1].len, 0);
	assert_true(e->h.flags & EV_TRUNCATED);
	assert_int_equal(e->h.cut, EV_CUT(offsetof(struct ev_declared, str[1])));
}

static void
what_a_function_returned_is_filtered_by_number(void **state)
{
	const struct ev_count before = tracerrig_count(rig, RETURNED);
	const struct ev_declared *e;

	probed(7, "", 0, 0, NULL, false);
	probed(-42, "", 0, 0, NULL, false);
	e = tracerrig_wait(rig, RETURNED, 0, (uint32_t)getpid());
	assert_non_null(e);
	assert_int_equal((int64_t)number(e, 0), -43);
	assert_int_equal(tracerrig_count(rig, RETURNED).filtered - before.filtered, 1);
	assert_int_equal(tracerrig_count(rig, RETURNED).produced - before.produced, 1);
}

static void
rename_and_exit(void)
{
	prctl(PR_SET_NAME, "bpfd-renamed");
	_exit(0);
}

static void
members_behind_pointers_are_the_kernels_own(void **state)
{
	const struct ev_declared *e;
	char comm[16] = "";
	pid_t pid = fork();

	if (!pid)
		rename_and_exit();
	prctl(PR_GET_NAME, comm);
	waitpid(pid, NULL, 0);
	e = tracerrig_wait(rig, RENAMED, 0, (uint32_t)pid);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->str[0]), comm);
	assert_string_equal(tracerrig_str(e, e->str[1]), "bpfd-renamed");
	assert_int_equal(number(e, 2), getpid());
	assert_string_equal(tracerrig_str(e, e->str[3]), comm);
}

/* skc_daddr is the first word of struct sock_common, and that of struct sock. */
static void
addresses_are_mapped_ones(void **state)
{
	static const uint8_t loopback[16] = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct ev_declared *e;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_not_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	close(fd);
	e = tracerrig_wait(rig, CONNECTED, 0, (uint32_t)getpid());
	assert_non_null(e);
	assert_memory_equal(e->value[0], loopback, 16);
	assert_int_equal(number(e, 1), 7);	/* CLOSE to SYN_SENT, which alone passes */
	assert_int_equal(number(e, 2), 2);
	assert_int_equal(tracerrig_count(rig, CONNECTED).produced, 1);
	assert_true(tracerrig_count(rig, CONNECTED).filtered >= 1);
}

static void
the_common_filters_hold_for_them(void **state)
{
	const struct ev_count before = tracerrig_count(rig, CALLED);

	tracerrig_filter(rig, CALLED, (struct ev_tracer_filter){ .dims = DIM_PID });
	tracerrig_filter_number(rig, CALLED, DIM_PID, 1);
	probed(1, "abc", 0, 0, NULL, false);
	assert_int_equal(tracerrig_count(rig, CALLED).produced, before.produced);
	assert_int_equal(tracerrig_count(rig, CALLED).filtered, before.filtered + 1);
	tracerrig_filter(rig, CALLED, (struct ev_tracer_filter){ 0 });
	tracerrig_on(rig, 0);
	probed(1, "abc", 0, 0, NULL, false);
	assert_int_equal(tracerrig_count(rig, CALLED).produced, before.produced);
	assert_int_equal(tracerrig_count(rig, CALLED).filtered, before.filtered + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(arguments_of_a_function_are_what_it_was_called_with, forget),
		cmocka_unit_test_setup(what_another_prefix_has_is_filtered_and_counted, forget),
		cmocka_unit_test_setup(a_string_that_cannot_be_read_is_marked, forget),
		cmocka_unit_test_setup(what_a_function_returned_is_filtered_by_number, forget),
		cmocka_unit_test_setup(members_behind_pointers_are_the_kernels_own, forget),
		cmocka_unit_test_setup(addresses_are_mapped_ones, forget),
		cmocka_unit_test_setup(the_common_filters_hold_for_them, forget),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-declared", tests, setup, teardown);
}
