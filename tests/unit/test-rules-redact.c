/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bpf/exec.h"
#include "unit/rules_make.h"

static struct made made;
static struct made_set set;
static struct match_result got;
static char shown[400];

static void
make(const char *args, size_t len, struct event *e)
{
	struct ev_exec ev = { .h = { .tracer = TR_EXEC, .tgid = 7 } };

	memcpy(ev.h.comm, "mysql", 6);
	made_event(&made, &ev, sizeof(ev));
	made_str(&made, ev_exec, path, "/usr/bin/mysql");
	made_str(&made, ev_exec, filename, "mysql?TOKEN=abc");
	made_str_len(&made, ev_exec, args, args, len);
	made_ctx(&made, CTX_PROC);
	made_ctx_str(&made, exe, "/usr/bin/mysql");
	made_ctx_str_len(&made, args, args, len);
	made_end(&made);
	assert_int_equal(record_check(made.bytes, made.len, e), 0);
}

/* A field of what the event is after it was matched and redacted, items with a space between. */
static const char *
after(struct matcher *m, const char *field, struct event *e)
{
	const struct field *f = field_find(e->ev->tracer, field);
	struct value v = { 0 };

	assert_true(matcher_run(m, e, &got));
	matcher_redact(m, got.redact, (struct ev_hdr *)(uintptr_t)e->ev, (struct rec_ctx *)(uintptr_t)e->ctx);
	assert_int_equal(record_check(made.bytes, made.len, e), 0);
	assert_true(field_get(e, f, &v));
	memcpy(shown, v.data, v.len);
	shown[v.len] = '\0';
	for (size_t i = 0; i < v.len; i++)
		if (!shown[i])
			shown[i] = ' ';
	return shown;
}

#define ARGS(text) text, sizeof(text)

static void
secrets_are_taken_out_and_the_event_says_so(void **state)
{
	static const struct { const char *redact, *args; size_t len; const char *left; } cases[] = {
		{ "password=*", ARGS("mysql\0password=hunter2\0-u\0me"), "mysql password=*** -u me " },
		{ "password=*", ARGS("mysql\0PassWord=hunter2 and more\0-u"), "mysql PassWord=*** -u " },
		{ "password=*", ARGS("mysql\0password=x\0-u"), "mysql password=* -u " },
		{ "password=*", ARGS("mysql\0password="), "mysql password= " },
		{ "password=*", ARGS("mysql\0-u"), "mysql -u " },
		{ "--token *", ARGS("curl\0--token\0hunter2\0x"), "curl --token *** x " },
		{ "args", ARGS("mysql\0password=hunter2"), "*** " },
		{ "k=*", ARGS("k=hunter2\0k=hunter2\0mk=hunter2"), "k=*** k=*** mk=*** " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rule[300];
		struct matcher *m;
		struct event e;

		snprintf(rule, sizeof(rule), "version=2\ntracer='exec'\nredact=['%s']\n", cases[i].redact);
		made_rule(&set, rule);
		m = made_matcher(&set);
		make(cases[i].args, cases[i].len, &e);
		assert_string_equal(after(m, "args", &e), cases[i].left);
		assert_int_equal((e.ev->flags & EV_REDACTED) != 0, !!strchr(cases[i].left, '*'));
		for (size_t b = 0; b + 7 <= made.len; b++)
			assert_memory_not_equal(made.bytes + b, "hunter2", 7);
		matcher_free(m);
		made_set_clear(&set);
	}
}

static void
rules_see_what_readers_do_not(void **state)
{
	const char *redact[] = { "password=*", "token=*" };
	struct matcher *m;
	struct event e;

	set.set.redact = redact;
	set.set.n_redact = 2;
	made_rule(&set, "version=2\ntracer='exec'\ncondition='args contains hunter2'\n");
	m = made_matcher(&set);
	make(ARGS("mysql\0password=hunter2"), &e);
	assert_string_equal(after(m, "args", &e), "mysql password=*** ");
	assert_string_equal(after(m, "filename", (make(ARGS("password=hunter2"), &e), &e)), "mysql?TOKEN=***");
	assert_string_equal(after(m, "path", (make(ARGS("password=hunter2"), &e), &e)), "/usr/bin/mysql");
	matcher_free(m);
	made_set_clear(&set);
}

static void
only_events_that_the_rule_matches_are_redacted(void **state)
{
	struct matcher *m;
	struct event e;

	made_rule(&set, "version=2\nname='a'\ntracer='exec'\ncondition='uid = 7'\nredact=['args']\n");
	made_rule(&set, "version=2\nname='b'\ntracer='exec'\n");
	m = made_matcher(&set);
	make(ARGS("mysql\0password=hunter2"), &e);
	assert_string_equal(after(m, "args", &e), "mysql password=hunter2 ");
	assert_false(e.ev->flags & EV_REDACTED);
	matcher_free(m);
	made_set_clear(&set);
}

static void
a_line_is_taken_out_to_the_next_space_or_quote(void **state)
{
	static const struct { const char *line, *left; } cases[] = {
		{ "mysql --password=hunter2 -u me", "mysql --password=*** -u me" },
		{ "mysql --password='hunter2 x' -u me", "mysql --password=*** -u me" },
		{ "mysql --password=\"hunter2", "mysql --password=***" },
		{ "mysql --password=", "mysql --password=" },
	};
	struct redact_item item;

	assert_true(redact_item_init(&item, "--password=*", TR_BASHREADLINE));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* struct ev_bashreadline is a header and the line. */
		struct { struct ev_hdr h; struct ev_str line; } ev = { .h = { .tracer = TR_BASHREADLINE } };
		struct event e;

		made_event(&made, &ev, tracer_info(TR_BASHREADLINE)->min_size);
		made_bytes(&made, sizeof(struct rec_hdr), sizeof(struct ev_hdr), cases[i].line, strlen(cases[i].line));
		made_ctx(&made, CTX_PROC);
		made_end(&made);
		assert_int_equal(record_check(made.bytes, made.len, &e), 0);
		redact_run(&item, made_ev(&made), made_rec_ctx(&made));
		memcpy(&ev, made_ev(&made), sizeof(ev));
		assert_int_equal(ev.line.len, strlen(cases[i].left));
		assert_memory_equal((char *)made_ev(&made) + ev.line.off, cases[i].left, ev.line.len);
	}
}

static void
what_an_action_goes_by_is_not_redacted(void **state)
{
	assert_false(redact_item_ok("exe", 0));
	assert_false(redact_item_ok("comm", 0));
	assert_false(redact_item_ok("container.id", 0));
	assert_false(redact_item_ok("cgroup", 0));
	assert_false(redact_item_ok("uid", 0));
	assert_false(redact_item_ok("line", TR_OPEN));
	assert_false(redact_item_ok("a*", 0));
	assert_true(redact_item_ok("line", 0));
	assert_true(redact_item_ok("line", TR_BASHREADLINE));
	assert_true(redact_item_ok("cwd", TR_OPEN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_taken_out_and_the_event_says_so),
		cmocka_unit_test(rules_see_what_readers_do_not),
		cmocka_unit_test(only_events_that_the_rule_matches_are_redacted),
		cmocka_unit_test(a_line_is_taken_out_to_the_next_space_or_quote),
		cmocka_unit_test(what_an_action_goes_by_is_not_redacted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
