/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "unit/event_make.h"

static bool
is_text(enum field_type type)
{
	return type == F_STR || type == F_PATH || type == F_LIST;
}

/* A table that lies is a table that reads behind its record. */
static void
names_members_that_are_in_the_tracers_struct(void **state)
{
	for (unsigned int i = 1; i < N_TRACERS; i++) {
		const struct tracer_info *t = tracer_info(i);

		for (const struct field *f = t ? t->fields : common_fields; f->name; f++) {
			if (!t || f->get)
				continue;
			assert_true(f->size > 0 && f->off + f->size <= t->min_size);
			if (is_text(f->type))
				continue;
			if (f->type == F_IP || f->type == F_MAC)
				assert_int_equal(f->size, f->type == F_IP ? 16 : 6);
			else
				assert_true(f->size == 1 || f->size == 2 || f->size == 4 || f->size == 8);
		}
	}
}

static void
has_a_name_and_a_help_for_each_field(void **state)
{
	for (unsigned int i = 0; i < N_TRACERS; i++) {
		const struct tracer_info *t = tracer_info(i);
		const struct field *fields = i == 0 ? common_fields : t ? t->fields : NULL;

		for (const struct field *f = fields; f && f->name; f++) {
			assert_non_null(f->help);
			assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz0123456789_."),
				strlen(f->name));
			assert_ptr_equal(field_find(i, f->name), f);
			if (f->type == F_ENUM)
				assert_non_null(f->words);
			for (const struct field *g = f + 1; g->name; g++)
				assert_string_not_equal(f->name, g->name);
		}
	}
}

static void
has_events_that_a_mask_can_name(void **state)
{
	for (unsigned int i = 1; i < N_TRACERS; i++) {
		const struct tracer_info *t = tracer_info(i);
		unsigned int n = 0;

		if (!t)
			continue;
		while (t->events[n])
			n++;
		assert_in_range(n, 1, 32);
		assert_int_equal(t->min_size % 8, 0);
		assert_int_equal(tracer_by_name(t->name), i);
		for (const struct field *f = t->fields; f->name; f++)
			assert_true(n == 32 || f->events >> n == 0);
	}
}

static void
finds_fields_by_what_older_rules_call_them(void **state)
{
	assert_string_equal(field_find(TR_ACTION, "command")->name, "comm");
	assert_string_equal(field_find(TR_ACTION, "COMMAND")->name, "comm");
	assert_string_equal(field_find(TR_ACTION, "TGID")->name, "ppid");
	assert_string_equal(field_find(TR_ACTION, "PID")->name, "pid");
	assert_string_equal(field_find(TR_ACTION, "returnval")->name, "retval");
	assert_string_equal(field_find(TR_ACTION, "containerID")->name, "container.id");
	assert_null(field_find(TR_ACTION, "saddr"));
	assert_null(field_find(TR_ACTION, ""));
}

static const char *
text_of(const struct event *e, const char *name)
{
	static char out[256];
	struct value v;

	if (!field_get(e, field_find(e->ev->tracer, name), &v))
		return NULL;
	memcpy(out, v.data, v.len);
	out[v.len] = '\0';
	return out;
}

static uint64_t
number_of(const struct event *e, const char *name)
{
	struct value v = { 0 };

	assert_true(field_get(e, field_find(e->ev->tracer, name), &v));
	return v.u;
}

static void
reads_the_values_of_an_event(void **state)
{
	struct made m;
	struct event e;
	struct value v;

	made_action(&m);
	made_ev(&m)->ret = -2;
	assert_int_equal(record_check(m.bytes, m.len, &e), 0);
	assert_string_equal(text_of(&e, "tracer"), "action");
	assert_string_equal(text_of(&e, "event"), "result");
	assert_string_equal(text_of(&e, "error"), "ENOENT");
	assert_string_equal(text_of(&e, "argv"), "cat /etc/passwd");
	assert_string_equal(text_of(&e, "exe"), "/usr/bin/cat");
	assert_string_equal(text_of(&e, "rule"), "no-cats");
	assert_string_equal(text_of(&e, "container.id"), "0123");
	assert_int_equal(number_of(&e, "pid"), 42);
	assert_int_equal(number_of(&e, "tgid"), 1);
	assert_true((int64_t)number_of(&e, "retval") == -2);
	assert_int_equal(number_of(&e, "container"), 1);
	assert_int_equal(number_of(&e, "fileless"), 0);
	assert_false(field_get(&e, field_find(TR_ACTION, "loginuid"), &v));
	assert_null(text_of(&e, "cwd"));
}

static void
knows_nothing_of_a_process_that_has_no_context(void **state)
{
	struct made m;
	struct event e;
	struct value v;

	made_action(&m);
	assert_int_equal(record_check_kernel(made_ev(&m), made_ev(&m)->len, NULL, &e), 0);
	assert_null(text_of(&e, "exe"));
	assert_null(text_of(&e, "argv"));
	assert_int_equal(number_of(&e, "container"), 0);
	assert_false(field_get(&e, field_find(TR_ACTION, "seq"), &v));
	assert_false(field_get(&e, field_find(TR_ACTION, "cap_eff"), &v));
	assert_string_equal(text_of(&e, "comm"), "cat");
}

static void
takes_a_name_of_the_full_length(void **state)
{
	struct made m;
	struct event e;

	made_action(&m);
	memset(made_ev(&m)->comm, 'x', EV_COMM);
	assert_int_equal(record_check(m.bytes, m.len, &e), 0);
	assert_string_equal(text_of(&e, "comm"), "xxxxxxxxxxxxxxxx");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_members_that_are_in_the_tracers_struct),
		cmocka_unit_test(has_a_name_and_a_help_for_each_field),
		cmocka_unit_test(has_events_that_a_mask_can_name),
		cmocka_unit_test(finds_fields_by_what_older_rules_call_them),
		cmocka_unit_test(reads_the_values_of_an_event),
		cmocka_unit_test(knows_nothing_of_a_process_that_has_no_context),
		cmocka_unit_test(takes_a_name_of_the_full_length),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
