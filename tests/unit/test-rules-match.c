/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>

#include "bpf/exec.h"
#include "bpf/tcpdrop.h"
#include "unit/rules_make.h"

static struct made made;
static struct made_set set;
static struct match_result got;
static struct matcher *last;	/* got has its names */

/* ---- nothing is allocated while events are matched ---- */

static unsigned long allocations;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

#ifndef BPFD_SANITIZED
void *
malloc(size_t n)
{
	allocations++;
	return __libc_malloc(n);
}

void *
calloc(size_t n, size_t size)
{
	allocations++;
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t n)
{
	allocations++;
	return __libc_realloc(p, n);
}
#endif

/* How many rules of the set match; the first one's flags are in got. */
static uint32_t
matches(const struct made_open *o)
{
	struct event e;

	matcher_free(last);
	last = made_matcher(&set);
	made_open(&made, o, &e);
	matcher_run(last, &e, &got);
	return got.n;
}

/* One condition against one event. */
static bool
holds(const char *condition, const struct made_open *o)
{
	bool yes;

	made_open_rule(&set, condition);
	yes = matches(o) == 1;
	made_set_clear(&set);
	return yes;
}

#define OPEN(...) (&(struct made_open){ __VA_ARGS__ })

static int
clean(void **state)
{
	made_set_clear(&set);
	matcher_free(last);
	last = NULL;
	return 0;
}

static void
every_operator_means_what_its_help_says(void **state)
{
	static const char list[] = "sh\0-c\0rm -rf /";
	static const struct { const char *condition; struct made_open o; bool yes; } cases[] = {
		{ "{field='uid', op='eq', value=0}", { .uid = 0 }, true },
		{ "{field='uid', op='eq', value=0}", { .uid = 1 }, false },
		{ "{field='uid', op='ne', value=0}", { .uid = 1 }, true },
		{ "{field='uid', op='in', values=[1,2,3,4,5,6]}", { .uid = 6 }, true },
		{ "{field='uid', op='in', values=[1,2,3,4,5,6]}", { .uid = 7 }, false },
		{ "{field='uid', op='notin', values=[1,2,3,4,5,6]}", { .uid = 7 }, true },
		{ "{field='uid', op='lt', value=1000}", { .uid = 999 }, true },
		{ "{field='uid', op='lt', value=1000}", { .uid = 1000 }, false },
		{ "{field='uid', op='lt', value=0}", { .uid = 0 }, false },
		{ "{field='uid', op='le', value=1000}", { .uid = 1000 }, true },
		{ "{field='uid', op='gt', value='0x10'}", { .uid = 17 }, true },
		{ "{field='uid', op='gt', value='0x10'}", { .uid = 16 }, false },
		{ "{field='uid', op='ge', value='010'}", { .uid = 8 }, true },
		{ "{field='uid', op='inrange', value='1000..2000'}", { .uid = 2000 }, true },
		{ "{field='uid', op='inrange', value='1000..2000'}", { .uid = 2001 }, false },
		{ "{field='retval', op='eq', value='ENOENT'}", { .ret = -2 }, true },
		{ "{field='retval', op='lt', value=0}", { .ret = -2 }, true },
		{ "{field='retval', op='lt', value=0}", { .ret = 3 }, false },
		{ "{field='retval', op='ge', value=-2}", { .ret = -2 }, true },
		{ "{field='path', op='eq', value='/etc/passwd'}", { .path = "/etc/passwd" }, true },
		{ "{field='path', op='eq', value='/etc/passwd'}", { .path = "/etc/passwd2" }, false },
		{ "{field='path', op='prefix', value='/etc/pa'}", { .path = "/etc/passwd" }, true },
		{ "{field='path', op='suffix', value='.so'}", { .path = "/lib/x.so" }, true },
		{ "{field='path', op='suffix', value='.so'}", { .path = "/lib/x.so.1" }, false },
		{ "{field='path', op='contains', value='tc/p'}", { .path = "/etc/passwd" }, true },
		{ "{field='path', op='contains', value='p'}", { .path = "/etc/passwd" }, true },
		{ "{field='path', op='contains', value='z'}", { .path = "/etc/passwd" }, false },
		{ "{field='path', op='icontains', value='PASS'}", { .path = "/etc/passWD" }, true },
		{ "{field='path', op='pathprefix', value='/tmp/a'}", { .path = "/tmp/a/b" }, true },
		{ "{field='path', op='pathprefix', value='/tmp/a'}", { .path = "/tmp/a" }, true },
		{ "{field='path', op='pathprefix', value='/tmp/a'}", { .path = "/tmp/ab" }, false },
		{ "{field='path', op='pathprefix', value='/tmp/a/'}", { .path = "/tmp/a/b" }, true },
		{ "{field='path', op='pathprefix', value='/'}", { .path = "/x" }, true },
		{ "{field='path', op='pathprefix', value='/'}", { .path = "x" }, false },
		{ "{field='path', op='glob', value='/etc/*.conf'}", { .path = "/etc/a.conf" }, true },
		{ "{field='path', op='glob', value='/etc/*.conf'}", { .path = "/etc/a/b.conf" }, false },
		{ "{field='path', op='glob', value='/etc/**.conf'}", { .path = "/etc/a/b.conf" }, true },
		{ "{field='path', op='glob', value='/etc/[a-c]?'}", { .path = "/etc/bx" }, true },
		{ "{field='path', op='glob', value='/etc/[!a-c]?'}", { .path = "/etc/bx" }, false },
		{ "{field='path', op='regex', value='^/etc/(passwd|shadow)$'}", { .path = "/etc/shadow" }, true },
		{ "{field='path', op='regex', value='^/etc/(passwd|shadow)$'}", { .path = "/etc/shadow2" }, false },
		{ "{field='flags', op='hasany', values=['O_WRONLY','O_RDWR']}", { .oflags = O_RDWR | O_CREAT }, true },
		{ "{field='flags', op='hasall', values=['O_RDWR','O_TRUNC']}", { .oflags = O_RDWR | O_CREAT }, false },
		{ "{field='flags', op='hasnone', values=['O_RDWR','O_TRUNC']}", { .oflags = O_CREAT }, true },
		{ "{field='container.id', op='exists'}", { .uid = 0 }, false },
		{ "{field='exe', op='exists'}", { .uid = 0 }, true },
		{ "{field='exe', op='exists', not=true}", { .uid = 0 }, false },
		{ "{field='basename(path)', op='eq', value='passwd'}", { .path = "/etc/passwd" }, true },
		{ "{field='lower(path)', op='eq', value='/etc/passwd'}", { .path = "/ETC/passwd" }, true },
		{ "{field='len(path)', op='gt', value=3}", { .path = "/etc" }, true },
		{ "{field='args', op='contains', value='-c rm'}", { .args = list, .args_len = sizeof(list) }, true },
		{ "{field='args', op='eq', value='sh -c rm -rf /'}", { .args = list, .args_len = sizeof(list) }, true },
		{ "{field='args', op='hasany', values=['x', '-c']}", { .args = list, .args_len = sizeof(list) }, true },
		{ "{field='args', op='hasany', values=['rm']}", { .args = list, .args_len = sizeof(list) }, false },
		{ "{field='args', op='hasall', values=['sh', '-c']}", { .args = list, .args_len = sizeof(list) }, true },
		{ "{field='len(args)', op='eq', value=3}", { .args = list, .args_len = sizeof(list) }, true },
		{ "{field='pid', op='eq', ref='uid'}", { .uid = 7, .pid = 7 }, true },
		{ "{field='pid', op='gt', ref='uid'}", { .uid = 7, .pid = 7 }, false },
		{ "{field='ns.mnt', op='ne', ref='host.ns.mnt'}", { .mntns = 7, .host_mntns = 8 }, true },
		{ "{field='ns.mnt', op='ne', ref='host.ns.mnt'}", { .mntns = 8, .host_mntns = 8 }, false },
		{ "{field='path', op='pathprefix', ref='exe'}", { .path = "/usr/bin/cat/x" }, true },
		{ "{not={any=[{field='uid', value=1},{field='uid', value=2}]}}", { .uid = 3 }, true },
		{ "{not={any=[{field='uid', value=1},{field='uid', value=2}]}}", { .uid = 2 }, false },
		{ "{field='comm', op='in', values=['a','b','c','d','e','cat']}", { .uid = 3 }, true },
		{ "{field='path', op='contains', values=['aaaa','bbbb','cccc','dddd','pass']}", { .uid = 3 }, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (holds(cases[i].condition, &cases[i].o) != cases[i].yes)
			fail_msg("%s: %d expected", cases[i].condition, cases[i].yes);
		/* The same where it is no anchor: beside a condition that always holds, negated twice. */
		char twice[600];

		snprintf(twice, sizeof(twice), "{field='pid', op='ge', value=0}, {not={not=%s}}", cases[i].condition);
		if (holds(twice, &cases[i].o) != cases[i].yes)
			fail_msg("%s: %d expected", twice, cases[i].yes);
		snprintf(twice, sizeof(twice), "{not={all=[%s]}}", cases[i].condition);
		if (holds(twice, &cases[i].o) == cases[i].yes)
			fail_msg("%s: %d expected", twice, !cases[i].yes);
	}
}

static void
the_first_bpfds_values_are_substrings_and_its_keys_alternatives(void **state)
{
	made_rule(&set, "tracer = 'open'\n[filterEvents.command]\nvalues = ['ping']\n"
			"[filterEvents.filename]\nvalues = ['/etc/sh']\n[filterEvents.returnval]\nvalues = ['-1']\n");
	assert_int_equal(matches(OPEN(.comm = "shipping", .path = "/x")), 1);
	assert_int_equal(matches(OPEN(.comm = "cat", .filename = "/run/etc/shadow")), 1);
	assert_int_equal(matches(OPEN(.comm = "cat", .path = "/x", .ret = -13)), 1);
	assert_int_equal(matches(OPEN(.comm = "cat", .path = "/x", .ret = 1)), 0);
	made_set_clear(&set);
}

/* A segment from 10.0.0.7:443 to [2001:db8::1]:5000 that was dropped. */
static bool
drop_matches(const char *text)
{
	struct ev_tcpdrop d = { .h = { .tracer = TR_TCPDROP, .comm = "ksoftirqd/0" }, .sport = 443, .dport = 5000,
		.saddr = { [10] = 0xff, 0xff, 10, 0, 0, 7 }, .daddr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
		.state = 1, .tcpflags = 2 | 16, .seq = 77, .reason = TCPDROP_NO_SOCKET };
	struct event e;

	made_set_clear(&set);
	made_rule(&set, text);
	matcher_free(last);
	last = made_matcher(&set);
	made_event(&made, &d, sizeof(d));
	made_ctx(&made, 0);
	made_end(&made);
	assert_int_equal(record_check(made.bytes, made.len, &e), 0);
	return matcher_run(last, &e, &got);
}

static void
numbers_and_addresses_of_the_first_bpfd_are_compared_as_text(void **state)
{
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.saddr]\nvalues=['10.0.']\n"));
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.daddr]\nvalues=['2001:db8']\n"));
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.sport]\nvalues=['44']\n"));
	assert_false(drop_matches("tracer='tcpdrop'\n[filterEvents.sport]\nvalues=['5000']\n"));
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.state]\nvalues=['ESTABLISHED']\n"));
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.tcpflags]\nvalues=['SYN | ACK']\n"));
	assert_true(drop_matches("tracer='tcpdrop'\n[filterEvents.seq]\nvalues=[77]\n"));
}

static void
addresses_are_in_networks_and_words_are_values(void **state)
{
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='saddr'\nop='cidr'\nvalues=['192.168.0.0/16','10.0.0.0/29']\n"));
	assert_false(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='saddr'\nop='cidr'\nvalue='10.0.0.8/29'\n"));
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='daddr'\nop='cidr'\nvalue='2001:db8::/33'\n"));
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='saddr'\nvalue='::ffff:10.0.0.7'\n"));
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='reason'\nvalues=['XDP','no_socket']\n"));
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='tcpflags'\nop='eq'\nvalue='SYN|ACK'\n"));
	assert_true(drop_matches("version=2\ntracer='tcpdrop'\n[match]\nfield='dport'\nop='inrange'\nvalue='1024..65535'\n"));
}

static void
kube_is_a_pod_whatever_its_engine_and_host_is_no_container(void **state)
{
	made_rule(&set, "tracer = 'open'\ncontainerRuntimes = ['docker', 'kube']\n");
	assert_int_equal(matches(OPEN(.runtime = "docker")), 1);
	assert_int_equal(matches(OPEN(.runtime = "containerd", .pod = "1234")), 1);
	assert_int_equal(matches(OPEN(.runtime = "containerd")), 0);
	assert_int_equal(matches(OPEN(.uid = 0)), 0);
	made_set_clear(&set);
	made_rule(&set, "tracer = 'open'\ncontainerRuntimes = ['host']\n[filterEvents.command]\nvalues = ['cat']\n");
	assert_int_equal(matches(OPEN(.uid = 0)), 1);
	assert_int_equal(matches(OPEN(.runtime = "docker")), 0);
	made_set_clear(&set);
}

static void
all_rules_that_match_fire_in_their_order_until_one_stops(void **state)
{
	made_rule(&set, "version=2\ntracer='open'\nname='c'\n");
	made_rule(&set, "version=2\ntracer='open'\nname='b'\norder=7\nstop=true\n[match]\nfield='uid'\nvalue=5\n");
	made_rule(&set, "version=2\ntracer='open'\nname='a'\norder=3\n[match]\nfield='comm'\nvalue='cat'\n");
	made_open_rule(&set, "{field='path', value='/etc/passwd'}")->stream = 4;
	assert_int_equal(matches(OPEN(.uid = 1)), 2);
	assert_string_equal(got.match[0].name, "a");
	assert_string_equal(got.match[1].name, "c");
	assert_int_equal(matches(OPEN(.uid = 5)), 2);
	assert_string_equal(got.match[1].name, "b");
	assert_int_equal(got.streams, 4);
	made_set_clear(&set);
}

static void
a_stream_without_conditions_wants_every_event(void **state)
{
	made_rule(&set, "version=2\ntracer='open'\n")->stream = 2;
	assert_int_equal(matches(OPEN(.uid = 1)), 0);
	assert_int_equal(got.streams, 2);
	made_set_clear(&set);
}

static void
a_disabled_rule_does_nothing(void **state)
{
	made_rule(&set, "version=2\ntracer='open'\nenabled=false\n");
	assert_int_equal(matches(OPEN(.uid = 1)), 0);
	made_set_clear(&set);
}

static void
defaults_are_for_tracers_without_a_rule(void **state)
{
	set.set.defaults = 1ULL << TR_OPEN;
	set.set.default_actions = 6;
	assert_int_equal(matches(OPEN(.uid = 1)), 0);
	assert_int_equal(got.actions, 6);
	made_set_clear(&set);
}

static void
severity_and_mode_choose_the_actions(void **state)
{
	struct ruleset_entry *e = made_rule(&set, "version=2\ntracer='open'\nseverity='high'\nmode='enforce'\n");

	e->actions[SEV_HIGH] = 40;
	e->enforce = true;
	assert_int_equal(matches(OPEN(.uid = 1)), 1);
	assert_int_equal(got.actions, 40);
	assert_int_equal(got.match[0].severity, SEV_HIGH);
	assert_int_equal(got.match[0].flags, MATCH_ENFORCE);
	made_set_clear(&set);
}

/* ---- strings that were cut ---- */

static bool
unknown(const char *condition, const struct made_open *o)
{
	bool yes;

	made_open_rule(&set, condition);
	yes = matches(o) == 1 && (got.match[0].flags & MATCH_UNKNOWN);
	made_set_clear(&set);
	return yes;
}

#define CUT(member) EV_CUT(offsetof(struct ev_open, member))

static void
what_a_cut_path_still_tells_is_told_and_the_rest_is_unknown(void **state)
{
	char path[256] = "/tmp/a/";
	struct made_open cut = { .path = path, .cut = CUT(path) };

	memset(path + 7, 'x', 200);
	assert_true(holds("{field='path', op='pathprefix', value='/tmp'}", &cut));
	assert_false(unknown("{field='path', op='pathprefix', value='/tmp'}", &cut));
	assert_false(holds("{field='path', op='pathprefix', value='/etc'}", &cut));
	assert_false(holds("{field='path', op='eq', value='/etc/passwd'}", &cut));
	assert_true(unknown("{field='path', op='suffix', value='.so'}", &cut));
	assert_true(unknown("{field='path', op='contains', value='shadow'}", &cut));
	assert_false(unknown("{field='path', op='contains', value='/a/x'}", &cut));
	assert_true(holds("{field='path', op='contains', value='/a/x'}", &cut));
	assert_true(unknown("{field='path', op='regex', value='^/etc'}", &cut));
	assert_true(unknown("{field='path', op='eq', value='/etc/passwd', not=true}, "
			    "{field='path', op='suffix', value='z', not=true}", &cut));
	assert_false(holds("{field='uid', value=1}, {field='path', op='suffix', value='.so'}", &cut));
	assert_true(unknown("{any=[{field='uid', value=1}, {field='path', op='suffix', value='.so'}]}", &cut));
	assert_false(unknown("{any=[{field='uid', value=0}, {field='path', op='suffix', value='.so'}]}", &cut));
}

static void
a_path_without_its_beginning_is_unknown(void **state)
{
	struct made_open cut = { .path = "b/c/passwd", .cut = CUT(path) };

	assert_true(unknown("{field='path', op='pathprefix', value='/etc'}", &cut));
	assert_true(unknown("{field='path', op='eq', value='/etc/b/c/passwd'}", &cut));
	assert_false(unknown("{field='path', op='contains', value='passwd'}", &cut));
}

static void
a_text_that_could_not_be_read_is_unknown(void **state)
{
	struct made_open cut = { .path = "/x", .filename = "", .cut = CUT(filename) };

	assert_true(unknown("{field='filename', op='eq', value='shadow'}", &cut));
	assert_true(unknown("{field='filename', op='contains', value='shadow'}", &cut));
	/* The other one is whole. */
	assert_false(holds("{field='path', op='eq', value='/etc/shadow'}", &cut));
	assert_false(unknown("{field='path', op='suffix', value='x'}", &cut));
	assert_false(holds("{field='name', op='eq', value='shadow'}", &cut));
}

/* An attempt to execute has no path, and is often one with long arguments. */
static void
what_is_absent_is_not_unknown_because_another_is_cut(void **state)
{
	struct ev_exec ev = { .h = { .tracer = TR_EXEC, .ret = -2, .flags = EV_TRUNCATED } };
	struct matcher *m;
	struct event e;

	made_rule(&set, "version=2\ntracer='exec'\n[match]\nfield='path'\nvalue='/bin/nc'\n");
	m = made_matcher(&set);
	for (int path = 0; path < 2; path++) {
		ev.h.cut = (__u16)EV_CUT(path ? offsetof(struct ev_exec, path) : offsetof(struct ev_exec, args));
		made_event(&made, &ev, sizeof(ev));
		made_ctx(&made, 0);
		made_end(&made);
		assert_int_equal(record_check(made.bytes, made.len, &e), 0);
		assert_int_equal(matcher_run(m, &e, &got), path);
	}
	matcher_free(m);
	made_set_clear(&set);
}

/* ---- many ---- */

static void
ten_thousand_rules_find_the_one(void **state)
{
	char text[200];
	struct matcher *m;
	struct event e;

	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), i % 3 == 0 ? "{field='path', value='/data/d%d/file'}" :
			i % 3 == 1 ? "{field='path', op='pathprefix', value='/srv/s%d'}" :
			"{field='path', op='contains', value='needle%d.'}, {field='uid', value=0}", i);
		made_open_rule(&set, text);
	}
	m = made_matcher(&set);
	for (int i = 0; i < 10000; i += 77) {
		snprintf(text, sizeof(text), i % 3 == 0 ? "/data/d%d/file" : i % 3 == 1 ? "/srv/s%d/x/y" :
			"/a/needle%d.txt", i);
		made_open(&made, OPEN(.path = text), &e);
		assert_true(matcher_run(m, &e, &got));
		assert_int_equal(got.n, 1);
		snprintf(text, sizeof(text), "r%d", i);
		assert_string_equal(got.match[0].name, text);
	}
	made_open(&made, OPEN(.path = "/etc/passwd"), &e);
	assert_false(matcher_run(m, &e, &got));
	matcher_free(m);
	made_set_clear(&set);
}

static void
more_matches_than_a_record_holds_still_run_their_actions(void **state)
{
	for (int i = 0; i < 100; i++)
		made_open_rule(&set, "{field='uid', value=0}")->actions[SEV_NOTICE] = 1ULL << (i % 60);
	assert_int_equal(matches(OPEN(.uid = 0)), REC_MATCHES_MAX);
	assert_int_equal(got.actions, (1ULL << 60) - 1);
	made_set_clear(&set);
}

static void
nothing_is_allocated_for_an_event(void **state)
{
	struct matcher *m;
	struct event e;
	unsigned long before;

	made_open_rule(&set, "{field='path', op='regex', value='(a+)+b$'}");
	made_open_rule(&set, "{field='path', op='regex', value='^(/[^/]*)*x$'}");
	made_open_rule(&set, "{field='lower(args)', op='contains', values=['a','b','c','d','e']}");
	made_open_rule(&set, "{field='comm', op='in', values=['a','b','c','d','e','cat']}");
	made_rule(&set, "version=2\ntracer='open'\nratelimit={rate='10/s', key=['path', 'argv']}\ndedup={window='1s',key=['exe']}\n");
	made_rule(&set, "tracer='open'\n[filterEvents.uid]\nvalues=['1']\n[filterEvents.argv]\nvalues=['x']\n");
	made_rule(&set, "version=2\nname='one'\ntracer='open'\n");
	made_rule(&set, "version=2\nname='two'\ntracer='open'\nafter='one'\nwithin='1s'\nby=['process.key','argv']\n");
	m = made_matcher(&set);
	made_open(&made, OPEN(.path = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/a/a/a/a/a/a/a", .uid = 1), &e);
	matcher_run(m, &e, &got);
	before = allocations;
	for (int i = 0; i < 100; i++)
		matcher_run(m, &e, &got);
	assert_int_equal(allocations, before);
	matcher_free(m);
	made_set_clear(&set);
}

static void
a_regular_expression_that_explodes_ends_at_a_limit_and_is_counted(void **state)
{
	struct matcher *m;
	struct matcher_stats st;
	struct event e;

	made_open_rule(&set, "{field='path', op='regex', value='^/(a|a)+b$'}");
	m = made_matcher(&set);
	made_open(&made, OPEN(.path = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab/"), &e);
	assert_false(matcher_run(m, &e, &got));
	matcher_stats(m, &st);
	assert_int_equal(st.regex_limits, 1);
	matcher_free(m);
	made_set_clear(&set);
}

static void
a_damaged_set_is_refused(void **state)
{
	struct matcher *m = NULL;
	char why[300];
	void *bytes;
	size_t len;

	made_open_rule(&set, "{field='path', value='/x'}");
	assert_int_equal(ruleset_pack(&set.set, &bytes, &len), 0);
	for (size_t cut = 0; cut < len; cut += 7)
		assert_int_equal(matcher_new(bytes, cut, &m, why, sizeof(why)), -EBADMSG);
	free(bytes);
	made_set_clear(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_operator_means_what_its_help_says, clean, clean),
		cmocka_unit_test_setup_teardown(the_first_bpfds_values_are_substrings_and_its_keys_alternatives, clean, clean),
		cmocka_unit_test_setup_teardown(numbers_and_addresses_of_the_first_bpfd_are_compared_as_text, clean, clean),
		cmocka_unit_test_setup_teardown(addresses_are_in_networks_and_words_are_values, clean, clean),
		cmocka_unit_test_setup_teardown(kube_is_a_pod_whatever_its_engine_and_host_is_no_container, clean, clean),
		cmocka_unit_test_setup_teardown(all_rules_that_match_fire_in_their_order_until_one_stops, clean, clean),
		cmocka_unit_test_setup_teardown(a_stream_without_conditions_wants_every_event, clean, clean),
		cmocka_unit_test_setup_teardown(a_disabled_rule_does_nothing, clean, clean),
		cmocka_unit_test_setup_teardown(defaults_are_for_tracers_without_a_rule, clean, clean),
		cmocka_unit_test_setup_teardown(severity_and_mode_choose_the_actions, clean, clean),
		cmocka_unit_test_setup_teardown(what_a_cut_path_still_tells_is_told_and_the_rest_is_unknown, clean, clean),
		cmocka_unit_test_setup_teardown(a_path_without_its_beginning_is_unknown, clean, clean),
		cmocka_unit_test_setup_teardown(a_text_that_could_not_be_read_is_unknown, clean, clean),
		cmocka_unit_test_setup_teardown(what_is_absent_is_not_unknown_because_another_is_cut, clean, clean),
		cmocka_unit_test_setup_teardown(ten_thousand_rules_find_the_one, clean, clean),
		cmocka_unit_test_setup_teardown(more_matches_than_a_record_holds_still_run_their_actions, clean, clean),
		cmocka_unit_test_setup_teardown(nothing_is_allocated_for_an_event, clean, clean),
		cmocka_unit_test_setup_teardown(a_regular_expression_that_explodes_ends_at_a_limit_and_is_counted, clean, clean),
		cmocka_unit_test_setup_teardown(a_damaged_set_is_refused, clean, clean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
