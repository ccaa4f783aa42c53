/* SPDX-License-Identifier: Apache-2.0 */
/* Writers against tests/golden/bpfctl-*.txt; BPFD_GOLDEN_UPDATE=1 writes the files anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpfctl/out.h"
#include "bpfd_v1.pb-c.h"

static Bpfd__V1__Program one, two;
static Bpfd__V1__Program__MetadataEntry owner, empty, sign;
static Bpfd__V1__Program__GlobalsEntry step;
static Bpfd__V1__Link attached;
static Bpfd__V1__StatusResponse status;

static int
set_up(void **state)
{
	static uint32_t maps[] = { 4, 5 };
	static uint64_t links[] = { 7 };
	static Bpfd__V1__Program__MetadataEntry *metadata[] = { &owner, &empty, &sign };
	static Bpfd__V1__Program__GlobalsEntry *globals[] = { &step };
	static char *notes[] = { (char *)"no fentry here", (char *)"no\nLSM" };

	setenv("TZ", "UTC0", 1);
	tzset();
	bpfd__v1__program__metadata_entry__init(&owner);
	bpfd__v1__program__metadata_entry__init(&empty);
	bpfd__v1__program__metadata_entry__init(&sign);
	bpfd__v1__program__globals_entry__init(&step);
	owner.key = (char *)"owner";
	owner.value = (char *)"me \"and\" you";
	empty.key = (char *)"yes";
	sign.key = (char *)"a=b";
	sign.value = (char *)"c";
	step.key = (char *)"step";
	step.value.data = (uint8_t *)"\x01\xff";
	step.value.len = 2;
	bpfd__v1__program__init(&one);
	one.id = 12;
	one.name = (char *)"count_exec";
	one.type = (char *)"tracepoint";
	one.group = 3;
	one.state = (char *)"loaded";
	one.source = (char *)"/tmp/a b.o";
	one.section = (char *)"tp/sched/sched_process_exec";
	one.tag = (char *)"0123456789abcdef";
	one.loaded_at_unix_ns = 1790000000123456789;
	one.map_ids = maps;
	one.n_map_ids = 2;
	one.links = links;
	one.n_links = 1;
	one.metadata = metadata;
	one.n_metadata = 3;
	one.globals = globals;
	one.n_globals = 1;
	one.run_count = UINT64_MAX;
	one.jited = 1;
	bpfd__v1__program__init(&two);
	two.name = (char *)"\x1b[2Jz\xc3\xbc\xff";
	two.type = (char *)"xdp";
	two.state = (char *)"lost";
	bpfd__v1__link__init(&attached);
	attached.id = 7;
	attached.kind = (char *)"tracepoint";
	attached.target = (char *)"sched/sched_process_exec";
	attached.program = 12;
	attached.program_name = (char *)"count_exec";
	attached.state = (char *)"attached";
	bpfd__v1__status_response__init(&status);
	status.programs = 2;
	status.lost = 1;
	status.notes = notes;
	status.n_notes = 2;
	return 0;
}

static void
list_document(struct out *o)
{
	const void *programs[] = { &one, &two };

	out_list(o, "programs", &schema_program, programs, 2, SHOW_TABLE);
}

static void
get_document(struct out *o)
{
	const void *links[] = { &attached };

	out_object(o, "program", &schema_program, &one);
	out_list(o, "links", &schema_link, links, 1, SHOW_TABLE);
	out_list(o, "maps", &schema_map, NULL, 0, SHOW_TABLE);
}

static void
status_document(struct out *o)
{
	out_object(o, NULL, &schema_status, &status);
	out_list(o, "processes", &schema_process, NULL, 0, SHOW_TABLE);
}

static void
empty_document(struct out *o)
{
	out_list(o, "links", &schema_link, NULL, 0, SHOW_TABLE);
}

static void
rules_document(struct out *o)
{
	static char *tracers[] = { (char *)"open", (char *)"exec" }, *tags[] = { (char *)"files" };
	Bpfd__V1__Rule a = BPFD__V1__RULE__INIT, b = BPFD__V1__RULE__INIT;
	Bpfd__V1__Problem p = BPFD__V1__PROBLEM__INIT;
	const void *rules[] = { &a, &b }, *problems[] = { &p };

	a.name = (char *)"shadow";
	a.tracers = tracers;
	a.n_tracers = 2;
	a.tags = tags;
	a.n_tags = 1;
	a.severity = (char *)"high";
	a.mode = (char *)"observe";
	a.origin = (char *)"file";
	a.source = (char *)"/etc/bpfd/rules/shadow.toml";
	a.state = (char *)"active";
	a.text = (char *)"name = \"shadow\"\n";
	b.name = (char *)"broken";
	b.origin = (char *)"api";
	b.state = (char *)"refused";
	b.uid = 1000;
	b.created_unix_ns = 1790000000123456789;
	p.line = 3;
	p.column = 7;
	p.text = (char *)"there is no field \"pth\"";
	out_list(o, "rules", &schema_rule, rules, 2, SHOW_TABLE);
	out_list(o, "problems", &schema_problem, problems, 1, SHOW_TABLE);
}

static void
tracers_document(struct out *o)
{
	static char *wanted[] = { (char *)"config", (char *)"rule shadow" };
	static char *hooks[] = { (char *)"sys_exit", (char *)"io_uring_complete" };
	Bpfd__V1__Tracer on = BPFD__V1__TRACER__INIT, off = BPFD__V1__TRACER__INIT;
	const void *tracers[] = { &on, &off };

	on.name = (char *)"open";
	on.status = (char *)"partial";
	on.reason = (char *)"no such hook";
	on.wanted_by = wanted;
	on.n_wanted_by = 2;
	on.hooks = hooks;
	on.n_hooks = 2;
	on.hooks_reason = (char *)"lockdown";
	on.produced = 1000;
	on.lost = 1;
	off.name = (char *)"arp";
	off.status = (char *)"off";
	out_list(o, "tracers", &schema_tracer, tracers, 2, SHOW_TABLE);
}

static const struct {
	const char *name;
	void (*fill)(struct out *o);
} documents[] = {
	{ "list", list_document }, { "get", get_document }, { "status", status_document },
	{ "empty", empty_document }, { "rules", rules_document }, { "tracers", tracers_document },
};

static char *
render(const struct out_style *style, void (*fill)(struct out *o))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct out *o = NULL;

	assert_non_null(f);
	assert_int_equal(out_new(style, &o), 0);
	fill(o);
	assert_int_equal(out_print(o, f), 0);
	out_free(o);
	fclose(f);
	return text;
}

static void
compare(const char *name, const char *text)
{
	char path[512], want[16384] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/golden/bpfctl-%s.txt", TEST_SRCDIR, name);
	if (getenv("BPFD_GOLDEN_UPDATE")) {
		f = fopen(path, "we");
		assert_non_null(f);
		fputs(text, f);
		fclose(f);
		return;
	}
	f = fopen(path, "re");
	if (!f)
		fail_msg("no %s", path);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, want);
}

static void
every_format_writes_its_golden_text(void **state)
{
	static const char *const formats[] = { "table", "wide", "json", "yaml", "kv" };

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (size_t j = 0; j < ARRAY_SIZE(documents); j++) {
			struct out_style style = {
				(enum out_format)out_format_from_name(formats[i]), false, true,
			};
			AUTO(mem) char *text = render(&style, documents[j].fill);
			char name[64];

			snprintf(name, sizeof(name), "%s-%s", documents[j].name, formats[i]);
			compare(name, text);
		}
}

static void
colours_the_header_and_what_needs_attention(void **state)
{
	const struct out_style style = { OUT_TABLE, true, true };
	AUTO(mem) char *text = render(&style, list_document);

	compare("list-color", text);
	assert_null(strstr(text, "\033[2J"));
}

static void
leaves_headers_out(void **state)
{
	const struct out_style style = { OUT_TABLE, false, false };
	AUTO(mem) char *rows = render(&style, list_document);
	AUTO(mem) char *none = render(&style, empty_document);

	assert_memory_equal(rows, "12", 2);
	assert_string_equal(none, "");
}

static void
knows_its_formats(void **state)
{
	assert_int_equal(out_format_from_name("yaml"), OUT_YAML);
	assert_true(out_format_from_name("xml") < 0);
	assert_true(out_format_from_name("") < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_format_writes_its_golden_text),
		cmocka_unit_test(colours_the_header_and_what_needs_attention),
		cmocka_unit_test(leaves_headers_out),
		cmocka_unit_test(knows_its_formats),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-out", tests, set_up, NULL);
}
