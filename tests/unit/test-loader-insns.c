/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "loader/insns.h"

#define CALL(src, o, id) { .code = BPF_JMP | BPF_CALL, .src_reg = src, .off = o, .imm = id }
#define IMM64(src, low) { .code = BPF_LD | BPF_IMM | BPF_DW, .src_reg = src, .imm = low }
#define UPPER(high) { .imm = high }
#define EXIT { .code = BPF_JMP | BPF_EXIT }

static struct config *
policy(void)
{
	static struct config cfg;

	memset(&cfg, 0, sizeof(cfg));
	cfg.policy_deny_helpers.bits[109 / 64] = 1ULL << (109 % 64);
	cfg.policy_kfuncs.n = 3;
	cfg.policy_kfuncs.ids[0] = 10;
	cfg.policy_kfuncs.ids[1] = 500;
	cfg.policy_kfuncs.ids[2] = 70000;
	return &cfg;
}

static enum insns_verdict
scan(const struct bpf_insn *in, size_t n, struct insns_finding *f)
{
	return insns_scan(policy(), in, n, f);
}

static void
accepts_what_is_allowed(void **state)
{
	const struct bpf_insn in[] = { CALL(0, 0, 1), CALL(BPF_PSEUDO_CALL, 0, 2),
		CALL(BPF_PSEUDO_KFUNC_CALL, 0, 10), CALL(BPF_PSEUDO_KFUNC_CALL, 0, 500),
		CALL(BPF_PSEUDO_KFUNC_CALL, 0, 70000), IMM64(0, -1), UPPER(-1),
		IMM64(BPF_PSEUDO_MAP_FD, 1), UPPER(0), IMM64(BPF_PSEUDO_MAP_VALUE, 1), UPPER(16),
		IMM64(BPF_PSEUDO_BTF_ID, 99), UPPER(0), IMM64(BPF_PSEUDO_FUNC, 4), UPPER(0), EXIT };
	struct insns_finding f;

	assert_int_equal(scan(in, ARRAY_SIZE(in), &f), INSNS_OK);
	assert_int_equal(scan(in, 0, &f), INSNS_OK);
}

static void
finds_a_denied_helper_anywhere(void **state)
{
	const struct bpf_insn in[] = { IMM64(0, 0), UPPER(0), CALL(0, 0, 1), CALL(0, 0, 109), EXIT };
	struct insns_finding f;

	assert_int_equal(scan(in, ARRAY_SIZE(in), &f), INSNS_HELPER);
	assert_int_equal(f.index, 3);
	assert_int_equal(f.id, 109);
}

static void
denies_helpers_beyond_the_list(void **state)
{
	const struct bpf_insn high = CALL(0, 0, 512), negative = CALL(0, 0, -1);
	struct insns_finding f;

	assert_int_equal(scan(&high, 1, &f), INSNS_HELPER);
	assert_int_equal(scan(&negative, 1, &f), INSNS_HELPER);
}

static void
denies_kernel_functions_off_the_list(void **state)
{
	const struct bpf_insn other = CALL(BPF_PSEUDO_KFUNC_CALL, 0, 11);
	const struct bpf_insn module = CALL(BPF_PSEUDO_KFUNC_CALL, 1, 10);
	struct insns_finding f;

	assert_int_equal(scan(&other, 1, &f), INSNS_KFUNC);
	assert_int_equal(f.id, 11);
	assert_int_equal(scan(&module, 1, &f), INSNS_KFUNC);
}

static void
refuses_calls_of_unknown_form(void **state)
{
	const struct bpf_insn source = CALL(3, 0, 1);
	const struct bpf_insn indirect = { .code = BPF_JMP | BPF_CALL | BPF_X };
	const struct bpf_insn jump32 = { .code = BPF_JMP32 | BPF_CALL, .imm = 109 };
	struct insns_finding f;

	assert_int_equal(scan(&source, 1, &f), INSNS_CALL);
	assert_int_equal(scan(&indirect, 1, &f), INSNS_CALL);
	assert_int_equal(scan(&jump32, 1, &f), INSNS_CALL);
}

static void
refuses_loads_that_name_what_they_may_not(void **state)
{
	const struct bpf_insn by_index[] = { IMM64(5, 0), UPPER(0) };
	const struct bpf_insn module_btf[] = { IMM64(BPF_PSEUDO_BTF_ID, 1), UPPER(7) };
	const struct bpf_insn unknown[] = { IMM64(15, 0), UPPER(0) };
	struct insns_finding f;

	assert_int_equal(scan(by_index, 2, &f), INSNS_IMM64);
	assert_int_equal(scan(module_btf, 2, &f), INSNS_IMM64);
	assert_int_equal(scan(unknown, 2, &f), INSNS_IMM64);
}

/* A call hidden in the second half of a load would not be looked at: that half must be bare. */
static void
refuses_a_call_hidden_in_a_load(void **state)
{
	const struct bpf_insn hidden[] = { IMM64(0, 0), CALL(0, 0, 109), EXIT };
	const struct bpf_insn cut[] = { EXIT, IMM64(0, 0) };
	struct insns_finding f;

	assert_int_equal(scan(hidden, 3, &f), INSNS_IMM64);
	assert_int_equal(scan(cut, 2, &f), INSNS_IMM64);
	assert_int_equal(f.index, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_is_allowed),
		cmocka_unit_test(finds_a_denied_helper_anywhere),
		cmocka_unit_test(denies_helpers_beyond_the_list),
		cmocka_unit_test(denies_kernel_functions_off_the_list),
		cmocka_unit_test(refuses_calls_of_unknown_form),
		cmocka_unit_test(refuses_loads_that_name_what_they_may_not),
		cmocka_unit_test(refuses_a_call_hidden_in_a_load),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
