/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "alerts/alert.h"
#include "alerts/queue.h"
#include "unit/event_make.h"

static char packed[ALERT_MAX];
static const struct alert_from from = { .host = "web1", .boot_offset_ns = 1767323040000000000, .epoch = 0x1f };

static size_t
pack(struct made *m)
{
	struct event e;
	size_t len;

	assert_int_equal(record_check(m->bytes, m->len, &e), 0);
	len = alert_pack(&from, &e, e.matches, packed);
	assert_true(len <= ALERT_MAX);
	return len;
}

static void
is(const struct alert *a, enum alert_text i, const char *text)
{
	assert_int_equal(a->text[i].len, strlen(text));
	assert_memory_equal(a->text[i].s, text, a->text[i].len);
}

static void
all_that_a_message_shows_is_in_it(void **state)
{
	static struct made m;
	struct alert a;
	char id[40];

	made_action(&m);
	assert_int_equal(alert_unpack(packed, pack(&m), &a), 0);
	is(&a, ALERT_RULE, "all-actions");
	is(&a, ALERT_HOST, "web1");
	is(&a, ALERT_TRACER, "action");
	is(&a, ALERT_COMM, "cat");
	is(&a, ALERT_EXE, "/usr/bin/cat");
	is(&a, ALERT_CONTAINER, "0123");
	is(&a, ALERT_POD, "");
	assert_int_equal(a.severity, SEV_HIGH);
	assert_int_equal(a.pid, 42);
	assert_int_equal(a.uid, 1000);
	assert_true(a.time_ns == 1767323045000000000);
	assert_true(a.text[ALERT_JSON].len > 100 && a.text[ALERT_JSON].s[0] == '{');
	assert_non_null(memmem(a.text[ALERT_LINE].s, a.text[ALERT_LINE].len, "kill", 4));
	alert_id(&a, id);
	assert_string_equal(id, "000000000000001f-1");
}

static void
the_largest_event_fits_into_a_queue(void **state)
{
	static char args[15000];
	static struct made m;
	struct ev_action ev = { .h = { .tracer = TR_ACTION } };
	struct alert a;

	memset(args, '\x1b', sizeof(args) - 1);
	made_event(&m, &ev, sizeof(ev));
	made_ctx(&m, CTX_PROC);
	made_ctx_str_len(&m, args, args, sizeof(args));
	made_match(&m, "r", 1, 0);
	made_end(&m);
	assert_int_equal(alert_unpack(packed, pack(&m), &a), 0);
	assert_true(ALERT_MAX <= QUEUE_ITEM_MAX);
	assert_true(a.text[ALERT_JSON].len > 30000);
}

static void
what_is_not_whole_is_refused(void **state)
{
	static struct made m;
	struct alert a;
	size_t len;

	made_action(&m);
	len = pack(&m);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(alert_unpack(packed, i, &a), -EBADMSG);
	for (size_t i = 0; i < 104; i++) {
		packed[i] ^= (char)0x80;
		/* Numbers may be any; lengths, severity and magic not. */
		if (i < 8 || (i >= 32 && i < 36) || i >= 48)
			assert_int_equal(alert_unpack(packed, len, &a), -EBADMSG);
		packed[i] ^= (char)0x80;
	}
	assert_int_equal(alert_unpack(packed, len, &a), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_message_shows_is_in_it),
		cmocka_unit_test(the_largest_event_fits_into_a_queue),
		cmocka_unit_test(what_is_not_whole_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-alert", tests, NULL, NULL);
}
