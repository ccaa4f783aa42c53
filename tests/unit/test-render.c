/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bpf/exec.h"
#include "bpf/fileops.h"
#include "bpf/open.h"
#include "bpf/tcpstate.h"
#include "common/auto.h"
#include "events/render.h"
#include "events/text.h"
#include "unit/event_make.h"

AUTO_DEFINE(json, json_t *, json_decref)

/* Everything a name could do to a line, a document or a terminal. */
#define HOSTILE "a\n\t\"\\\x1b[2J\xff\xc2\x9b\xe2\x80\xae \x7f|\xc3\xa9\xf0\x9f\x90\x8d\xed\xa0\x80"

static char out[RENDER_ROOM];

static struct event
checked(struct made *m)
{
	struct event e;

	assert_int_equal(record_check(m->bytes, m->len, &e), 0);
	return e;
}

static const char *
line_of(const struct event *e, enum render_format format)
{
	/* 2026-01-02T03:04:05Z */
	struct render r = { .format = format, .boot_offset_ns = 1767323040000000000, .host = "h1" };
	size_t len = render_event(&r, e, out, sizeof(out) - 1);

	assert_true(len < sizeof(out));
	out[len] = '\0';
	assert_int_equal(strlen(out), len);
	for (size_t i = 0; i < len; i++)
		assert_true((unsigned char)out[i] >= 0x20 || (out[i] == '\t' && format == RENDER_SEED));
	return out;
}

static json_t *
parsed(const char *line)
{
	json_error_t err;
	json_t *doc = json_loads(line, JSON_REJECT_DUPLICATES, &err);

	if (!doc)
		fail_msg("%s at %d in %s", err.text, err.position, line);
	return doc;
}

static void
open_event(struct made *m, const char *path)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = 5123456789, .tgid = 42, .tid = 43,
		.ppid = 7, .uid = 1000, .gid = 100, .start = 4000000000, .mntns = 11, .ret = -13,
		.flags = EV_TRUNCATED, .comm = "c at" } };

	made_event(m, &o, sizeof(o));
	made_str(m, ev_open, path, path);
	made_str(m, ev_open, filename, path);
	made_ctx(m, CTX_PROC | CTX_CONTAINER | CTX_CLAIM)->loginuid = UINT32_MAX;
	made_ctx_str(m, exe, "/usr/bin/cat");
	made_ctx_str_len(m, args, "cat\0a b\0\0", 9);
	made_ctx_str(m, container, "0123456789abcdef0123");
	made_ctx_str(m, runtime, "docker");
	made_match(m, "no \"cats\"", 1, 0)->suppressed = 3;
	made_end(m);
}

static void
tells_everything_in_json(void **state)
{
	struct made m;
	json_int_t pid, suppressed;
	const char *time, *path, *id, *error, *rule, *arg, *mark;
	int trusted;

	open_event(&m, "/etc/shadow");
	struct event e = checked(&m);
	AUTO(json) json_t *doc = parsed(line_of(&e, RENDER_JSON));
	assert_int_equal(json_unpack(doc, "{s:s,s:I,s:s,s:s,s:[s,s,s],s:{s:s,s:b},s:[{s:s,s:I}],s:[s]}",
		"time", &time, "pid", &pid, "path", &path, "error", &error, "args", &arg, &arg, &arg,
		"container", "id", &id, "trusted", &trusted, "rules", "name", &rule, "suppressed", &suppressed,
		"marks", &mark), 0);
	assert_string_equal(time, "2026-01-02T03:04:05.123456789Z");
	assert_int_equal(pid, 42);
	assert_string_equal(path, "/etc/shadow");
	assert_string_equal(error, "EACCES");
	assert_string_equal(arg, "");
	assert_string_equal(id, "0123456789abcdef0123");
	assert_false(trusted);
	assert_string_equal(rule, "no \"cats\"");
	assert_int_equal(suppressed, 3);
	assert_string_equal(mark, "truncated");
}

static void
keeps_documents_and_lines_whole_whatever_a_name_holds(void **state)
{
	struct made m;
	const char *path, *hex;

	open_event(&m, HOSTILE);
	struct event e = checked(&m);
	AUTO(json) json_t *doc = parsed(line_of(&e, RENDER_JSON));
	assert_int_equal(json_unpack(doc, "{s:s,s:s}", "path", &path, "path_hex", &hex), 0);
	assert_string_equal(path, "a\n\t\"\\\x1b[2J\xef\xbf\xbd\xc2\x9b\xe2\x80\xae \x7f|\xc3\xa9"
		"\xf0\x9f\x90\x8d\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_true(strncmp(hex, "610a09225c1b5b324aff", 20) == 0);
	assert_non_null(strstr(out, "a\\n\\t\\\"\\\\\\u001b[2J\\ufffd\\u009b\\u202e \\u007f|"));
	for (unsigned int f = 0; f < N_RENDER_FORMATS; f++)
		assert_null(strpbrk(line_of(&e, f), "\x1b\n\x7f"));
	assert_non_null(strstr(line_of(&e, RENDER_TABLE),
		"a\\n\\t\"\\\\\\x1b[2J\\xff\\xc2\\x9b\\xe2\\x80\\xae \\x7f|"));
}

/* Strings are looked at several bytes at a time. */
static void
finds_a_byte_to_escape_wherever_it_stands(void **state)
{
	static const unsigned char bytes[] = { 0, 1, 0x1f, ' ', '!', '"', '#', '[', '\\', ']', '~', 0x7f, 0x80, 0xff };
	char s[48];

	for (size_t len = 1; len <= sizeof(s); len++)
		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < sizeof(bytes); i++) {
				bool plain = bytes[i] >= ' ' && bytes[i] < 0x7f && bytes[i] != '"' && bytes[i] != '\\';
				struct text t = { .p = out, .end = out + sizeof(out), .cap = SIZE_MAX };
				size_t n;

				memset(s, 'a', len);
				s[at] = (char)bytes[i];
				assert_int_equal(text_json(&t, s, len), bytes[i] < 0x80);
				n = (size_t)(t.p - out);
				if (plain)
					assert_true(n == len + 2 && memcmp(out + 1, s, len) == 0);
				else
					assert_true(n > len + 2 && memcmp(out + 1, s, at) == 0 && out[1 + at] == '\\' &&
						memcmp(out + n - (len - at), s + at + 1, len - at - 1) == 0);
				assert_true(out[0] == '"' && out[n - 1] == '"');
			}
}

static void
prints_columns_for_people(void **state)
{
	struct render r = { .format = RENDER_TABLE };
	struct made m;

	open_event(&m, "/etc/shadow");
	struct event e = checked(&m);
	out[render_header(&r, out, sizeof(out))] = '\0';
	assert_string_equal(out,
		"TIME          TRACER       PID     COMM             CONTAINER      WHAT");
	line_of(&e, RENDER_TABLE);
	assert_true(strncmp(out,
		"03:04:05.123  open         42      c\\x20at          0123456789ab?  /etc/shadow", 76) == 0);
	assert_non_null(strstr(out, " EACCES (cut)"));
}

static void
quotes_arguments_as_a_shell_would_and_leaves_details_out(void **state)
{
	struct ev_exec x = { .h = { .tracer = TR_EXEC, .tgid = 42, .comm = "sh" }, .argc = 4, .mode = 0100755 };
	struct made m;

	made_event(&m, &x, sizeof(x));
	made_str(&m, ev_exec, path, "/bin/dash");
	made_str_len(&m, ev_exec, args, "sh\0a b\0\0\"q", sizeof("sh\0a b\0\0\"q"));
	made_ctx(&m, 0);
	made_end(&m);
	struct event e = checked(&m);
	assert_non_null(strstr(line_of(&e, RENDER_TABLE), "/bin/dash args=sh \"a b\" \"\" \"\\\"q\""));
	assert_null(strstr(out, "argc"));
	assert_null(strstr(out, "mode"));
}

static void
tells_in_a_table_what_was_done_once(void **state)
{
	struct ev_fileops o = { .h = { .tracer = TR_FILEOPS, .event = FILEOP_RENAME, .tgid = 42, .comm = "mv" } };
	struct made m;
	struct event e;

	made_event(&m, &o, sizeof(o));
	made_str(&m, ev_fileops, path, "/old");
	made_str(&m, ev_fileops, path2, "/new");
	made_ctx(&m, CTX_PROC);
	made_end(&m);
	e = checked(&m);
	assert_non_null(strstr(line_of(&e, RENDER_TABLE), " rename /old path2=/new"));
}

static void
prints_the_first_bpfds_lines(void **state)
{
	struct made m;

	open_event(&m, "/etc/\"x\"");
	struct event e = checked(&m);
	assert_string_equal(line_of(&e, RENDER_SEED),
		"open\t42\t7\t1000\t100\tc at\tdocker\t0123456789abcdef0123");
	assert_string_equal(line_of(&e, RENDER_LOGFMT),
		"level=info msg=\"map[string]string{\\\"filename\\\":\\\"/etc/\\\\\\\"x\\\\\\\"\\\", "
		"\\\"command\\\":\\\"c at\\\", \\\"returnval\\\":\\\"-13\\\"}\" "
		"container_id=0123456789abcdef0123 container_runtime=docker pid=42 tgid=7 tracer=open");
	made_rec_ctx(&m)->flags = 0;
	assert_string_equal(line_of(&e, RENDER_SEED), "open\t42\t7\t1000\t100\tc at\tnot-found\t");
}

static void
prints_socketsnoops_names(void **state)
{
	struct ev_tcpstate s = { .h = { .tracer = TR_TCPSTATE, .ts = 5000000000, .tgid = 9, .comm = "nc",
		.event = TCPSTATE_CONNECT }, .saddr = { [10] = 0xff, 0xff, 127, 0, 0, 1 },
		.daddr = { [15] = 1 }, .sport = 4000, .dport = 443, .family = 2, .protocol = 6,
		.oldstate = 2, .newstate = 1, .cookie = 77 };
	struct made m;

	made_event(&m, &s, sizeof(s));
	made_ctx(&m, 0);
	made_end(&m);
	struct event e = checked(&m);
	assert_string_equal(line_of(&e, RENDER_SOCKETSNOOP),
		"{\"timestamp\":\"2026-01-02T03:04:05.000000000Z\",\"id\":77,\"pid\":9,\"comm\":\"nc\","
		"\"uid\":0,\"gid\":0,\"source_ip\":\"127.0.0.1\",\"destination_ip\":\"::1\","
		"\"source_port\":4000,\"destination_port\":443,\"state_old\":\"SYN_SENT\","
		"\"state_new\":\"ESTABLISHED\",\"address_family\":\"INET\",\"network_protocol\":\"TCP\"}");
	assert_string_equal(line_of(&e, RENDER_EXECSNOOP), "");
	AUTO(json) json_t *doc = parsed(line_of(&e, RENDER_JSON));
	assert_string_equal(json_string_value(json_object_get(doc, "daddr")), "::1");
}

/* Whatever the room, a line that comes is well-formed and says that it was cut. */
static void
cuts_long_strings_to_the_room(void **state)
{
	static char path[2001];
	struct render r = { .format = RENDER_JSON };
	struct made m;
	size_t whole;

	memset(path, '\x01', sizeof(path) - 1);
	memcpy(path + 1000, "\xc3\xa9\xc3\xa9", 4);
	open_event(&m, path);
	struct event e = checked(&m);
	whole = render_event(&r, &e, out, sizeof(out));
	for (size_t room = 0; room < sizeof(out); room += 97) {
		size_t len = render_event(&r, &e, out, room);

		assert_true(len <= room);
		assert_true(len || room < RENDER_ROOM_MIN);
		out[len] = '\0';
		if (!len)
			continue;
		AUTO(json) json_t *doc = parsed(out);
		assert_int_equal(json_is_true(json_object_get(doc, "cut")), room < whole);
	}
}

/* A tracer's field that is called as a common one would be twice in a document. */
static void
has_no_name_twice_for_any_tracer(void **state)
{
	for (unsigned int i = 1; i < N_TRACERS; i++) {
		const struct tracer_info *t = tracer_info(i);
		struct made m;

		for (unsigned int ev = 0; t && t->events[ev]; ev++) {
			uint64_t room[512] = { 0 };
			struct ev_hdr *h = (void *)room;

			/* Every number is 1, every string empty. */
			assert_true(t->min_size <= sizeof(room));
			memset(h + 1, 1, t->min_size - sizeof(*h));
			for (const struct field *f = t->fields; f->name; f++)
				if (f->size == sizeof(struct ev_str) && f->type >= F_STR && f->type <= F_LIST)
					memset((char *)room + f->off, 0, f->size);
			h->tracer = (uint16_t)i;
			h->event = (uint16_t)ev;
			made_event(&m, room, t->min_size);
			made_ctx(&m, CTX_PROC | CTX_CONTAINER);
			made_ctx_str(&m, exe, "/x");
			made_ctx_str(&m, cwd, "/x");
			made_ctx_str(&m, args, "/x");
			made_ctx_str(&m, cgroup, "/x");
			made_end(&m);
			struct event e = checked(&m);
			for (unsigned int f = 0; f < N_RENDER_FORMATS; f++)
				line_of(&e, f);
			AUTO(json) json_t *doc = parsed(line_of(&e, RENDER_JSON));
			assert_non_null(doc);
		}
	}
}

/* What is kept of one process must not be told of another. */
static void
tells_each_process_apart(void **state)
{
	for (uint32_t i = 0; i < 64; i++) {
		struct made m;
		char id[24];

		open_event(&m, "/x");
		made_ev(&m)->tgid = 16 * (i % 4) + i % 2;
		made_ev(&m)->mntns = i / 4 % 3;
		made_rec_ctx(&m)->euid = i;
		struct event e = checked(&m);
		line_of(&e, RENDER_JSON);
		snprintf(id, sizeof(id), "\"euid\":%u,", i);
		assert_non_null(strstr(out, id));
		snprintf(id, sizeof(id), "{\"mnt\":%u,", i / 4 % 3);
		assert_non_null(strstr(out, id));
		AUTO(json) json_t *doc = parsed(out), *again = parsed(line_of(&e, RENDER_JSON));
		assert_true(json_equal(doc, again));
	}
}

static const char *
json_str(const json_t *doc, const char *key)
{
	return json_string_value(json_object_get(doc, key));
}

/* What is kept as text must not be told of another: rules, names, kinds of events. */
static void
tells_each_rule_and_name_apart(void **state)
{
	static const char *const names[] = { "/etc/aa", "/etc/ab", "/etc/\"b", "/etc/\xff" };

	for (unsigned int n = 0; n < 4096; n++) {
		unsigned int x = n * 2654435761u, i = (x ^ x >> 15) * 2246822519u >> 20;	/* in no order */
		const char *path = names[i % 4], *given = names[i / 4 % 4];
		struct ev_open o = { .h = { .tracer = TR_OPEN, .ret = (int)(n % 3) - 1 } };
		char rule[] = "rule-a";
		struct made m;

		rule[5] = (char)('a' + i / 16 % 2);
		made_event(&m, &o, sizeof(o));
		made_str(&m, ev_open, path, path);
		made_str(&m, ev_open, filename, given);
		made_ctx(&m, 0);
		made_match(&m, rule, 1, 0)->severity = i / 32 % 2;
		m.matches[0].m.suppressed = i / 64 % 2;
		m.matches[0].m.flags = i / 128 % 2 ? MATCH_UNKNOWN : 0;
		if (i / 256 % 2)
			made_match(&m, "another", 1, 0);
		made_end(&m);
		struct event e = checked(&m);
		AUTO(json) json_t *doc = parsed(line_of(&e, RENDER_JSON));
		json_t *rules = json_object_get(doc, "rules"), *first = json_array_get(rules, 0);
		bool bad = path == names[3], bad_given = given == names[3];

		assert_string_equal(json_str(doc, "path"), bad ? "/etc/\xef\xbf\xbd" : path);
		assert_int_equal(json_object_get(doc, "path_hex") != NULL, bad);
		assert_string_equal(json_str(doc, "filename"), bad_given ? "/etc/\xef\xbf\xbd" : given);
		assert_int_equal(json_object_get(doc, "filename_hex") != NULL, bad_given);
		assert_int_equal(json_integer_value(json_object_get(doc, "retval")), (int)(n % 3) - 1);
		assert_int_equal(json_object_get(doc, "error") != NULL, n % 3 == 0);
		assert_int_equal(json_array_size(rules), i / 256 % 2 ? 2 : 1);
		assert_string_equal(json_str(first, "name"), rule);
		assert_string_equal(json_str(first, "severity"), severity_names[i / 32 % 2]);
		assert_int_equal(json_object_get(first, "suppressed") != NULL, i / 64 % 2);
		assert_int_equal(json_object_get(first, "unknown") != NULL, i / 128 % 2);
	}
}

static void
knows_the_days_of_the_calendar(void **state)
{
	static const struct { int64_t ns; const char *day; } known[] = {
		{ 0, "1970-01-01T00:00:00" }, { 951782400, "2000-02-29T00:00:00" },
		{ 951868800, "2000-03-01T00:00:00" }, { 1709164799, "2024-02-28T23:59:59" },
		{ 4107542400, "2100-03-01T00:00:00" }, { 1798761599, "2026-12-31T23:59:59" },
		{ -1, "1969-12-31T23:59:59" },
	};
	struct made m;

	open_event(&m, "/x");
	made_ev(&m)->ts = 0;
	struct event e = checked(&m);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct render r = { .boot_offset_ns = known[i].ns * 1000000000 };

		render_event(&r, &e, out, sizeof(out));
		assert_memory_equal(out + 9, known[i].day, 19);
	}
}

static void
writes_values_as_a_rule_compares_them(void **state)
{
	struct made m;
	struct value v;

	open_event(&m, "/x");
	struct event e = checked(&m);
	const struct field *f = field_find(TR_OPEN, "retval");
	assert_true(field_get(&e, f, &v));
	out[render_value(f, &v, out, sizeof(out))] = '\0';
	assert_string_equal(out, "-13");
	f = field_find(TR_OPEN, "args");
	assert_true(field_get(&e, f, &v));
	out[render_value(f, &v, out, sizeof(out))] = '\0';
	assert_string_equal(out, "cat a b ");
	assert_int_equal(render_value(f, &v, out, 3), 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_in_a_table_what_was_done_once),
		cmocka_unit_test(tells_everything_in_json),
		cmocka_unit_test(keeps_documents_and_lines_whole_whatever_a_name_holds),
		cmocka_unit_test(finds_a_byte_to_escape_wherever_it_stands),
		cmocka_unit_test(prints_columns_for_people),
		cmocka_unit_test(quotes_arguments_as_a_shell_would_and_leaves_details_out),
		cmocka_unit_test(prints_the_first_bpfds_lines),
		cmocka_unit_test(prints_socketsnoops_names),
		cmocka_unit_test(cuts_long_strings_to_the_room),
		cmocka_unit_test(has_no_name_twice_for_any_tracer),
		cmocka_unit_test(tells_each_process_apart),
		cmocka_unit_test(tells_each_rule_and_name_apart),
		cmocka_unit_test(knows_the_days_of_the_calendar),
		cmocka_unit_test(writes_values_as_a_rule_compares_them),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("render", tests, NULL, NULL);
}
