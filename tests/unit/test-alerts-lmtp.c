/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "alerts/lmtp.h"

static const char three[] = "a@x\0b@x\0c@x";
static const struct lmtp_mail mail = { .helo = "web1", .from = "bpfd@x", .to = three, .to_len = sizeof(three),
	.message = "Subject: x\r\n\r\nbody\r\n", .len = 20 };

/* What the client says now, a few bytes at a time. */
static const char *
said(struct lmtp *l)
{
	static char all[4096];
	const char *bytes;
	size_t len, n = 0;

	while ((len = lmtp_output(l, &bytes)) > 0) {
		len = len < 7 ? len : 7;
		assert_true(n + len < sizeof(all));
		memcpy(all + n, bytes, len);
		n += len;
		lmtp_sent(l, len);
	}
	all[n] = '\0';
	return all;
}

static void
answer(struct lmtp *l, const char *text)
{
	lmtp_input(l, text, strlen(text));
}

static void
ask(struct lmtp *l, const char *expected, const char *answered)
{
	assert_string_equal(said(l), expected);
	answer(l, answered);
}

static void
up_to_data(struct lmtp *l)
{
	lmtp_begin(l, &mail);
	ask(l, "", "220 mx LMTP\r\n");
	ask(l, "LHLO web1\r\n", "250-mx\r\n250-PIPELINING\r\n250 SIZE\r\n");
	ask(l, "MAIL FROM:<bpfd@x>\r\n", "250 2.1.0 ok\r\n");
	ask(l, "RCPT TO:<a@x>\r\n", "250 ok\r\n");
	ask(l, "RCPT TO:<b@x>\r\n", "250 ok\r\n");
	ask(l, "RCPT TO:<c@x>\r\n", "250 ok\r\n");
	ask(l, "DATA\r\n", "354 go on\r\n");
}

static void
a_message_goes_to_all_and_each_is_answered_for(void **state)
{
	struct lmtp l;

	up_to_data(&l);
	ask(&l, "Subject: x\r\n\r\nbody\r\n.\r\n", "250 a\r\n250 b\r\n");
	assert_int_equal(l.state, LMTP_MESSAGE);
	answer(&l, "250 c\r\n");
	ask(&l, "QUIT\r\n", "221 bye\r\n");
	assert_true(lmtp_over(&l));
	assert_int_equal(l.result, QUEUE_DELIVERED);
	assert_int_equal(l.delivered, 7);
	assert_string_equal(l.text, "");
}

static void
who_has_it_is_left_out_the_next_time(void **state)
{
	struct lmtp_mail again = mail;
	struct lmtp l;

	up_to_data(&l);
	said(&l);
	answer(&l, "250 a\r\n450 4.2.0 mailbox busy\r\n550 never\r\n");
	ask(&l, "QUIT\r\n", "221 bye\r\n");
	assert_int_equal(l.result, QUEUE_LATER);
	assert_int_equal(l.delivered, 1);
	assert_int_equal(l.refused, 4);
	assert_int_equal(l.code, 450);
	assert_string_equal(l.text, "450 4.2.0 mailbox busy");
	again.skip = l.delivered | l.refused;
	lmtp_begin(&l, &again);
	answer(&l, "220 mx\r\n");
	ask(&l, "LHLO web1\r\n", "250 mx\r\n");
	ask(&l, "MAIL FROM:<bpfd@x>\r\n", "250 ok\r\n");
	ask(&l, "RCPT TO:<b@x>\r\n", "250 ok\r\n");
	ask(&l, "DATA\r\n", "354 go on\r\n");
	said(&l);
	answer(&l, "250 b\r\n");
	assert_int_equal(l.delivered, 2);
	assert_false(lmtp_over(&l));
	said(&l);
	assert_true(lmtp_over(&l));	/* nobody waits for the answer to QUIT */
	assert_int_equal(l.result, QUEUE_DELIVERED);
}

static void
what_the_server_says_is_a_later_or_a_never(void **state)
{
	static const struct { const char *answers[8]; enum queue_result result; unsigned int code; } rows[] = {
		{ { "421 busy\r\n" }, QUEUE_LATER, 421 },
		{ { "554 no\r\n" }, QUEUE_LATER, 554 },
		{ { "220 a\r\n", "500 SMTP only\r\n" }, QUEUE_LATER, 500 },
		{ { "220 a\r\n", "250 a\r\n", "553 not from you\r\n" }, QUEUE_LATER, 553 },
		{ { "220 a\r\n", "250 a\r\n", "250 a\r\n", "550 a\r\n", "550 b\r\n", "550 c\r\n" }, QUEUE_LATER, 550 },
		{ { "220 a\r\n", "250 a\r\n", "250 a\r\n", "550 a\r\n", "250 b\r\n", "550 c\r\n", "354\r\n",
			"250 ok\r\n" }, QUEUE_DELIVERED, 550 },
		{ { "220 a\r\n", "250 a\r\n", "250 a\r\n", "250 a\r\n", "250 b\r\n", "250 c\r\n", "354\r\n",
			"552 too large\r\n552 b\r\n552 c\r\n" }, QUEUE_REFUSED, 552 },
		{ { "220 a\r\n", "250 a\r\n", "250 a\r\n", "250 a\r\n", "250 b\r\n", "250 c\r\n", "452 full\r\n" },
			QUEUE_LATER, 452 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct lmtp l;

		lmtp_begin(&l, &mail);
		for (size_t k = 0; k < 8 && rows[i].answers[k]; k++) {
			said(&l);
			answer(&l, rows[i].answers[k]);
		}
		assert_string_equal(said(&l), "QUIT\r\n");
		assert_true(lmtp_over(&l));
		assert_int_equal(l.result, rows[i].result);
		assert_int_equal(l.code, rows[i].code);
	}
}

static void
what_is_not_lmtp_ends_it(void **state)
{
	static const char *const bad[] = { "HTTP/1.1 400 Bad Request\r\n", "\r\n", "2 20\r\n", "2200\r\n", "199 x\r\n",
		"SSH-2.0-OpenSSH\r\n", "220 a\r\n250 before it was asked\r\n" };
	struct lmtp l;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		lmtp_begin(&l, &mail);
		answer(&l, bad[i]);
		assert_true(lmtp_over(&l));
		assert_int_equal(l.result, QUEUE_UNREACHED);
		assert_true(l.text[0]);
	}
}

static void
endless_answers_end_it(void **state)
{
	static char line[3000];
	struct lmtp l;

	memset(line, 'x', sizeof(line) - 1);
	memcpy(line, "220 ", 4);
	lmtp_begin(&l, &mail);
	answer(&l, line);
	answer(&l, line);
	answer(&l, "\r\n");
	assert_int_equal(l.state, LMTP_LHLO);
	said(&l);
	for (int i = 0; i <= LMTP_REPLY_MAX && !lmtp_over(&l); i++)
		answer(&l, "250-more\r\n");
	assert_true(lmtp_over(&l));
}

static void
a_connection_that_is_lost_is_no_answer(void **state)
{
	struct lmtp l;

	up_to_data(&l);
	said(&l);
	answer(&l, "250 a\r\n");
	lmtp_lost(&l, "the server closed the connection");
	assert_int_equal(l.result, QUEUE_UNREACHED);
	assert_int_equal(l.delivered, 1);
	assert_string_equal(l.text, "the server closed the connection");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_goes_to_all_and_each_is_answered_for),
		cmocka_unit_test(who_has_it_is_left_out_the_next_time),
		cmocka_unit_test(what_the_server_says_is_a_later_or_a_never),
		cmocka_unit_test(what_is_not_lmtp_ends_it),
		cmocka_unit_test(endless_answers_end_it),
		cmocka_unit_test(a_connection_that_is_lost_is_no_answer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("alerts-lmtp", tests, NULL, NULL);
}
