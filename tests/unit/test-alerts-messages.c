/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "alerts/mail.h"
#include "alerts/mime.h"
#include "alerts/slack.h"

/* What would be a header, a command to a mail server, a mention, a link, an end of a JSON string. */
#define HOSTILE "a\r\nBcc: x@y\r\n.\r\nQUIT\r\n<!channel> <http://e|x> & `` \"\\ \x1b[2J \xff \xe2\x80\xae \xc3\xa9"

static char out[MAIL_ROOM + 1];
static const struct mail form = { .from = "bpfd@example.com", .to = "a@example.com\0b@example.org", .to_len = 28,
	.subject = "[bpfd] ", .host = "web1", .spool = 0xabc, .number = 7, .now_s = 1795306349 };

static struct alert_str
str(const char *s)
{
	return (struct alert_str){ s, strlen(s) };
}

static struct alert
alert(const char *rule, uint32_t severity)
{
	struct alert a = { .epoch = 0x1f, .seq = 9, .time_ns = 1795306349000000000, .severity = severity,
		.pid = 42, .uid = 1000 };

	for (int i = 0; i < N_ALERT_TEXTS; i++)
		a.text[i] = str("");
	a.text[ALERT_RULE] = str(rule);
	a.text[ALERT_HOST] = str("web1");
	a.text[ALERT_COMM] = str("cat");
	a.text[ALERT_EXE] = str("/usr/bin/cat");
	a.text[ALERT_LINE] = str("00:12:29.000  open  42  cat  -  /etc/shadow");
	return a;
}

static struct alert
hostile(void)
{
	struct alert a = alert(HOSTILE, SEV_HIGH);

	for (int i = ALERT_COMM; i < ALERT_LINE; i++)
		a.text[i] = str(HOSTILE);
	return a;
}

/* ---- mail ---- */

static void
mail(const struct alert *alerts, size_t n)
{
	size_t len = mail_write(&form, alerts, n, out);

	assert_true(len < MAIL_ROOM);
	out[len] = '\0';
	assert_int_equal(strlen(out), len);
}

/* Every line ends with CR LF and is short, none begins with '.', all is printable ASCII. */
static void
is_mail(void)
{
	for (const char *line = out, *end; *line; line = end + 2) {
		end = strstr(line, "\r\n");
		assert_non_null(end);
		assert_true(end - line <= 78);
		assert_true(*line != '.');
		for (const char *c = line; c < end; c++)
			assert_true(*c >= ' ' && *c <= '~');
	}
	assert_non_null(strstr(out, "\r\n\r\n"));
}

static size_t
headers(void)
{
	size_t n = 0;

	for (const char *line = out; strncmp(line, "\r\n", 2) != 0; line = strstr(line, "\r\n") + 2)
		n += *line != ' ';
	return n;
}

static void
a_mail_says_who_did_what_where(void **state)
{
	struct alert a = alert("shadow-read", SEV_HIGH);

	mail(&a, 1);
	is_mail();
	assert_non_null(strstr(out, "Date: Sun, 22 Nov 2026 00:12:29 +0000\r\n"));
	assert_non_null(strstr(out, "From: bpfd@example.com\r\nTo: a@example.com,\r\n b@example.org\r\n"));
	assert_non_null(strstr(out, "Subject: [bpfd] high on web1: shadow-read\r\n"));
	assert_non_null(strstr(out, "Message-ID: <0xabc.7.1@example.com>\r\n"));
	assert_non_null(strstr(out, "Rule:       shadow-read\r\nSeverity:   high\r\n"));
	assert_non_null(strstr(out, "Process:    cat (42), user 1000, /usr/bin/cat\r\nEvent:      000000000000001f-9\r\n"));
	assert_non_null(strstr(out, "\r\n00:12:29.000  open  42  cat  -  /etc/shadow\r\n"));
	assert_null(strstr(out, "alerts"));
}

static void
nothing_in_an_event_is_a_header_or_a_command(void **state)
{
	struct alert a = alert("x", SEV_LOW);
	size_t usual;

	mail(&a, 1);
	usual = headers();
	a = hostile();
	mail(&a, 1);
	is_mail();
	assert_int_equal(headers(), usual);
	assert_null(strstr(out, "\r\nBcc"));
	assert_null(strstr(out, "\r\nQUIT"));
	assert_non_null(strstr(out, "Subject: =?UTF-8?B?"));
}

static void
a_digest_counts_by_rule_before_it_shows(void **state)
{
	struct alert a[4] = { alert("noisy", SEV_LOW), alert("rare", SEV_CRITICAL), alert("noisy", SEV_MEDIUM),
		alert("noisy", SEV_LOW) };

	a[2].suppressed = 5;
	mail(a, 4);
	is_mail();
	assert_non_null(strstr(out, "Subject: [bpfd] critical, 4 alerts on web1: noisy, rare\r\n"));
	assert_non_null(strstr(out, "4 alerts on web1:\r\n\r\n  8 x medium: noisy\r\n  1 x critical: rare\r\n"));
	assert_non_null(strstr(out, "---- 4 ----"));
	assert_non_null(strstr(out, "and 5 like it that were held back"));
}

static void
the_longest_digest_fits_and_counts_the_rest(void **state)
{
	static char name[256], line[65000];
	static struct alert a[2000];

	memset(name, '\xff', sizeof(name) - 1);
	memset(line, '=', sizeof(line) - 1);
	for (size_t i = 0; i < 2000; i++) {
		a[i] = alert(name, SEV_HIGH);
		a[i].text[ALERT_LINE] = str(line);
		for (int k = ALERT_COMM; k < ALERT_LINE; k++)
			a[i].text[k] = str(name);
	}
	mail(a, 2000);
	is_mail();
	assert_non_null(strstr(out, "  2000 x high: "));
	assert_non_null(strstr(out, "more, which are counted above and not shown."));
}

static void
long_headers_are_folded_at_blanks(void **state)
{
	static const char s[] = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
		"fifteen sixteen seventeen";
	struct text t = { .p = out, .end = out + sizeof(out), .cap = SIZE_MAX };

	mime_header(&t, "Subject", s, strlen(s));
	*t.p = '\0';
	assert_string_equal(out, "Subject: one two three four five six seven eight nine ten eleven twelve\r\n"
		" thirteen fourteen fifteen sixteen seventeen\r\n");
}

static void
quoted_printable_is_that_of_the_standard(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "plain\n", "plain\r\n" }, { "1=2", "1=3D2\r\n" }, { "end \nx", "end=20\r\nx\r\n" },
		{ ".\n..x\n", "=2E\r\n=2E.x\r\n" }, { "\xc3\xa9\t\r", "=C3=A9=09=0D\r\n" }, { "", "" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text t = { .p = out, .end = out + sizeof(out), .cap = SIZE_MAX };

		mime_qp(&t, rows[i].in, strlen(rows[i].in));
		*t.p = '\0';
		assert_string_equal(out, rows[i].out);
	}
}

/* ---- slack ---- */

static json_t *
slack(const struct slack *s, const struct alert *alerts, size_t n)
{
	size_t len = slack_write(s, alerts, n, out);
	json_t *doc = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);

	out[len] = '\0';
	assert_non_null(doc);
	return doc;
}

static const char *
text_of(json_t *doc, const char *key)
{
	return json_string_value(json_object_get(json_array_get(json_object_get(doc, "attachments"), 0), key));
}

static void
a_message_to_slack_has_an_attachment_for_each_alert(void **state)
{
	const struct slack s = { .channel = "#oncall", .host = "web1" };
	struct alert a[2] = { alert("shadow-read", SEV_HIGH), alert("x", SEV_LOW) };
	json_t *doc;

	a[0].suppressed = 3;
	a[0].text[ALERT_CONTAINER] = str("0123456789abcdef");
	a[0].text[ALERT_IMAGE] = str("nginx:1");
	doc = slack(&s, a, 2);
	assert_string_equal(json_string_value(json_object_get(doc, "text")), "bpfd on web1: 2 alerts");
	assert_string_equal(json_string_value(json_object_get(doc, "channel")), "#oncall");
	assert_null(json_object_get(doc, "username"));
	assert_int_equal(json_array_size(json_object_get(doc, "attachments")), 2);
	assert_string_equal(text_of(doc, "title"), "shadow-read (and 3 like it)");
	assert_string_equal(text_of(doc, "color"), "#d9342b");
	assert_string_equal(text_of(doc, "text"), "```00:12:29.000  open  42  cat  -  /etc/shadow```");
	assert_non_null(strstr(out, "\"0123456789ab nginx:1\""));
	json_decref(doc);
}

static void
nothing_in_an_event_is_a_mention_or_a_link(void **state)
{
	const struct slack s = { .username = "b\"pfd", .host = HOSTILE };
	struct alert a = hostile();
	json_t *doc;

	a.text[ALERT_LINE] = str("<!here> & <@U1> ``` <http://e|x>");
	doc = slack(&s, &a, 1);
	assert_string_equal(text_of(doc, "text"),
		"```&lt;!here&gt; &amp; &lt;@U1&gt; ''' &lt;http://e|x&gt;```");
	assert_null(strchr(out, '<'));
	assert_null(strchr(out, '\n'));
	json_decref(doc);
}

static void
the_largest_message_to_slack_fits(void **state)
{
	static char name[1000], line[65000];
	const struct slack s = { .host = name };
	struct alert a[SLACK_BATCH];

	memset(name, '\x01', sizeof(name) - 1);
	memset(line, '&', sizeof(line) - 1);
	for (size_t i = 0; i < SLACK_BATCH; i++) {
		a[i] = alert(name, SEV_CRITICAL);
		a[i].text[ALERT_LINE] = str(line);
		for (int k = ALERT_COMM; k < ALERT_LINE; k++)
			a[i].text[k] = str(name);
	}
	json_decref(slack(&s, a, SLACK_BATCH));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_says_who_did_what_where),
		cmocka_unit_test(nothing_in_an_event_is_a_header_or_a_command),
		cmocka_unit_test(a_digest_counts_by_rule_before_it_shows),
		cmocka_unit_test(the_longest_digest_fits_and_counts_the_rest),
		cmocka_unit_test(long_headers_are_folded_at_blanks),
		cmocka_unit_test(quoted_printable_is_that_of_the_standard),
		cmocka_unit_test(a_message_to_slack_has_an_attachment_for_each_alert),
		cmocka_unit_test(nothing_in_an_event_is_a_mention_or_a_link),
		cmocka_unit_test(the_largest_message_to_slack_fits),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-messages", tests, NULL, NULL);
}
