/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bpfd/notify.h"

/* A service manager's socket, under an abstract name that ends with our pid. */
static int
manager(char name[64])
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), n;

	n = snprintf(name, 64, "@bpfd-test-notify-%d", (int)getpid());
	memcpy(sun.sun_path + 1, name + 1, (size_t)n - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)), 0);
	return fd;
}

static void
assert_heard(int fd, const char *text)
{
	char buf[256] = "";
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	if (text)
		assert_string_equal(buf, text);
	else
		assert_int_equal(n, -1);
}

static void
is_silent_when_nobody_asked(void **state)
{
	struct notify n;

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "1000000", 1);
	notify_init(&n, 0);
	assert_int_equal(n.fd, -1);
	assert_true(n.next_ms == INT64_MAX);
	notify_say(&n, "READY=1");
	notify_tick(&n, INT64_MAX - 1);
}

static void
tells_the_manager_and_leaves_nothing_in_the_environment(void **state)
{
	char name[64];
	int fd = manager(name);
	struct notify n;

	setenv("NOTIFY_SOCKET", name, 1);
	notify_init(&n, 0);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_true(n.next_ms == INT64_MAX);
	notify_say(&n, "READY=1\nSTATUS=Serving");
	assert_heard(fd, "READY=1\nSTATUS=Serving");
	notify_tick(&n, 1000000);
	assert_heard(fd, NULL);
	close(n.fd);
	close(fd);
}

static void
feeds_the_watchdog_at_half_its_time(void **state)
{
	char name[64];
	int fd = manager(name);
	struct notify n;

	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	notify_init(&n, 100);
	assert_true(n.next_ms == 1600);
	notify_tick(&n, 1599);
	assert_heard(fd, NULL);
	notify_tick(&n, 1600);
	assert_heard(fd, "WATCHDOG=1");
	assert_true(n.next_ms == 3100);
	close(n.fd);
	close(fd);
}

static void
ignores_a_watchdog_that_is_for_another_process(void **state)
{
	char name[64];
	int fd = manager(name);
	struct notify n;

	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_init(&n, 0);
	assert_true(n.next_ms == INT64_MAX);
	assert_null(getenv("WATCHDOG_PID"));
	close(n.fd);
	close(fd);
}

static void
goes_on_without_a_manager_that_cannot_be_reached(void **state)
{
	static const char *const names[] = { "relative", "", "@", "/nonexistent/notify" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct notify n;

		setenv("NOTIFY_SOCKET", names[i], 1);
		notify_init(&n, 0);
		assert_true(n.fd < 0);
		notify_say(&n, "READY=1");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_silent_when_nobody_asked),
		cmocka_unit_test(tells_the_manager_and_leaves_nothing_in_the_environment),
		cmocka_unit_test(feeds_the_watchdog_at_half_its_time),
		cmocka_unit_test(ignores_a_watchdog_that_is_for_another_process),
		cmocka_unit_test(goes_on_without_a_manager_that_cannot_be_reached),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
