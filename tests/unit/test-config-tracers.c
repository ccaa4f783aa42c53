/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "btf_make.h"
#include "config/tracers.h"
#include "events/schema.h"
#include "ipc/bundle.h"
#include "ipc/tracers.h"

static struct declared_table table;
static char *said;

static void
read_files(const struct bundle_file *files, size_t n)
{
	static struct btf_made btf;
	struct names names = { .btf = &btf, .btf_size = sizeof(btf) };
	size_t len, said_len;
	FILE *errors;
	void *bundle;

	btf = btf_make();
	free(said);
	errors = open_memstream(&said, &said_len);
	assert_int_equal(bundle_pack(files, n, &bundle, &len), 0);
	assert_int_equal(tracers_read_bundle(&names, bundle, len, errors, &table), 0);
	fclose(errors);
	free(bundle);
	assert_true(declared_table_ok(&table));
}

/* The one that a text declares, or NULL with what is wrong in said. */
static const struct declared *
read_one(const char *text)
{
	const struct bundle_file f = { .kind = BUNDLE_TRACER, .path = "/d/one.toml", .text = text, .text_len = strlen(text) };

	read_files(&f, 1);
	return table.d[0].kind == DECLARED_NONE ? NULL : &table.d[0];
}

static void
refused(const char *text, const char *why)
{
	assert_null(read_one(text));
	if (!strstr(said, why))
		fail_msg("said \"%s\", not \"%s\"", said, why);
}

#define BORN "tracepoint = \"born\"\n"
#define FIELD(rest) BORN "fields = [{ name = \"f\", " rest " }]\n"

static struct declared_read
field_of(const char *text)
{
	const struct declared *d = read_one(text);

	if (!d)
		fail_msg("%s", said);
	return d->probe.fields[0];
}

static void
assert_read(const char *text, unsigned int type, unsigned int size, unsigned int arg, const char *steps)
{
	struct declared_read r = field_of(text);
	char got[80] = "";

	for (unsigned int i = 0; i < r.n_steps; i++)
		sprintf(got + strlen(got), "%u ", r.steps[i]);
	assert_int_equal(r.type, type);
	assert_int_equal(r.size, size);
	assert_int_equal(r.arg, arg);
	assert_string_equal(got, steps);
}

static void
fields_of_a_tracepoint_are_what_btf_says(void **state)
{
	assert_read(FIELD("value = \"p->pid\""), DECLARED_SIGNED, 4, 0, "0 ");
	assert_read(FIELD("value = \"arg0->pid\""), DECLARED_SIGNED, 4, 0, "0 ");
	assert_read(FIELD("value = \"p->comm\""), DECLARED_STRING, 0, 0, "4 ");
	assert_read(FIELD("value = \"p->parent->parent->comm\""), DECLARED_STRING, 0, 0, "24 24 4 ");
	assert_read(FIELD("value = \"why\""), DECLARED_STRING, 0, 1, "0 ");
	assert_read(FIELD("value = \"lost\""), DECLARED_BOOL, 1, 2, "");
	assert_read(FIELD("value = \"p->addr\""), DECLARED_UNSIGNED, 4, 0, "40 ");
	assert_read(FIELD("value = \"p->addr\", type = \"ip\""), DECLARED_IP, 4, 0, "40 ");
	assert_read(FIELD("value = \"p->mac\", type = \"mac\""), DECLARED_MAC, 6, 0, "32 ");
	assert_read(FIELD("value = \"p->port\", type = \"port\""), DECLARED_PORT, 2, 0, "38 ");
	assert_read(FIELD("value = \"p->pid\", type = \"hex\""), DECLARED_HEX, 4, 0, "0 ");
	assert_read(FIELD("value = \"why\", type = \"user_string\""), DECLARED_USER_STRING, 0, 1, "0 ");
}

static void
a_wrong_value_is_answered_with_the_right_ones(void **state)
{
	refused(FIELD("value = \"q->pid\""), "one.toml:2:33: the tracepoint has no argument \"q\"; it has p (struct task *), "
		"why (char *), lost (_Bool)");
	refused(FIELD("value = \"p->pidd\""), "struct task * has no member \"pidd\"; did you mean pid");
	refused(FIELD("value = \"p\""), "struct task * is no number and no string: name a member of it");
	refused(FIELD("value = \"p->parent\""), "struct task * is no number");
	refused(FIELD("value = \"p->mac\""), "no number and no string");
	refused(FIELD("value = \"p->flags\""), "some bits of a word");
	refused(FIELD("value = \"p->pid->x\""), "int has no member \"x\"");
	refused(FIELD("value = \"p->\""), "named by -> or .");
	refused(FIELD("value = \"p-pid\""), "named by -> or .");
	refused(FIELD("value = \"p->parent->parent->parent->parent->pid\""), "more than 4 pointers");
	refused(FIELD("value = \"p->pid\", type = \"ip6\""), "type is one of int8, int16");
	refused(FIELD("value = \"p->pid\", type = \"string\""), "no string is there");
	refused(FIELD("value = \"p->pid\", type = \"int64\""), "the number there has 4 bytes");
	refused(FIELD("value = \"p->pid\", type = \"port\""), "no port is there");
	refused(FIELD("value = \"lost\", type = \"ip\""), "no address of type ip is there");
	refused(FIELD("value = \"p->pid\", type = \"pointer\""), "type is one of");
	refused("tracepoint = \"died\"\nfields = [{ name = \"f\", value = \"p\" }]\n", "one.toml:1:14: this kernel has no tracepoint \"died\"");
}

#define LIBC "path = \"libc.so.6\"\nfunction = \"puts\"\n"
#define ARG(rest) LIBC "fields = [{ name = \"f\", " rest " }]\n"

static void
fields_of_a_function_are_what_the_file_says(void **state)
{
	assert_read(ARG("value = \"arg0\", type = \"string\""), DECLARED_USER_STRING, 0, 0, "0 ");
	assert_read(ARG("value = \"arg5\", type = \"int32\""), DECLARED_SIGNED, 4, 5, "");
	assert_read(ARG("value = \"arg1\", type = \"pointer\""), DECLARED_HEX, 8, 1, "");
	assert_read("return = true\n" ARG("value = \"retval\", type = \"uint64\""), DECLARED_UNSIGNED, 8, DECLARED_RETURNED, "");
	refused(ARG("value = \"arg6\", type = \"int32\""), "arg0 to arg5, or retval");
	refused(ARG("value = \"arg0\", type = \"ip\""), "type is one of int8, int16, int32, int64, uint8, uint16, uint32, uint64, "
		"bool, pointer, string");
	refused(ARG("value = \"arg0\""), "type is one of");
	refused(ARG("value = \"retval\", type = \"int32\""), "return = true");
	refused("return = true\n" ARG("value = \"arg0\", type = \"int32\""), "its arguments are gone");
}

static void
it_looks_at_one_place(void **state)
{
	const char *fields = "fields = [{ name = \"f\", value = \"arg0\", type = \"int32\" }]\n";
	char text[400];

	refused("help = \"x\"\n", "neither a tracepoint nor a path");
	refused("path = \"libc.so.6\"\n", "either function or offset");
	refused(BORN "path = \"/x\"\n", "not both");
	refused(BORN "return = true\n", "neither offset nor return");
	refused(BORN, "1 to 8 fields");
	refused("path = \"lib/x\"\nfunction = \"f\"\n", "path is absolute");
	refused("path = \"/x\"\nfunction = \"f*\"\n", "one.toml:2:12: function is the name of one");
	refused("path = \"/x\"\noffset = 0\n", "offset is a place");
	refused("path = \"/x\"\nfunctions = \"f\"\n", "one.toml:2:1: a tracer has no key \"functions\"; did you mean function");
	refused("path = 7\n", "path is a string, not an integer");
	snprintf(text, sizeof(text), "path = \"/x\"\noffset = 4096\n%s", fields);
	assert_int_equal(read_one(text)->offset, 4096);
	assert_string_equal(read_one("tracepoint = \"sched:born\"\nfields = [{ name = \"f\", value = \"lost\" }]\n")->target, "born");
}

#define FILTERS(list) BORN "fields = [{ name = \"n\", value = \"p->pid\" }, { name = \"s\", value = \"why\" }]\nfilters = [" list "]\n"

static void
filters_are_of_fields_and_can_be_passed(void **state)
{
	const struct declared_probe *p = &read_one(FILTERS("{ field = \"n\", equals = -2 }, { field = \"s\", prefix = \"ab\" }"))->probe;

	assert_int_equal(p->n_filters, 2);
	assert_int_equal((int64_t)p->filters[0].value, -2);
	assert_int_equal(p->filters[1].field, 1);
	assert_int_equal(p->filters[1].prefix_len, 2);
	assert_memory_equal(p->filters[1].prefix, "ab", 2);
	refused(FILTERS("{ field = \"m\", equals = 1 }"), "there is no field \"m\"");
	refused(FILTERS("{ field = \"n\", equals = 2147483648 }"), "one.toml:3:36: the field, of 4 bytes, is never 2147483648");
	refused(FILTERS("{ field = \"s\", equals = 1 }"), "of a field that is one");
	refused(FILTERS("{ field = \"n\", equals = \"1\" }"), "an integer or a boolean");
	refused(FILTERS("{ field = \"n\", prefix = \"1\" }"), "of a field that is a string");
	refused(FILTERS("{ field = \"s\", prefix = \"\" }"), "1 to 64 bytes");
	refused(FILTERS("{ field = \"s\" }"), "equals or prefix");
	refused(FILTERS("{ field = \"s\", prefix = \"a\", equals = 1 }"), "equals or prefix");
	refused(FILTERS("{ prefix = \"a\" }"), "a filter needs field");
	refused(FILTERS("7"), "a filter is a table");
}

static void
a_file_with_a_mistake_costs_that_one_alone(void **state)
{
	static const char good[] = FIELD("value = \"p->pid\""), bad[] = FIELD("values = \"p->pid\"");
	const struct bundle_file files[] = {
		{ BUNDLE_TRACER, false, "/d/a.toml", good, sizeof(good) - 1 },
		{ BUNDLE_TRACER, false, "/d/b.toml", bad, sizeof(bad) - 1 },
		{ BUNDLE_TRACER, true, "/d/c.toml", "it does not belong to root", 26 },
		{ BUNDLE_TRACER, false, "/d/exec.toml", good, sizeof(good) - 1 },
		{ BUNDLE_TRACER, false, "/d/Upper.toml", good, sizeof(good) - 1 },
		{ BUNDLE_TRACER, false, "/d/d.toml", "x = = 1", 7 },
		{ BUNDLE_TRACER, false, "/d/e.toml", good, sizeof(good) - 1 },
	};

	read_files(files, 7);
	assert_string_equal(table.d[0].name, "a");
	assert_string_equal(table.d[1].name, "e");
	assert_int_equal(declared_tracers(&table, 0), 3ULL << TR_DECLARED);
	assert_non_null(strstr(said, "/d/b.toml:2:25: a field has no key \"values\"; did you mean value"));
	assert_non_null(strstr(said, "/d/c.toml: it does not belong to root"));
	assert_non_null(strstr(said, "/d/exec.toml:1:1: bpfd has a tracer of this name already"));
	assert_non_null(strstr(said, "/d/Upper.toml:1:1: the file's name is the tracer's"));
	assert_non_null(strstr(said, "/d/d.toml:1:"));
}

/* By what was there before: who stays keeps its number and what tells it apart. */
static void
a_reload_moves_none_that_stays(void **state)
{
	static const char good[] = FIELD("value = \"p->pid\"");
	struct bundle_file files[] = {
		{ BUNDLE_TRACER, false, "/d/a.toml", good, sizeof(good) - 1 },
		{ BUNDLE_TRACER, false, "/d/c.toml", good, sizeof(good) - 1 },
		{ BUNDLE_DECLARED, false, "tracers", "", 0 },
	};
	struct declared_table before;

	read_files(files, 2);
	before = table;
	files[0].path = "/d/b.toml";
	files[2].text = (const char *)&before;
	files[2].text_len = sizeof(before);
	read_files(files, 3);
	assert_memory_equal(&table.d[1], &before.d[1], sizeof(before.d[1]));
	assert_string_equal(table.d[2].name, "b");
	assert_int_not_equal(table.d[2].probe.id, before.d[0].probe.id);
	assert_int_equal(table.d[0].kind, DECLARED_NONE);
}

static void
there_are_sixteen_at_most(void **state)
{
	static const char good[] = FIELD("value = \"p->pid\"");
	struct bundle_file files[DECLARED_MAX + 1];
	char paths[DECLARED_MAX + 1][24];

	for (int i = 0; i <= DECLARED_MAX; i++) {
		sprintf(paths[i], "/d/t%02d.toml", i);
		files[i] = (struct bundle_file){ BUNDLE_TRACER, false, paths[i], good, sizeof(good) - 1 };
	}
	read_files(files, DECLARED_MAX + 1);
	assert_int_equal(declared_tracers(&table, 0), (uint64_t)0xffff << TR_DECLARED);
	assert_string_equal(said, "/d/t16.toml:1:1: more than 16 tracers are declared\n");
}

/* ---- the schema ---- */

static void
the_schema_has_its_fields(void **state)
{
	const struct declared *d = read_one("sensitive = true\nhelp = \"ours\"\n" FIELD("value = \"p->pid\", help = \"who\""));
	const struct field *f;

	schema_declare(&table);
	ipc_tracers_declare(&table);
	assert_non_null(d);
	assert_int_equal(tracer_by_name("one"), TR_DECLARED);
	assert_int_equal(ipc_tracer_by_name("one"), TR_DECLARED);
	assert_int_equal(ipc_tracers_sensitive() >> TR_DECLARED, 1);
	assert_string_equal(tracer_info(TR_DECLARED)->help, "ours");
	assert_null(tracer_info(TR_DECLARED + 1));
	assert_null(tracer_info(TR_DECLARED - 1));
	f = field_find(TR_DECLARED, "f");
	assert_non_null(f);
	assert_int_equal(f->type, F_I64);
	assert_string_equal(f->help, "who");
	assert_non_null(field_find(TR_DECLARED, "pid"));
	memset(&table, 0, sizeof(table));
	schema_declare(&table);
	ipc_tracers_declare(&table);
	assert_int_equal(tracer_by_name("one"), 0);
	assert_int_equal(ipc_tracers_all() >> TR_DECLARED, 0);
}

static void
a_record_of_another_declaration_is_refused(void **state)
{
	union { struct ev_declared e; uint64_t align; } r = { .e = { .h = { .len = sizeof(r.e), .tracer = TR_DECLARED } } };
	struct event e;
	struct value v;
	int64_t pid = -7;

	assert_non_null(read_one(FIELD("value = \"p->pid\"")));
	schema_declare(&table);
	r.e.id = table.d[0].probe.id;
	memcpy(r.e.value[0], &pid, sizeof(pid));
	assert_int_equal(record_check_kernel(&r, sizeof(r.e), NULL, &e), 0);
	assert_true(field_get(&e, field_find(TR_DECLARED, "f"), &v));
	assert_int_equal((int64_t)v.u, -7);
	r.e.id++;
	assert_int_not_equal(record_check_kernel(&r, sizeof(r.e), NULL, &e), 0);
}

/* From another process it is checked in full. */
static void
a_table_that_is_wrong_is_refused(void **state)
{
	struct declared_table t;

#define WRONG(change)                                                                              \
	assert_non_null(read_one(FILTERS("{ field = \"s\", prefix = \"ab\" }")));                         \
	t = table;                                                                                 \
	change;                                                                                    \
	assert_false(declared_table_ok(&t));
	WRONG(t.d[0].kind = 3)
	WRONG(t.d[0].flags = 64)
	WRONG(t.d[0].probe.tracer++)
	WRONG(t.d[0].probe.n_fields = 9)
	WRONG(t.d[0].probe.n_fields = 0)
	WRONG(t.d[0].probe.n_filters = 5)
	WRONG(t.d[0].probe.filters[0].field = 8)
	WRONG(t.d[0].probe.filters[0].prefix_len = 65)
	WRONG(t.d[0].probe.filters[0].prefix_len = 0)
	WRONG(t.d[0].probe.fields[0].size = 3)
	WRONG(t.d[0].probe.fields[0].type = N_DECLARED_TYPES)
	WRONG(t.d[0].probe.fields[0].arg = 12)
	WRONG(t.d[0].probe.fields[0].n_steps = 5)
	WRONG(memset(t.d[0].name, 'a', sizeof(t.d[0].name)))
	WRONG(strcpy(t.d[0].name, "exec"))
	WRONG(strcpy(t.d[0].fields[1].name, "n"))
	WRONG(t.d[0].target[0] = '\0')
	WRONG(t.d[1] = t.d[0]; t.d[1].probe.tracer++)
#undef WRONG
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_of_a_tracepoint_are_what_btf_says),
		cmocka_unit_test(a_wrong_value_is_answered_with_the_right_ones),
		cmocka_unit_test(fields_of_a_function_are_what_the_file_says),
		cmocka_unit_test(it_looks_at_one_place),
		cmocka_unit_test(filters_are_of_fields_and_can_be_passed),
		cmocka_unit_test(a_file_with_a_mistake_costs_that_one_alone),
		cmocka_unit_test(a_reload_moves_none_that_stays),
		cmocka_unit_test(there_are_sixteen_at_most),
		cmocka_unit_test(the_schema_has_its_fields),
		cmocka_unit_test(a_record_of_another_declaration_is_refused),
		cmocka_unit_test(a_table_that_is_wrong_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-tracers", tests, NULL, NULL);
}
