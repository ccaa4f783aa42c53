/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by the real bpfd-action, and everything they must not touch. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "action-acts.h"
#include "common/auto.h"

static int
setup_signal(void **state)
{
	arig_open(&rig, CLASS_SIGNAL);
	arig_give(&rig, ACTION_FD_PROC, 0, rig.proc_fd);
	rig.flags = ACTION_ALLOW_ENFORCE;
	strcpy(rig.cfg.actions_protect.glob[0], "systemd*");
	strcpy(rig.cfg.actions_protect.glob[1], "sshd");
	rig.cfg.actions_protect.n = 2;
	return 0;
}

/* A process of another user that waits to be killed. */
static pid_t
victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid_t me = getpid();

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Not a brother of the worker: bpfd's own children are not touched. */
		if (fork() == 0) {
			/* A change of user forgets the signal. */
			if (setuid(65534) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == me)
				pause();
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	return pid;
}

static pid_t
child_of(pid_t parent)
{
	char path[64], buf[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (int i = 0; i < 200; i++) {
		AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

		if (n > 0) {
			buf[n] = '\0';
			return atoi(buf);
		}
		usleep(5000);
	}
	fail_msg("no child of %d", parent);
	return -1;
}

static void
kills_the_process_of_an_enforced_match(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.rule, "r1");
	assert_string_equal(res.action_name, "kill");
	assert_int_equal(res.target_pid, pid);
	assert_int_equal(res.target_ppid, 7);
	assert_int_equal(res.target_uid, 1000);
	assert_int_equal(res.target_gid, 1001);
	assert_string_equal(res.target_comm, "thing");
	assert_true(dies(pid));
	waitpid(parent, NULL, 0);
}

static void
only_observes_without_both_permissions(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", 0);
	assert_int_equal(outcome(), OUTCOME_OBSERVED);
	arig_kill(&rig);
	rig.flags = 0;
	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_OBSERVED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

/* What a process made too long must not decide whether another is killed. */
static void
only_observes_where_a_cut_text_left_the_match_open(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE | MATCH_UNKNOWN);
	assert_int_equal(outcome(), OUTCOME_OBSERVED);
	assert_non_null(strstr(res.text, "act_on_unknown"));
	assert_true(alive(pid));
	arig_kill(&rig);
	rig.cfg.actions_act_on_unknown = 1;
	arig_start(&rig);
	put("/y", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE | MATCH_UNKNOWN);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_true(dies(pid));
	waitpid(parent, NULL, 0);
}

static void
spares_another_process_that_has_the_number_now(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);
	uint64_t start = arig_start_ns(pid);

	arig_start(&rig);
	put("/x", pid, start - 20000000, "kill", MATCH_ENFORCE);	/* began 20 ms earlier */
	assert_int_equal(outcome(), OUTCOME_GONE);
	put("/y", pid, start + 20000000, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_GONE);
	put("/z", pid, 0, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

/* For real: the process ends, and its number is given to another before the worker looks. */
static void
spares_a_process_that_got_the_number_of_one_that_ended(void **state)
{
	pid_t pid = fork(), again;
	char text[16];
	uint64_t start;
	AUTO(fd) int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (pid == 0) {
		pause();
		_exit(0);
	}
	start = arig_start_ns(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	usleep(30000);
	snprintf(text, sizeof(text), "%d", pid - 1);
	if (last < 0 || write(last, text, strlen(text)) < 0) {
		print_message("cannot choose the next pid: ns_last_pid is not writable\n");
		skip();
	}
	again = fork();
	if (again == 0) {
		pause();
		_exit(0);
	}
	if (again != pid) {
		kill(again, SIGKILL);
		waitpid(again, NULL, 0);
		print_message("somebody else took the pid\n");
		skip();
	}
	arig_start(&rig);
	put("/x", pid, start, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_GONE);
	assert_int_equal(waitpid(again, NULL, WNOHANG), 0);
	kill(again, SIGKILL);
	waitpid(again, NULL, 0);
}

static void
never_touches_what_is_protected(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", 1, arig_start_ns(1), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", getpid(), arig_start_ns(getpid()), "kill", MATCH_ENFORCE);	/* its parent */
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", rig.pid, arig_start_ns(rig.pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", parent, arig_start_ns(parent), "kill", MATCH_ENFORCE);	/* a brother */
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", 2, 1, "kill", MATCH_ENFORCE);
	assert_int_not_equal(outcome(), OUTCOME_DONE);

	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	memcpy(rig.made.bytes + rig.made.off_ctx + made_rec_ctx(&rig.made)->exe.off, "/usr/sbin/sshd", 14);
	arig_put(&rig);
	arig_commit(&rig);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	assert_string_equal(res.text, "its executable is in actions.protect");
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

static void
leaves_old_events_and_those_of_interrupts(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	made_ev(&rig.made)->ts -= 6000000000;
	arig_put(&rig);
	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	made_ev(&rig.made)->flags |= EV_NO_OWNER;
	arig_put(&rig);
	arig_commit(&rig);
	assert_int_equal(outcome(), OUTCOME_TOO_OLD);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

static void
acts_once_for_a_target_and_so_often_in_a_minute(void **state)
{
	pid_t parents[4], pids[4];
	uint64_t start;

	rig.cfg.actions_kills_per_minute = 2;
	/* Not over the turn of a minute of the boot clock. */
	while (arig_now_ns() / 1000000000 % 60 > 55)
		usleep(100000);
	arig_start(&rig);
	for (int i = 0; i < 4; i++) {
		parents[i] = victim();
		pids[i] = child_of(parents[i]);
		start = arig_start_ns(pids[i]);
		for (int k = 0; k < 3; k++)
			put("/x", pids[i], start, "interrupt", MATCH_ENFORCE);
	}
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_false(arig_result(&rig, &res, 200));
	assert_true(dies(pids[0]) && dies(pids[1]));
	assert_true(alive(pids[2]) && alive(pids[3]));
	for (int i = 0; i < 4; i++) {
		kill(parents[i], SIGKILL);
		waitpid(parents[i], NULL, 0);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define SIG(name) cmocka_unit_test_setup_teardown(name, setup_signal, teardown)
		SIG(kills_the_process_of_an_enforced_match),
		SIG(only_observes_without_both_permissions),
		SIG(only_observes_where_a_cut_text_left_the_match_open),
		SIG(spares_another_process_that_has_the_number_now),
		SIG(spares_a_process_that_got_the_number_of_one_that_ended),
		SIG(never_touches_what_is_protected),
		SIG(leaves_old_events_and_those_of_interrupts),
		SIG(acts_once_for_a_target_and_so_often_in_a_minute),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);	/* shells let what runs behind them ignore it */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action-signals", tests, NULL, NULL);
}
