/* SPDX-License-Identifier: Apache-2.0 */
/* Whether programs at the kernel's functions see every call, as far as it can be known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "loader/attach_hook.h"
#include "loader/tracers_functions.h"

static const char *refused;

const char *
attach_no_trampolines(void)
{
	return refused;
}

static void
kernel_that_cannot_preempt_itself_is_known_by_its_version(void **state)
{
	assert_int_equal(preempts_by("#1 SMP Debian 6.1", "", ""), PREEMPTS_NOT);
	assert_int_equal(preempts_by("#1 SMP PREEMPT Debian 6.1", "", ""), PREEMPTS);
	assert_int_equal(preempts_by("#1 SMP PREEMPT_RT Debian 6.1", "none (voluntary) full", "preempt=none"), PREEMPTS);
}

static void
mode_in_force_counts_before_the_one_asked_for(void **state)
{
	const char *dynamic = "#1 SMP PREEMPT_DYNAMIC Debian 6.12";

	assert_int_equal(preempts_by(dynamic, "none (voluntary) full\n", "quiet preempt=full"), PREEMPTS_NOT);
	assert_int_equal(preempts_by(dynamic, "(none) voluntary full lazy\n", ""), PREEMPTS_NOT);
	assert_int_equal(preempts_by(dynamic, "none voluntary (full)\n", "preempt=none"), PREEMPTS);
	assert_int_equal(preempts_by(dynamic, "none voluntary full (lazy)\n", ""), PREEMPTS);
	assert_int_equal(preempts_by(dynamic, "", "quiet preempt=voluntary\n"), PREEMPTS_NOT);
	assert_int_equal(preempts_by(dynamic, "", "preempt=full quiet\n"), PREEMPTS);
	assert_int_equal(preempts_by(dynamic, "", "nopreempt=none preempt=full\n"), PREEMPTS);
	assert_int_equal(preempts_by(dynamic, "", "quiet\n"), PREEMPTS_UNKNOWN);
}

static void
reason_is_the_configuration_then_the_kernel_then_preemption(void **state)
{
	static struct config cfg;

	refused = "lockdown";
	assert_string_equal(tracers_no_functions(&cfg), "lockdown");
	cfg.tracers_hooks = 1;
	assert_string_equal(tracers_no_functions(&cfg), "tracers.hooks says so");
	cfg.tracers_hooks = 0;
	refused = NULL;
	assert_non_null(tracers_no_functions(&cfg));	/* nobody has asked yet */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_that_cannot_preempt_itself_is_known_by_its_version),
		cmocka_unit_test(mode_in_force_counts_before_the_one_asked_for),
		cmocka_unit_test(reason_is_the_configuration_then_the_kernel_then_preemption),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
