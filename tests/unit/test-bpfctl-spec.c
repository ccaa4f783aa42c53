/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "bpfctl/fit.h"
#include "bpfctl/spec.h"

static void
reads_numbers(void **state)
{
	uint64_t v;

	assert_int_equal(spec_number("42", 1, 100, &v), 0);
	assert_int_equal(v, 42);
	assert_int_equal(spec_number("0xff", 0, UINT64_MAX, &v), 0);
	assert_int_equal(v, 255);
	assert_int_equal(spec_number("18446744073709551615", 0, UINT64_MAX, &v), 0);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(spec_number(((const char *const[]){ "", "-1", "+1", " 1", "1 ", "0x",
					"101", "0", "18446744073709551616" })[i], 1, 100, &v), -EINVAL);
	assert_true(spec_is_id("12"));
	assert_false(spec_is_id("12a"));
	assert_false(spec_is_id(""));
}

static void
reads_pairs_at_the_first_equals_sign(void **state)
{
	AUTO(buf) struct buf why = { 0 };
	char *key = NULL, *value = NULL;

	assert_int_equal(spec_pair("a=b=c", &key, &value, &why), 0);
	assert_string_equal(key, "a");
	assert_string_equal(value, "b=c");
	free(key);
	free(value);
	assert_int_equal(spec_pair("a=", &key, &value, &why), 0);
	assert_string_equal(value, "");
	free(key);
	free(value);
	assert_int_equal(spec_pair("=b", &key, &value, &why), -EINVAL);
	assert_int_equal(spec_pair("ab", &key, &value, &why), -EINVAL);
	assert_non_null(strstr(buf_text(&why), "\"ab\""));
}

static void
reads_globals(void **state)
{
	AUTO(buf) struct buf why = { 0 };
	AUTO(mem) char *name = NULL;
	AUTO(mem) uint8_t *value = NULL;
	size_t len;
	static const char *const bad[] = { "a", "a=", "a=0x", "a=1", "a=0g", "a=01 ", "=01", "a=0 1" };

	assert_int_equal(spec_global("step=0x0aFF00", &name, &value, &len, &why), 0);
	assert_string_equal(name, "step");
	assert_int_equal(len, 3);
	assert_memory_equal(value, "\x0a\xff\x00", 3);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *n = NULL;
		uint8_t *v = NULL;

		why.len = 0;
		assert_int_equal(spec_global(bad[i], &n, &v, &len, &why), -EINVAL);
		assert_true(why.len > 0);
		assert_null(n);
		assert_null(v);
	}
}

static void
reads_programs(void **state)
{
	AUTO(buf) struct buf why = { 0 };
	Bpfd__V1__ProgramSpec p;
	char *copy = NULL;

	assert_int_equal(spec_program("f", &p, &copy, &why), 0);
	assert_string_equal(p.name, "f");
	assert_string_equal(p.type, "");
	assert_string_equal(p.attach_to, "");
	free(copy);
	assert_int_equal(spec_program("f:fentry:a:b", &p, &copy, &why), 0);
	assert_string_equal(p.type, "fentry");
	assert_string_equal(p.attach_to, "a:b");
	free(copy);
	copy = NULL;
	assert_int_equal(spec_program(":xdp", &p, &copy, &why), -EINVAL);
	assert_int_equal(spec_program("", &p, &copy, &why), -EINVAL);
	assert_null(copy);
}

static void
reads_attachments(void **state)
{
	AUTO(buf) struct buf why = { 0 };
	AUTO(spec_attach) struct spec_attach s = { 0 };

	spec_attach_init(&s);
	assert_int_equal(spec_attach_read(&s, "uprobe:/lib/libc.so.6:malloc,priority=7,cookie=0x10,"
				"direction=egress,mode=skb,netns=pid:1,program=p,proceed-on=pass+drop,"
				"metadata=owner=me,metadata=x=,function=a=b", &why), 0);
	assert_string_equal(s.req.kind, "uprobe");
	assert_string_equal(s.req.target, "/lib/libc.so.6:malloc");
	assert_int_equal(s.req.priority, 7);
	assert_int_equal(s.req.cookie, 16);
	assert_string_equal(s.req.direction, "egress");
	assert_string_equal(s.req.mode, "skb");
	assert_string_equal(s.req.netns, "pid:1");
	assert_string_equal(s.program, "p");
	assert_int_equal(s.req.n_proceed_on, 2);
	assert_string_equal(s.req.proceed_on[1], "drop");
	assert_int_equal(s.req.n_metadata, 2);
	assert_string_equal(s.req.metadata[0]->key, "owner");
	assert_string_equal(s.req.metadata[0]->value, "me");
	assert_int_equal(s.req.n_options, 1);
	assert_string_equal(s.req.options[0]->key, "function");
	assert_string_equal(s.req.options[0]->value, "a=b");
}

static void
a_target_may_be_missing(void **state)
{
	AUTO(buf) struct buf why = { 0 };
	AUTO(spec_attach) struct spec_attach s = { 0 };

	spec_attach_init(&s);
	assert_int_equal(spec_attach_read(&s, "tp_btf,cookie=1", &why), 0);
	assert_string_equal(s.req.kind, "tp_btf");
	assert_string_equal(s.req.target, "");
}

static void
refuses_attachments(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "is not KIND:TARGET" }, { ":lo", "is not KIND:TARGET" },
		{ "xdp:lo,", "is not KEY=VALUE" }, { "xdp:lo,priority", "is not KEY=VALUE" },
		{ "xdp:lo,=1", "is not KEY=VALUE" },
		{ "xdp:lo,priority=0", "from 1 to 1000" }, { "xdp:lo,priority=1001", "from 1 to 1000" },
		{ "xdp:lo,priority=-1", "from 1 to 1000" }, { "xdp:lo,cookie=x", "not a number" },
		{ "xdp:lo,metadata=x", "is not KEY=VALUE" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(buf) struct buf why = { 0 };
		AUTO(spec_attach) struct spec_attach s = { 0 };

		spec_attach_init(&s);
		assert_int_equal(spec_attach_read(&s, bad[i].text, &why), -EINVAL);
		if (!strstr(buf_text(&why), bad[i].why))
			fail_msg("%s: %s", bad[i].text, buf_text(&why));
	}
}

static Bpfd__V1__Program programs[5];
static Bpfd__V1__Program *loaded[5];

static int
set_up_programs(void **state)
{
	static const char *const facts[][3] = {
		{ "on_exec", "tracepoint", "tracepoint/sched/sched_process_exec" },
		{ "on_exit", "tracepoint", "tp/sched/sched_process_exit" },
		{ "on_xdp", "xdp", "xdp" },
		{ "on_tc", "tc", "classifier" },
		{ "on_tcx", "tc", "tcx/egress" },
	};

	for (size_t i = 0; i < 5; i++) {
		bpfd__v1__program__init(&programs[i]);
		programs[i].name = (char *)(uintptr_t)facts[i][0];
		programs[i].type = (char *)(uintptr_t)facts[i][1];
		programs[i].section = (char *)(uintptr_t)facts[i][2];
		loaded[i] = &programs[i];
	}
	return 0;
}

static const Bpfd__V1__Program *
fit(const char *text, size_t n, struct buf *why)
{
	AUTO(spec_attach) struct spec_attach s = { 0 };

	spec_attach_init(&s);
	assert_int_equal(spec_attach_read(&s, text, why), 0);
	return fit_program(&s, loaded, n, why);
}

static void
chooses_the_program_that_fits(void **state)
{
	AUTO(buf) struct buf why = { 0 };

	assert_ptr_equal(fit("xdp:lo", 5, &why), &programs[2]);
	assert_ptr_equal(fit("tc:lo", 4, &why), &programs[3]);
	assert_ptr_equal(fit("tcx:lo", 4, &why), &programs[3]);
	assert_ptr_equal(fit("tracepoint:sched/sched_process_exit", 5, &why), &programs[1]);
	assert_ptr_equal(fit("xdp:lo,program=on_exec", 5, &why), &programs[0]);
	assert_ptr_equal(fit("xdp:lo", 1, &why), &programs[0]);	/* the only one: the daemon judges */
	assert_int_equal(why.len, 0);
}

static void
lists_the_candidates_when_none_or_several_fit(void **state)
{
	AUTO(buf) struct buf why = { 0 };

	assert_null(fit("tracepoint:sched/other", 5, &why));
	assert_non_null(strstr(buf_text(&why), "more than one"));
	assert_non_null(strstr(buf_text(&why), ": on_exec (tracepoint), on_exit (tracepoint)"));
	assert_null(strstr(buf_text(&why), "on_xdp"));
	why.len = 0;
	assert_null(fit("kprobe:x", 5, &why));
	assert_non_null(strstr(buf_text(&why), "no program fits kprobe"));
	why.len = 0;
	assert_null(fit("xdp:lo,program=nope", 5, &why));
	assert_non_null(strstr(buf_text(&why), "\"nope\""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(reads_pairs_at_the_first_equals_sign),
		cmocka_unit_test(reads_globals),
		cmocka_unit_test(reads_programs),
		cmocka_unit_test(reads_attachments),
		cmocka_unit_test(a_target_may_be_missing),
		cmocka_unit_test(refuses_attachments),
		cmocka_unit_test(chooses_the_program_that_fits),
		cmocka_unit_test(lists_the_candidates_when_none_or_several_fit),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-spec", tests, set_up_programs, NULL);
}
