/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

static void
quotes_foreign_text_on_one_line(void **state)
{
	char out[64], tiny[12];

	assert_string_equal(log_quote(out, sizeof(out), "eth0"), "\"eth0\"");
	assert_string_equal(log_quote(out, sizeof(out), "a\n\x1b\"\\"), "\"a\\x0a\\x1b\\x22\\x5c\"");
	assert_string_equal(log_quote(out, sizeof(out), "\xc3\xbc"), "\"\\xc3\\xbc\"");
	assert_string_equal(log_quote(out, sizeof(out), NULL), "\"\"");
	assert_true(strlen(log_quote(tiny, sizeof(tiny), "aaaaaaaaaaaaaaaaaaaaaaaaaa")) < sizeof(tiny));
	assert_non_null(strstr(tiny, "..."));
}

static void
writes_one_bounded_line_with_its_level(void **state)
{
	char big[5000], line[4096];
	int pipefd[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(pipe(pipefd), 0);
	dup2(pipefd[1], STDERR_FILENO);
	assert_int_equal(log_err(-ENOENT, "test.event", "k=%s", big), -ENOENT);
	log_debug("test.hidden", "k=v");
	dup2(saved, STDERR_FILENO);
	n = read(pipefd[0], line, sizeof(line) - 1);
	assert_true(n > 0 && n <= 2048);
	line[n] = '\0';
	assert_ptr_equal(strstr(line, "<3>test.event: k=xxx"), line);
	assert_string_equal(line + n - 12, " err=ENOENT\n");
	assert_null(strstr(line, "hidden"));
	close(pipefd[0]);
	close(pipefd[1]);
	close(saved);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_foreign_text_on_one_line),
		cmocka_unit_test(writes_one_bounded_line_with_its_level),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
