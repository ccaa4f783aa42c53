/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that the real bpfd-action runs: what they get, and what they may not. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action-acts.h"
#include "common/auto.h"

static int
setup_exec(void **state)
{
	arig_open(&rig, CLASS_EXEC);
	return 0;
}

static void
program(const char *script, uint64_t timeout_ms, uint64_t parallel, uint64_t per_minute)
{
	struct action_def *a = &rig.table.a[rig.table.n++];
	AUTO(fd) int fd = openat(rig.dir_fd, "program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	assert_int_equal(fchmodat(rig.dir_fd, "program", 0755, 0), 0);
	assert_int_equal(chmod(rig.dir, 0755), 0);
	assert_true(write(fd, script, strlen(script)) > 0);
	*a = (struct action_def){ .type = ACTION_EXEC, .uid = 65534, .gid = 65534,
		.timeout_ms = timeout_ms, .parallel = parallel, .per_minute = per_minute };
	strcpy(a->name, "notify");
	snprintf(a->path, sizeof(a->path), "%s/program", rig.dir);
	memcpy(a->args, "notify\0one two", 15);
	a->args_len = 15;
	action_defaults(a);
	assert_int_equal(mkdirat(rig.dir_fd, "out", 0777), 0);
	assert_int_equal(fchmodat(rig.dir_fd, "out", 0777, 0), 0);
}

static void
read_out(const char *name, char *buf, size_t size)
{
	AUTO(fd) int fd = openat(rig.dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
}

static void
runs_a_program_with_the_event_and_nothing_else(void **state)
{
	char script[512], buf[8192];

	snprintf(script, sizeof(script), "#!/bin/sh\n{ cat; echo \"arg=$1\"; env; id; "
		"grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; ls /proc/$$/fd; } >%s/out/got\n",
		rig.dir);
	program(script, 0, 0, 0);
	setenv("SECRET", "of the supervisor", 1);
	arig_start(&rig);
	put("/the/path", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.action_name, "notify");
	read_out("out/got", buf, sizeof(buf));
	assert_int_equal(buf[0], '{');
	assert_non_null(strstr(buf, "\"path\":\"/the/path\""));
	assert_non_null(strstr(buf, "\narg=one two\n"));
	assert_non_null(strstr(buf, "BPFD_RULE=r1\n"));
	assert_non_null(strstr(buf, "BPFD_PID=42\n"));
	assert_non_null(strstr(buf, "uid=65534"));
	assert_null(strstr(buf, "groups=0"));
	assert_non_null(strstr(buf, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(buf, "NoNewPrivs:\t1"));
	assert_null(strstr(buf, "SECRET"));
}

static void
ends_a_program_that_takes_too_long_with_its_children(void **state)
{
	char script[512], buf[64];

	snprintf(script, sizeof(script), "#!/bin/sh\nsleep 60 & echo $! >%s/out/pid; sleep 60\n", rig.dir);
	program(script, 300, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_string_equal(res.text, "it ran too long");
	assert_true(WIFSIGNALED(res.err) && WTERMSIG(res.err) == SIGKILL);
	read_out("out/pid", buf, sizeof(buf));
	assert_true(atoi(buf) > 1);
	assert_true(dies(atoi(buf)));
}

static void
runs_no_more_than_it_may(void **state)
{
	unsigned int done = 0, over = 0;

	program("#!/bin/sh\nexec sleep 0.3\n", 5000, 2, 3);
	while (arig_now_ns() / 1000000000 % 60 > 55)
		usleep(100000);
	arig_start(&rig);
	for (int i = 0; i < 5; i++)
		put("/x", 42, 1000, "notify", 0);
	usleep(500000);
	for (int i = 0; i < 5; i++)
		put("/x", 42, 1000, "notify", 0);
	while (arig_result(&rig, &res, 1000)) {
		done += res.outcome == OUTCOME_DONE;
		over += res.outcome == OUTCOME_OVER_BUDGET;
	}
	assert_int_equal(done, 3);
	assert_int_equal(over, 1);		/* told once, counted each time */
}

static void
starts_nothing_for_events_of_its_own_programs(void **state)
{
	char buf[64];
	char script[256];

	snprintf(script, sizeof(script), "#!/bin/sh\necho $$ >%s/out/pid\n", rig.dir);
	program(script, 0, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_DONE);
	read_out("out/pid", buf, sizeof(buf));
	put("/x", atoi(buf), 1000, "notify", 0);
	arig_event(&rig, "/x", 4711, 1000, "notify", 0);
	made_ev(&rig.made)->ppid = (uint32_t)atoi(buf);
	arig_put(&rig);
	arig_event(&rig, "/x", 4711, 1000, "notify", 0);
	made_ev(&rig.made)->ppid = (uint32_t)rig.pid;
	arig_put(&rig);
	arig_commit(&rig);
	assert_false(arig_result(&rig, &res, 400));
}

static unsigned int
lines_of(const char *line)
{
	unsigned int n = 0;
	char buf[4096];

	read_out("out/lines", buf, sizeof(buf));
	for (const char *at = buf; (at = strstr(at, line)); at++)
		n++;
	return n;
}

static void
programs_outlive_a_killed_worker_and_run_once(void **state)
{
	unsigned int adopted = 0;
	char script[512];

	snprintf(script, sizeof(script), "#!/bin/sh\ncase $BPFD_PID in 7*) while [ ! -e %s/out/go ]; do sleep 0.02; done;; esac\n"
		"echo \"[$BPFD_PID]\" >>%s/out/lines\n", rig.dir, rig.dir);
	program(script, 20000, 2, 100);
	arig_start(&rig);
	put("/x", 71, 1000, "notify", 0);
	for (int i = 0; i < 3; i++) {
		put("/x", 50 + i, 1000, "notify", 0);
		assert_int_equal(outcome(), OUTCOME_DONE);
		usleep(20000);		/* between its end and the note of it, it would be told twice */
		arig_kill(&rig);
		arig_start(&rig);
	}
	put("/x", 72, 1000, "notify", 0);
	put("/x", 60, 1000, "notify", 0);	/* the third at a time: what was adopted counts */
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_int_equal(mkdirat(rig.dir_fd, "out/go", 0755), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outcome(), OUTCOME_DONE);
		adopted += strcmp(res.text, "it has ended; a worker that was killed had started it") == 0;
	}
	assert_int_equal(adopted, 1);
	assert_false(arig_result(&rig, &res, 100));
	assert_int_equal(lines_of("[71]"), 1);
	assert_int_equal(lines_of("[72]"), 1);
	for (int i = 0; i < 3; i++) {
		char line[16];

		snprintf(line, sizeof(line), "[%d]", 50 + i);
		assert_int_equal(lines_of(line), 1);
	}
}

static void
the_next_worker_tells_what_ended_meanwhile(void **state)
{
	char buf[64] = "";
	char script[512];

	snprintf(script, sizeof(script), "#!/bin/sh\necho $$ >%s/out/pid\nsleep 0.3\n", rig.dir);
	program(script, 5000, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	for (int i = 0; i < 400 && !buf[0]; i++) {
		read_out("out/pid", buf, sizeof(buf));
		usleep(5000);
	}
	arig_kill(&rig);
	assert_true(dies(atoi(buf)));
	arig_start(&rig);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_non_null(strstr(res.text, "a worker that was killed"));
	assert_false(arig_result(&rig, &res, 100));
}

static void
the_next_worker_ends_what_takes_too_long(void **state)
{
	char script[512], buf[64];

	snprintf(script, sizeof(script), "#!/bin/sh\nsleep 60 & echo $! >%s/out/pid; sleep 60\n", rig.dir);
	program(script, 1000, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	for (int i = 0; i < 400; i++) {
		read_out("out/pid", buf, sizeof(buf));
		if (buf[0])
			break;
		usleep(5000);
	}
	assert_true(atoi(buf) > 1);
	arig_kill(&rig);
	assert_true(alive(atoi(buf)));
	arig_start(&rig);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_string_equal(res.text, "it ran too long");
	assert_true(dies(atoi(buf)));
}

static void
refuses_a_program_that_others_may_write(void **state)
{
	program("#!/bin/sh\nexit 0\n", 0, 0, 0);
	assert_int_equal(fchmodat(rig.dir_fd, "program", 0757, 0), 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_int_equal(res.err, -EPERM);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define EXEC(name) cmocka_unit_test_setup_teardown(name, setup_exec, teardown)
		EXEC(runs_a_program_with_the_event_and_nothing_else),
		EXEC(ends_a_program_that_takes_too_long_with_its_children),
		EXEC(runs_no_more_than_it_may),
		EXEC(starts_nothing_for_events_of_its_own_programs),
		EXEC(programs_outlive_a_killed_worker_and_run_once),
		EXEC(the_next_worker_tells_what_ended_meanwhile),
		EXEC(the_next_worker_ends_what_takes_too_long),
		EXEC(refuses_a_program_that_others_may_write),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);	/* shells let what runs behind them ignore it */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action-exec", tests, NULL, NULL);
}
