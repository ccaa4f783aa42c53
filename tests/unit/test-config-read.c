/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"
#include "ipc/tracers.h"

static const char passwd[] = "root:x:0:0::/:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n";
static const char group[] = "root:x:0:\nbpfd:x:990:\nops:x:500:alice\n";

static struct config got;

/* The lines that are said of text; the configuration is in got. */
static char *
said_of(const char *text)
{
	struct names *names = calloc(1, sizeof(*names));
	char *lines = NULL;
	size_t len = 0;
	FILE *errors = open_memstream(&lines, &len);
	unsigned int n;

	names->passwd = fmemopen((void *)passwd, sizeof(passwd) - 1, "r");
	names->group = fmemopen((void *)group, sizeof(group) - 1, "r");
	n = config_read(names, "f", text, strlen(text), errors, &got);
	fclose(errors);
	fclose(names->passwd);
	fclose(names->group);
	free(names);
	assert_int_equal(n > 0, lines[0] != '\0');
	return lines;
}

static void
an_empty_file_is_the_defaults(void **state)
{
	char *said = said_of("");
	const char *key;

	assert_string_equal(said, "");
	assert_int_equal(config_check(&got, &key), 0);
	assert_int_equal(got.limits_object_bytes, 16777216);
	assert_int_equal(got.access_admin.n_uids, 1);
	assert_int_equal(got.access_admin.uids[0], 0);
	assert_int_equal(got.access_viewer.gids[0], 990);
	assert_true(got.policy_program_types.mask & (1ULL << 6));
	assert_false(got.policy_program_types.mask & (1ULL << 31));
	assert_true(got.policy_deny_helpers.bits[0] & (1ULL << 36));
	assert_string_equal(got.policy_interfaces.glob[0], "*");
	assert_int_equal(got.log_level, 3);
	free(said);
}

static void
the_printed_file_says_the_same(void **state)
{
	struct config defaults;
	char *text = NULL, *said = said_of("");
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	defaults = got;
	free(said);
	config_print(out);
	fclose(out);
	said = said_of(text);
	assert_string_equal(said, "");
	assert_memory_equal(&defaults, &got, sizeof(got));
	/* And with every default spelled out: "#key = " becomes "key = ". */
	for (char *p = text; (p = strstr(p, "\n#")); p++)
		if (p[2] != ' ')
			p[1] = ' ';
	free(said);
	said = said_of(text);
	assert_string_equal(said, "");
	assert_memory_equal(&defaults, &got, sizeof(got));
	free(said);
	free(text);
}

static void
keys_are_read(void **state)
{
	char *said = said_of("[access]\nadmin = [\"alice\", \"@ops\", \"77\"]\n"
		"[policy]\nprogram_types = [\"xdp\", \"tc\"]\nmap_types = [\"hash\"]\n"
		"deny_helpers = [\"bpf_trace_printk\"]\ninterfaces = [\"eth*\", \"lo\"]\n"
		"[limits]\nmaps = 7\n[linker]\nspare_btf = true\n[tc]\nbackend = \"clsact\"\n"
		"[socket]\ncompat_path = \"/run/x.sock\"\n");

	assert_string_equal(said, "");
	assert_int_equal(got.access_admin.n_uids, 2);
	assert_int_equal(got.access_admin.uids[0], 1000);
	assert_int_equal(got.access_admin.uids[1], 77);
	assert_int_equal(got.access_admin.gids[0], 500);
	assert_int_equal(got.policy_program_types.mask, 1ULL << 6 | 1ULL << 3);
	assert_int_equal(got.policy_map_types.mask, 1ULL << 1);
	assert_int_equal(got.policy_deny_helpers.bits[0], 1ULL << 6);
	assert_int_equal(got.policy_interfaces.n, 2);
	assert_int_equal(got.limits_maps, 7);
	assert_int_equal(got.linker_spare_btf, 1);
	assert_int_equal(got.tc_backend, TC_BACKEND_CLSACT);
	assert_string_equal(got.socket_compat_path, "/run/x.sock");
	free(said);
}

static void
keys_of_events_are_read(void **state)
{
	char *said = said_of("[tracers]\nenabled = [\"exec\", \"open\"]\nallow_sensitive = [\"bashreadline\"]\n"
		"[events]\nring_bytes = 65536\nlinger_us = 0\n[rules]\ndir = \"/r\"\n"
		"[actions]\ndefault = []\nallow_enforce = true\nprotect = [\"ssh*\"]\nlog_keep = 0\n");

	assert_string_equal(said, "");
	assert_int_equal(got.tracers_enabled.mask,
		1ULL << ipc_tracer_by_name("exec") | 1ULL << ipc_tracer_by_name("open"));
	assert_int_equal(got.tracers_allow_sensitive.mask, 1ULL << ipc_tracer_by_name("bashreadline"));
	assert_int_equal(got.events_ring_bytes, 65536);
	assert_int_equal(got.events_linger_us, 0);
	assert_string_equal(got.rules_dir, "/r");
	assert_int_equal(got.actions_default.n, 0);
	assert_int_equal(got.actions_allow_enforce, 1);
	assert_string_equal(got.actions_protect.glob[0], "ssh*");
	assert_int_equal(got.actions_log_keep, 0);
	free(said);
}

static void
mistakes_name_line_and_column(void **state)
{
	static const struct {
		const char *text, *said;
	} cases[] = {
		{ "x = \n", "f:1:" },
		{ "[limits]\nmapz = 1\n", "f:2:1: there is no key \"mapz\" in [limits]; did you mean maps" },
		{ "[limit]\n", "f:1:2: there is no table \"limit\"; did you mean limits" },
		{ "level = 1\n", "f:1:1: there is no key outside tables \"level\"" },
		{ "[limits]\nmaps = \"1\"\n", "f:2:8: limits.maps is an integer, not a string" },
		{ "[limits]\n\n  maps = 0\n", "f:3:10: limits.maps is from 1 to 4096, not 0" },
		{ "[limits]\nmaps = -1\n", "not -1" },
		{ "[log]\nlevel = \"loud\"\n", "f:2:9: log.level is one of err|warn|notice|info|debug, not \"loud\"" },
		{ "[access]\nadmin = [\"root\", \"alise\"]\n", "f:2:18: access.admin: there is no user \"alise\"; did you mean alice" },
		{ "[access]\nviewer = [\"@opz\"]\n", "there is no group \"opz\"" },
		{ "[access]\nadmin = [1]\n", "f:2:10: access.admin is an array of strings, this item is an integer" },
		{ "[access]\nadmin = \"root\"\n", "access.admin is an array of strings, not a string" },
		{ "[policy]\nprogram_types = [\"xpd\"]\n", "there is no program type \"xpd\"" },
		{ "[policy]\nmap_types = [\"hsah\"]\n", "there is no map type \"hsah\"; did you mean hash" },
		{ "[policy]\ndeny_helpers = [\"prob_write_user\"]\n", "there is no helper" },
		{ "[policy]\ninterfaces = [\"a\\u0000b\"]\n", "control characters" },
		{ "[socket]\ngroup = \"a\\u001bb\"\n", "without control characters" },
		{ "limits = 3\n", "f:1:10: limits is a table: [limits]" },
		{ "[restart]\nbackoff_min_ms = 500\nbackoff_max_ms = 20\n", "larger than restart.backoff_max_ms" },
		{ "[limits]\nmessage_bytes = 4096\n", "smaller than limits.object_bytes" },
		{ "[tc]\nbackend = \"tcx\"\nbackend = \"tcx\"\n", "f:3:" },
		{ "[tracers]\nenabled = [\"exce\"]\n", "f:2:12: tracers.enabled: there is no tracer \"exce\"" },
		{ "[events]\nring_bytes = 100000\n", "events.ring_bytes = 100000 is not a power of two" },
		{ "[events]\nlinger_us = 100001\n", "events.linger_us is from 0 to 100000" },
		{ "[linker]\nspare_btf = 1\n", "linker.spare_btf is true or false, not an integer" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *said = said_of(cases[i].text);

		if (!strstr(said, cases[i].said))
			fail_msg("%s: said \"%s\", not \"%s\"", cases[i].text, said, cases[i].said);
		free(said);
	}
}

static void
every_mistake_is_said(void **state)
{
	char *said = said_of("[limits]\na = 1\nb = 2\nmaps = 0\n[x]\n");
	int lines = 0;

	for (const char *p = said; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 4);
	free(said);
}

/* etc/bpfd.toml is what --print-config says, below its license. */
static void
the_example_says_the_same(void **state)
{
	FILE *file = fopen(TEST_SRCDIR "/etc/bpfd.toml", "r");
	char *printed = NULL, *p, line[4096];
	size_t len = 0;
	FILE *out = open_memstream(&printed, &len);

	assert_non_null(file);
	config_print(out);
	fclose(out);
	p = printed;
	assert_non_null(fgets(line, sizeof(line), file));
	while (fgets(line, sizeof(line), file)) {
		assert_memory_equal(p, line, strlen(line));
		p += strlen(line);
	}
	assert_string_equal(p, "");
	fclose(file);
	free(printed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_file_is_the_defaults),
		cmocka_unit_test(the_printed_file_says_the_same),
		cmocka_unit_test(the_example_says_the_same),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(keys_of_events_are_read),
		cmocka_unit_test(mistakes_name_line_and_column),
		cmocka_unit_test(every_mistake_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("config-read", tests, NULL, NULL);
}
