/* SPDX-License-Identifier: Apache-2.0 */
/* What proceed-on at traffic control rests on: a result comes back from a tail call, and what becomes of it. */
#include <errno.h>
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <unistd.h>

#include "bpf-prog.h"
#include "common/auto.h"
#include "loader/tc_stub.h"

static struct kernel kernel = { kernel_bpf, 0 };

#define INSN(c, dst, src, o, i) bpf_test_insn(c, dst, src, o, i)
#define CALL_PROG(imm)	INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, imm)
#define EXIT		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define SET(reg, value)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define TAIL_CALL(map)                                                                                 \
	INSN(BPF_LD | BPF_IMM | BPF_DW, 2, BPF_PSEUDO_MAP_FD, 0, map), INSN(0, 0, 0, 0, 0),            \
		SET(3, 0), INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call)
/* The first byte of the packet, with a sign. */
#define FIRST_BYTE                                                                                     \
	INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, offsetof(struct __sk_buff, data), 0),                    \
		INSN(BPF_LDX | BPF_MEM | BPF_W, 3, 1, offsetof(struct __sk_buff, data_end), 0),        \
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0), INSN(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 1), \
		SET(0, 77), INSN(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 3, 0),                               \
		INSN(BPF_LDX | BPF_MEM | BPF_B, 0, 2, 0, 0),                                           \
		INSN(BPF_ALU64 | BPF_LSH | BPF_K, 0, 0, 0, 56), INSN(BPF_ALU64 | BPF_ARSH | BPF_K, 0, 0, 0, 56)

static int
load(const struct bpf_insn *code, uint32_t n)
{
	const struct kernel_code c = { .insns = code, .n = n };
	int fd = kernel_prog_load(&kernel, "bpfd_test", BPF_PROG_TYPE_SCHED_CLS, 0, &c);

	assert_true(fd >= 0);
	return fd;
}
#define LOAD(...) load((const struct bpf_insn[]){ __VA_ARGS__ }, \
	ARRAY_SIZE(((const struct bpf_insn[]){ __VA_ARGS__ })))

struct run { uint32_t repeat, ns; };

/* What comes of a packet whose first byte is this. */
static int
run(int prog, int first_byte, struct run *r)
{
	uint8_t packet[64] = { (uint8_t)first_byte };
	union bpf_attr attr = { 0 };

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = (uintptr_t)packet;
	attr.test.data_size_in = sizeof(packet);
	attr.test.repeat = r ? r->repeat : 1;
	assert_int_equal(compat_bpf(BPF_PROG_TEST_RUN, &attr, sizeof(attr)), 0);
	if (r)
		r->ns = attr.test.duration;
	return (int)attr.test.retval;
}

static int
stub(int prog, uint32_t proceed_on, bool clsact, int *array)
{
	int fd;

	*array = tc_stub_array(&kernel, prog);
	assert_true(*array >= 0);
	fd = tc_stub_load(&kernel, *array, 0, proceed_on, clsact);
	assert_true(fd >= 0);
	return fd;
}

#define BIT(name) TC_RESULT_BIT(TC_ACT_##name)

static void
a_result_comes_back_from_a_tail_call_in_a_function(void **state)
{
	AUTO(fd) int other = LOAD(FIRST_BYTE, EXIT);
	AUTO(fd) int theirs = tc_stub_array(&kernel, other);
	/* plain, with a function, one that tail-calls, one that does so in a function */
	int progs[] = { LOAD(FIRST_BYTE, EXIT), LOAD(CALL_PROG(1), EXIT, FIRST_BYTE, EXIT),
		LOAD(TAIL_CALL(theirs), SET(0, 99), EXIT), tc_stub_load(&kernel, theirs, 0, 0, true) };

	for (size_t i = 0; i < ARRAY_SIZE(progs); i++) {
		AUTO(fd) int array = -1;
		AUTO(fd) int fd = stub(progs[i], BIT(PIPE), false, &array);

		assert_int_equal(run(fd, TC_ACT_OK, NULL), TC_ACT_OK);
		assert_int_equal(run(fd, TC_ACT_SHOT, NULL), TC_ACT_SHOT);
		assert_int_equal(run(fd, TC_ACT_REDIRECT, NULL), TC_ACT_REDIRECT);
		if (i < 3)	/* the last one makes ok of it */
			assert_int_equal(run(fd, TC_ACT_PIPE, NULL), TC_ACT_UNSPEC);
		assert_int_equal(run(fd, TC_ACT_UNSPEC, NULL), TC_ACT_UNSPEC);
		close(progs[i]);
	}
}

static int
ends_with(int code, bool clsact)
{
	static const int tcx[] = { 0, 0, 2, 0, 2, 2, 0, 7, 2 }, filter[] = { 0, 0, 2, 0, 4, 4, 0, 7, 8 };

	return code == TC_DISPATCHER_RETURN ? TC_ACT_OK : clsact ? filter[code] : tcx[code];
}

static bool
is_result(int code)
{
	return (code >= 0 && code <= TC_ACT_TRAP) || code == TC_DISPATCHER_RETURN;
}

/* Every result, by a set that is empty, of one result, of all but one, and of all. */
static void
every_result_goes_on_or_ends_as_the_set_says(void **state)
{
	AUTO(fd) int prog = LOAD(FIRST_BYTE, EXIT);

	for (int set = 0; set < 80; set++) {
		bool clsact = set % 2, but = set / 2 % 2;
		uint32_t one = set / 4 > 10 ? 0 : set / 4 == 9 ? 1u << 30 : set / 4 == 10 ? 1u << 31 : 1u << set / 4;
		uint32_t all = but ? ~one : one;
		AUTO(fd) int array = -1;
		AUTO(fd) int fd = stub(prog, all, clsact, &array);

		for (int code = -128; code < 128; code++) {
			bool next = !is_result(code) || (all & TC_RESULT_BIT(code));

			assert_int_equal(run(fd, code, NULL), next ? TC_ACT_UNSPEC : ends_with(code, clsact));
		}
	}
}

static void
a_program_is_replaced_within_its_stub(void **state)
{
	AUTO(fd) int prog = LOAD(SET(0, TC_ACT_OK), EXIT);
	AUTO(fd) int other = LOAD(SET(0, TC_ACT_SHOT), EXIT);
	AUTO(fd) int array = -1;
	AUTO(fd) int fd = stub(prog, BIT(PIPE), false, &array);
	uint32_t id = 0;

	assert_int_equal(tc_stub_prog(&kernel, array, &id), 0);
	assert_int_equal(id, bpf_test_prog_id(prog));
	assert_int_equal(run(fd, 0, NULL), TC_ACT_OK);
	assert_int_equal(tc_stub_put(&kernel, array, other), 0);
	assert_int_equal(run(fd, 0, NULL), TC_ACT_SHOT);
	assert_int_equal(tc_stub_prog(&kernel, array, &id), 0);
	assert_int_equal(id, bpf_test_prog_id(other));
}

/* Why the array is pinned for as long as the stub is on a hook. */
static void
what_nobody_looks_at_is_dropped_by_any_set(void **state)
{
	AUTO(fd) int prog = LOAD(SET(0, TC_ACT_OK), EXIT);
	int array;
	AUTO(fd) int fd = stub(prog, ~0u, false, &array);

	assert_int_equal(run(fd, 0, NULL), TC_ACT_UNSPEC);
	close(array);
	for (int i = 0; i < 200 && run(fd, 0, NULL) != TC_ACT_SHOT; i++)
		usleep(10000);
	assert_int_equal(run(fd, 0, NULL), TC_ACT_SHOT);
}

/* Pairs of short rounds: no bound, a figure for docs/ARCHITECTURE.md. */
static void
a_stub_costs_little(void **state)
{
	AUTO(fd) int prog = LOAD(SET(0, TC_ACT_OK), EXIT);
	AUTO(fd) int array = -1;
	AUTO(fd) int fd = stub(prog, BIT(PIPE), false, &array);
	struct run bare = { 100000, 0 }, stubbed = bare;
	uint32_t best[2] = { UINT32_MAX, UINT32_MAX };

	for (int i = 0; i < 20; i++) {
		run(prog, 0, &bare);
		run(fd, 0, &stubbed);
		best[0] = bare.ns < best[0] ? bare.ns : best[0];
		best[1] = stubbed.ns < best[1] ? stubbed.ns : best[1];
	}
	print_message("# a packet: %u ns bare, %u ns by a stub\n", best[0], best[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_comes_back_from_a_tail_call_in_a_function),
		cmocka_unit_test(every_result_goes_on_or_ends_as_the_set_says),
		cmocka_unit_test(a_program_is_replaced_within_its_stub),
		cmocka_unit_test(what_nobody_looks_at_is_dropped_by_any_set),
		cmocka_unit_test(a_stub_costs_little),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tc-stub", tests, NULL, NULL);
}
