/* SPDX-License-Identifier: Apache-2.0 */
/* Outputs of the real bpfd-action: what comes out, and that a kill loses and repeats nothing. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "action-rig.h"
#include "common/auto.h"

static struct arig rig;

static int
setup_output(void **state)
{
	arig_open(&rig, CLASS_OUTPUT);
	arig_give(&rig, ACTION_FD_LOG_DIR, 0, rig.dir_fd);
	return 0;
}

static int
setup_syslog(void **state)
{
	arig_open(&rig, CLASS_SYSLOG);
	return 0;
}

static int
teardown(void **state)
{
	arig_close(&rig);
	return 0;
}

/* The file's text, or "" when there is none; the caller frees. */
static char *
text_of(const char *name, size_t *len)
{
	AUTO(fd) int fd = openat(rig.dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	char *buf;

	if (fd >= 0)
		assert_int_equal(fstat(fd, &st), 0);
	buf = malloc((size_t)st.st_size + 1);
	*len = 0;
	while (fd >= 0 && *len < (size_t)st.st_size) {
		ssize_t n = read(fd, buf + *len, (size_t)st.st_size - *len);

		assert_true(n > 0);
		*len += (size_t)n;
	}
	buf[*len] = '\0';
	return buf;
}

/* Waits until the file has n lines. */
static bool
has_lines(const char *name, size_t n, int ms)
{
	for (; ms > 0; ms -= 10) {
		size_t len, lines = 0;
		AUTO(mem) char *buf = text_of(name, &len);

		for (const char *p = buf; (p = memchr(p, '\n', len - (size_t)(p - buf))); p++)
			lines++;
		if (lines >= n)
			return true;
		usleep(10000);
	}
	return false;
}

static void
put_numbered(unsigned int n, const char *action)
{
	char path[64];

	snprintf(path, sizeof(path), "/number/%u/", n);
	arig_event(&rig, path, 42, 1000, action, 0);
	arig_put(&rig);
}

static void
writes_a_line_of_json_for_each_event(void **state)
{
	struct stat st;
	size_t len;

	arig_start(&rig);
	arig_event(&rig, "/etc/\n\"shadow\"", 42, 1000, "log", 0);
	arig_put(&rig);
	arig_event(&rig, "/not/for/us", 42, 1000, "kill", 0);
	arig_put(&rig);
	arig_commit(&rig);
	assert_true(has_lines("events.json", 1, 3000));
	AUTO(mem) char *buf = text_of("events.json", &len);
	assert_int_equal(buf[0], '{');
	assert_non_null(strstr(buf, "\"path\":\"/etc/\\n\\\"shadow\\\"\""));
	assert_null(strstr(buf, "/not/for/us"));
	assert_int_equal(fstatat(rig.dir_fd, "events.json", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_not_equal(st.st_uid, 0);
	assert_int_equal(arig_stop(&rig), 0);
}

static void
writes_what_is_in_the_ring_before_it_stops(void **state)
{
	arig_start(&rig);
	for (unsigned int i = 0; i < 500; i++)
		put_numbered(i, "log");
	arig_commit(&rig);
	assert_int_equal(arig_stop(&rig), 0);
	assert_true(has_lines("events.json", 500, 10));
}

static void
rotates_by_size_and_keeps_so_many(void **state)
{
	size_t len, total = 0;
	struct stat st;

	rig.cfg.actions_log_bytes = 8192;
	rig.cfg.actions_log_keep = 2;
	arig_start(&rig);
	for (unsigned int i = 0; i < 100; i++) {
		put_numbered(i, "log");
		arig_commit(&rig);
		usleep(2000);
	}
	assert_int_equal(arig_stop(&rig), 0);
	for (unsigned int i = 0; i < 3; i++) {
		AUTO(mem) char *buf = text_of((const char *[]){ "events.json", "events.json.1",
			"events.json.2" }[i], &len);

		assert_true(len > 0 && len <= 8192);
		assert_int_equal(buf[len - 1], '\n');
		total += len;
	}
	assert_true(total > 12000);
	assert_int_equal(fstatat(rig.dir_fd, "events.json.3", &st, 0), -1);
}

/* However many events come at once. */
static void
exceeds_the_size_of_a_log_by_a_line_at_most(void **state)
{
	size_t len;

	rig.cfg.actions_log_bytes = 8192;
	rig.cfg.actions_log_keep = 2;
	arig_start(&rig);
	for (unsigned int i = 0; i < 100; i++)
		put_numbered(i, "log");
	arig_commit(&rig);
	assert_int_equal(arig_stop(&rig), 0);
	for (unsigned int i = 0; i < 3; i++) {
		AUTO(mem) char *buf = text_of((const char *[]){ "events.json", "events.json.1",
			"events.json.2" }[i], &len);
		const char *last = len ? memrchr(buf, '\n', len - 1) : NULL;

		assert_true(len > 0 && (len <= 8192 || (size_t)(last - buf) < 8192));
	}
}

/* Every number in its order, once; lines whole. */
static void
assert_numbered(const char *name, unsigned int n)
{
	unsigned int next = 0;
	size_t len;
	AUTO(mem) char *buf = text_of(name, &len);

	for (char *line = buf, *end; line < buf + len; line = end + 1, next++) {
		char want[64];

		end = strchr(line, '\n');
		assert_non_null(end);
		*end = '\0';
		snprintf(want, sizeof(want), "\"path\":\"/number/%u/\"", next);
		if (!strstr(line, want) || line[0] != '{' || end[-1] != '}')
			fail_msg("at line %u: %s", next, line);
	}
	assert_int_equal(next, n);
}

#define KILLS 100

/* Events go on while the worker is killed at any moment. */
static unsigned int
under_kills(const char *action)
{
	unsigned int n = 0;

	for (unsigned int kills = 0; kills < KILLS; kills++) {
		struct timespec pause = { 0, 1000 + rand() % 3000000 };
		unsigned int burst = 200 + (unsigned int)rand() % 600;

		arig_start(&rig);
		while (ring_backlog(rig.ring) > 1 << 20)
			usleep(1000);		/* lapped is another story */
		for (unsigned int i = 0; i < burst; i++) {
			put_numbered(n++, action);
			if (i % 16 == 0)
				arig_commit(&rig);
		}
		arig_commit(&rig);
		nanosleep(&pause, NULL);
		arig_kill(&rig);
	}
	arig_start(&rig);
	assert_int_equal(arig_stop(&rig), 0);
	return n;
}

static void
loses_and_repeats_no_line_of_a_log_when_killed(void **state)
{
	unsigned int n = under_kills("log");

	assert_numbered("events.json", n);
}

static void
loses_and_repeats_no_line_of_a_file_on_stdout_when_killed(void **state)
{
	AUTO(fd) int out = openat(rig.dir_fd, "out", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	unsigned int n;

	rig.table.a[action_by_name(&rig.table, "stdout")].format = ACTION_FORMAT_JSON;
	arig_give(&rig, ACTION_FD_STDOUT, 0, out);
	n = under_kills("stdout");
	assert_numbered("out", n);
}

static void
repeats_at_most_a_line_of_a_pipe_when_killed(void **state)
{
	unsigned int n, next = 0, repeats = 0;
	AUTO(fd) int copy = openat(rig.dir_fd, "copy", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int p[2];
	pid_t cat;
	size_t len;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	cat = fork();
	if (cat == 0) {
		dup2(p[0], 0);
		dup2(copy, 1);
		closefrom(3);
		execlp("cat", "cat", (char *)NULL);
		_exit(127);
	}
	close(p[0]);
	rig.table.a[action_by_name(&rig.table, "stdout")].format = ACTION_FORMAT_JSON;
	arig_give(&rig, ACTION_FD_STDOUT, 0, p[1]);
	n = under_kills("stdout");
	close(p[1]);
	waitpid(cat, NULL, 0);

	AUTO(mem) char *buf = text_of("copy", &len);
	for (char *line = buf, *end; (end = strchr(line, '\n')); line = end + 1) {
		const char *at;
		unsigned int got;

		*end = '\0';
		at = strstr(line, "/number/");
		assert_true(line[0] == '{' && end[-1] == '}' && at);
		got = (unsigned int)atoi(at + 8);
		if (got == next)
			next++;
		else if (got + 1 == next)
			repeats++;
		else
			fail_msg("%u after %u", got, next);
	}
	assert_int_equal(next, n);
	assert_in_range(repeats, 0, KILLS);
}

static void
goes_on_with_stdout_when_the_log_cannot_be_written(void **state)
{
	AUTO(fd) int out = openat(rig.dir_fd, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct msg_action_result r;

	assert_int_equal(mkdirat(rig.dir_fd, "events.json", 0700), 0);
	arig_give(&rig, ACTION_FD_STDOUT, 0, out);
	arig_start(&rig);
	for (unsigned int i = 0; i < 100; i++) {
		put_numbered(i, "log");
		put_numbered(i, "stdout");
	}
	arig_commit(&rig);
	assert_true(has_lines("out", 100, 3000));
	assert_true(arig_result(&rig, &r, 3000));
	assert_int_equal(r.outcome, OUTCOME_FAILED);
	assert_string_equal(r.action_name, "log");
	assert_false(arig_result(&rig, &r, 100));
	/* The lines have waited. */
	assert_int_equal(unlinkat(rig.dir_fd, "events.json", AT_REMOVEDIR), 0);
	assert_true(has_lines("events.json", 100, 5000));
}

static void
sends_messages_to_syslog_and_the_journal(void **state)
{
	char buf[65536];
	int log[2], journal[2];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, log), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, journal), 0);
	arig_give(&rig, ACTION_FD_SYSLOG, 0, log[1]);
	arig_give(&rig, ACTION_FD_JOURNAL, 0, journal[1]);
	arig_start(&rig);
	arig_event(&rig, "/a\nb", 42, 1000, "syslog", 0);
	arig_put(&rig);
	arig_event(&rig, "/c\nPRIORITY=0", 42, 1000, "journald", 0);
	arig_put(&rig);
	arig_commit(&rig);
	n = recv(log[0], buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_memory_equal(buf, "<27>bpfd: {", 11);	/* daemon, severity high is err */
	assert_null(strchr(buf, '\n'));
	n = recv(journal[0], buf, sizeof(buf) - 1, 0);
	assert_true(n > 0);
	buf[n] = '\0';
	assert_memory_equal(buf, "MESSAGE={", 9);
	assert_non_null(strstr(buf, "\nPRIORITY=3\n"));
	assert_null(strstr(buf, "\nPRIORITY=0"));
	assert_non_null(strstr(buf, "\nBPFD_RULE=r1\n"));
	assert_non_null(strstr(buf, "\nBPFD_PID=42\n"));
	assert_int_equal(arig_stop(&rig), 0);
	for (int i = 0; i < 2; i++) {
		close(log[i]);
		close(journal[i]);
	}
}

static void
says_once_that_nobody_takes_messages(void **state)
{
	struct msg_action_result r;

	arig_start(&rig);
	for (unsigned int i = 0; i < 50; i++)
		put_numbered(i, "syslog");
	arig_commit(&rig);
	assert_true(arig_result(&rig, &r, 3000));
	assert_int_equal(r.outcome, OUTCOME_FAILED);
	assert_string_equal(r.action_name, "syslog");
	assert_false(arig_result(&rig, &r, 200));
}

static double
cpu_ms(pid_t pid)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	assert_int_equal(clock_getcpuclockid(pid, &clock), 0);
	clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
does_not_run_while_nothing_happens(void **state)
{
	double before;

	arig_start(&rig);
	put_numbered(0, "log");
	arig_commit(&rig);
	assert_true(has_lines("events.json", 1, 3000));
	usleep(50000);
	before = cpu_ms(rig.pid);
	usleep(1000000);
	assert_true(cpu_ms(rig.pid) - before < 0.05);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define OUTPUT(name) cmocka_unit_test_setup_teardown(name, setup_output, teardown)
#define SYSLOG(name) cmocka_unit_test_setup_teardown(name, setup_syslog, teardown)
		OUTPUT(writes_a_line_of_json_for_each_event),
		OUTPUT(writes_what_is_in_the_ring_before_it_stops),
		OUTPUT(rotates_by_size_and_keeps_so_many),
		OUTPUT(exceeds_the_size_of_a_log_by_a_line_at_most),
		OUTPUT(loses_and_repeats_no_line_of_a_log_when_killed),
		OUTPUT(loses_and_repeats_no_line_of_a_file_on_stdout_when_killed),
		OUTPUT(repeats_at_most_a_line_of_a_pipe_when_killed),
		OUTPUT(goes_on_with_stdout_when_the_log_cannot_be_written),
		OUTPUT(does_not_run_while_nothing_happens),
		SYSLOG(sends_messages_to_syslog_and_the_journal),
		SYSLOG(says_once_that_nobody_takes_messages),
	};

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
