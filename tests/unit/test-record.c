/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "unit/event_make.h"

static void
accepts_a_record_with_context_and_matches(void **state)
{
	struct made m;
	struct event e;

	made_action(&m);
	assert_int_equal(record_check(m.bytes, m.len, &e), 0);
	assert_int_equal(e.n_matches, 1);
	assert_int_equal(e.ev->tracer, TR_ACTION);
	assert_ptr_equal(e.rec, m.bytes);
}

static void
refuses_every_cut(void **state)
{
	struct made m;
	struct event e;

	made_action(&m);
	for (size_t len = 0; len < m.len; len++)
		assert_int_equal(record_check(m.bytes, len, &e), -EBADMSG);
}

/* Each 32-bit word that is a size, an offset or a count is overwritten by hostile values: nothing
 * that is then accepted may point out of the record. */
static void
never_accepts_what_points_outside(void **state)
{
	static const uint32_t hostile[] = { 0, 1, 7, 8, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff8,
		0xffff0000, 0x0000ffff, 0x00080008 };
	struct made m;
	struct event e;

	made_action(&m);
	for (size_t at = 0; at + 4 <= m.len; at += 4) {
		for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
			uint32_t old;

			memcpy(&old, m.bytes + at, 4);
			memcpy(m.bytes + at, &hostile[i], 4);
			if (record_check(m.bytes, m.len, &e) == 0)
				made_touch(&e);
			memcpy(m.bytes + at, &old, 4);
		}
	}
}

static void
refuses_unknown_tracers_and_events(void **state)
{
	struct made m;
	struct event e;
	struct ev_hdr *ev = (void *)(m.bytes + sizeof(struct rec_hdr));

	made_action(&m);
	ev->tracer = TR_NONE;
	assert_int_equal(record_check(m.bytes, m.len, &e), -EBADMSG);
	ev->tracer = N_TRACERS;
	assert_int_equal(record_check(m.bytes, m.len, &e), -EBADMSG);
	ev->tracer = TR_ACTION;
	ev->event = 1;
	assert_int_equal(record_check(m.bytes, m.len, &e), -EBADMSG);
	assert_int_equal(record_check_kernel(ev, ev->len, NULL, &e), -EBADMSG);
	ev->event = 0;
	assert_int_equal(record_check_kernel(ev, ev->len, NULL, &e), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_a_record_with_context_and_matches),
		cmocka_unit_test(refuses_every_cut),
		cmocka_unit_test(never_accepts_what_points_outside),
		cmocka_unit_test(refuses_unknown_tracers_and_events),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
