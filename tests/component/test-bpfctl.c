/* SPDX-License-Identifier: Apache-2.0 */
/* bpfctl as a process against a fake daemon: programs, links and maps. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl-run.h"

static void
has_not(const char *text, const char *word)
{
	if (strstr(text, word))
		fail_msg("\"%s\" is in:\n%s", word, text);
}

static void
lists_programs_links_and_maps(void **state)
{
	assert_int_equal(run("list"), 0);
	has(out, "ID  NAME   TYPE");
	has(out, "12  beta   xdp");
	has(requests, "List all=0 type= metadata=0");
	assert_int_equal(run("list programs --all --type xdp -l a=b -l c=d -o json"), 0);
	has(requests, "List all=1 type=xdp metadata=2");
	has(out, "\"name\": \"alpha\"");
	assert_int_equal(run("list links -l owner=me -o kv"), 0);
	has(out, "links.0.id=7");
	has_not(out, "links.1");
	assert_int_equal(run("list maps --type hash --no-headers"), 0);
	assert_memory_equal(out, "42 ", 3);
	assert_int_equal(run("list maps -l a=b"), 2);
	assert_int_equal(run("list links --all"), 2);
}

static void
gets_one(void **state)
{
	assert_int_equal(run("get program alpha"), 0);
	has(out, "tracepoint");
	assert_int_equal(run("get link 7 -o yaml"), 0);
	has(out, "link:\n  id: 7");
	assert_int_equal(run("get map 41"), 0);
	has(out, "hits");
	assert_int_equal(run("get map 43"), 3);
	assert_int_equal(run("get link alpha"), 2);
	assert_int_equal(run("get thing 1"), 2);
}

static void
shows_status_and_version(void **state)
{
	assert_int_equal(run("status -o wide"), 0);
	has(out, "INTERFACE");
	has(out, "api.requests");
	assert_int_equal(run("version -o json"), 0);
	has(out, "\"bpfctl\": ");
	has(out, "\"version\": \"9.9.9\"");
}

static void
loads(void **state)
{
	assert_int_equal(run("load object --program f --program g:xdp --global a=0102 --metadata k=v "
			     "--map-owner 9 -o json"), 0);
	has(requests, "Load 6 bytes, 2 programs, 1 globals, 1 metadata, owner 9\n");
	has(out, "\"group\": 5");
	assert_int_equal(run("load object --dry-run"), 0);
	has(requests, "dry run");
	assert_int_equal(run("-q load object"), 0);
	assert_string_equal(out, "");
}

static void
loads_and_attaches(void **state)
{
	assert_int_equal(run("load object --attach tracepoint:a/b,cookie=3 --attach "
			     "xdp:lo,priority=9,mode=skb,netns=pid:1"), 0);
	has(requests, "Attach 21 tracepoint:a/b priority=0 direction= mode= netns= cookie=3");
	has(requests, "Attach 22 xdp:lo priority=9 direction= mode=skb netns=pid:1");
	has(out, "31    tracepoint  a/b");
	has_not(requests, "Unload");
	assert_int_equal(run("load object -o kv --attach xdp:lo --attach tracepoint:a/b --attach "
			     "tracepoint:c/d"), 0);
	has(out, "programs.0.links.0=31\n");
	has(out, "programs.0.links.1=31\n");
	has(out, "programs.1.links.0=31\n");
	has_not(out, "programs.1.links.1=");
	assert_int_equal(run("load object --dry-run --attach xdp:lo"), 0);
	has_not(requests, "Attach");
}

static void
takes_back_what_cannot_be_attached(void **state)
{
	assert_int_equal(run("load object --attach xdp:lo --attach error:6,program=alpha"), 6);
	has(requests, "Unload group=5\n");
	has(err, "attach error:6: the fake says 6");
	has(err, "unloaded again");
	assert_int_equal(run("load object --attach kprobe:f"), 2);
	has(err, "alpha (tracepoint), beta (xdp)");
	has(requests, "Unload group=5\n");
	write_text("sticky", "sticky");
	assert_int_equal(run("load sticky --attach error:6,program=beta"), 7);
	has(err, "bpfctl unload --group 66");
}

static void
refuses_files_before_it_asks(void **state)
{
	char path[600];

	write_text("empty", "");
	assert_int_equal(run("load empty"), 1);
	assert_int_equal(run("load ."), 1);
	assert_int_equal(run("load /dev/null"), 1);
	assert_int_equal(run("load nothing"), 3);
	assert_int_equal(run("load object --global a=1"), 2);
	assert_int_equal(run("load object --attach xdp:lo,priority=0"), 2);
	snprintf(path, sizeof(path), "%s/big", dir);
	write_text("big", "x");
	assert_int_equal(truncate(path, (2 << 20) + 1), 0);
	assert_int_equal(run("load big"), 1);
	has(err, "bpfd takes objects up to 2097152");
	has_not(requests, "Load");
	assert_int_equal(truncate(path, 2 << 20), 0);
	if (run("load big"))
		fail_msg("%s", err);
	has(requests, "Load 2097152 bytes");
}

static void
prints_the_verifiers_log(void **state)
{
	write_text("verifier", "verifier");
	assert_int_equal(run("load verifier"), 1);
	has(err, "bpfctl: load verifier: the verifier refused f\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
	assert_int_equal(run("-q load verifier"), 1);
	has_not(err, "R0 leaks");
}

static void
fetches_the_whole_of_a_long_log(void **state)
{
	write_text("long", "verifier long");
	assert_int_equal(run("load long"), 1);
	has(err, "refused f\nfirst line\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
	assert_int_equal(run("load long --dry-run"), 1);
	has(err, "first line\n");
	assert_int_equal(run("-q load long"), 1);
	has_not(err, "R0 leaks");
}

static void
prints_the_end_of_a_log_that_is_gone(void **state)
{
	write_text("gone", "verifier gone");
	assert_int_equal(run("load gone"), 1);
	has(err, "refused f\n0: (b7) r0 = 1\n\\x1b[31m1: (95) exit\nR0 leaks\n");
}

static void
attaches(void **state)
{
	assert_int_equal(run("attach beta tc lo --direction egress --priority 7 --netns /run/netns/x "
			     "--cookie 0x10 --proceed-on pass,drop --proceed-on pipe --metadata a=b "
			     "--dry-run"), 0);
	has(requests, "Attach 12 tc:lo priority=7 direction=egress mode= netns=/run/netns/x cookie=16 "
		      "proceed=3 dry run");
	assert_int_equal(run("attach 77 tp_btf"), 0);
	has(requests, "Attach 77 tp_btf: ");
	has_not(requests, "List");
	assert_int_equal(run("attach 12 xdp lo --priority -5"), 2);
}

static void
asks_which_of_several_is_meant(void **state)
{
	assert_int_equal(run("attach twin tc lo"), 2);
	has(err, "13 (tc, group 2), 14 (tc, group 3)");
	assert_int_equal(run("unload nobody"), 3);
	has(err, "\"nobody\"");
}

static void
tries_every_argument(void **state)
{
	assert_int_equal(run("detach 7 905 8"), 7);
	has(requests, "Detach 7\nDetach 905\nDetach 8\n");
	has(err, "bpfctl: detach 905: the fake says 5");
	assert_int_equal(run("detach 905 906"), 3);
	assert_int_equal(run("detach x 7 -o json"), 7);
	has(out, "\"result\": \"failed\"");
	assert_int_equal(run("detach 7 8"), 0);
	assert_int_equal(run("unload alpha 907 --group 5"), 7);
	has(requests, "Unload program=11\nUnload program=907\nUnload group=5\n");
	assert_int_equal(run("unload --group 5 --dry-run"), 0);
	has(out, "would be unloaded");
	assert_int_equal(run("unload"), 2);
}

static void
every_code_has_its_exit_status(void **state)
{
	static const int statuses[] = { 0, 1, 1, 1, 124, 3, 6, 5, 1, 1, 6, 1, 1, 1, 4, 1, 5 };

	for (int code = 1; code <= 16; code++) {
		char args[64], want[64];

		snprintf(args, sizeof(args), "get link %d", 900 + code);
		snprintf(want, sizeof(want), "bpfctl: get link: the fake says %d\n", code);
		assert_int_equal(run(args), statuses[code]);
		has(err, want);
		assert_string_equal(out, "");
	}
}

static void
escapes_the_daemons_words(void **state)
{
	write_text("error", "error 3");
	assert_int_equal(run("load error"), 1);
	has(err, "the fake\\x1b says 3");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_programs_links_and_maps),
		cmocka_unit_test(gets_one),
		cmocka_unit_test(shows_status_and_version),
		cmocka_unit_test(loads),
		cmocka_unit_test(loads_and_attaches),
		cmocka_unit_test(takes_back_what_cannot_be_attached),
		cmocka_unit_test(refuses_files_before_it_asks),
		cmocka_unit_test(prints_the_verifiers_log),
		cmocka_unit_test(fetches_the_whole_of_a_long_log),
		cmocka_unit_test(prints_the_end_of_a_log_that_is_gone),
		cmocka_unit_test(attaches),
		cmocka_unit_test(asks_which_of_several_is_meant),
		cmocka_unit_test(tries_every_argument),
		cmocka_unit_test(every_code_has_its_exit_status),
		cmocka_unit_test(escapes_the_daemons_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl", tests, set_up, tear_down);
}
