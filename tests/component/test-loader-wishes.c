/* SPDX-License-Identifier: Apache-2.0 */
/* As test-loader-tracers: filters, what this kernel or the configuration lacks, bash, a bad enricher. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "component/tracers-wanted.h"
#include "ipc/kfilter.h"

static uint64_t
n_lost(unsigned int tracer)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < n_rings / 2; i++)
		n += shared[i].count[tracer].lost;
	return n;
}

static void
filters_in_the_kernel(void **state)
{
	struct { struct kfilter k; struct kfilter_entry e[2]; } f = { 0 };
	pid_t pid, other;
	uint64_t lost;
	int hold[2];

	for (int round = 0; round < 3; round++) {
		assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0) {
			char c;

			close(hold[1]);
			if (read(hold[0], &c, 1) != 1)
				_exit(126);
			execl("/bin/true", "true", NULL);
			_exit(127);
		}
		no_filter(&f.k);
		f.k.filter.t[TR_EXEC].dims = DIM_PID;
		f.k.n_entries = 2;
		f.e[0] = (struct kfilter_entry){ .value = (uint64_t)pid, .tracers = BIT(EXEC), .dim = DIM_PID };
		f.e[1] = (struct kfilter_entry){ .value = 1, .tracers = BIT(OPEN), .dim = DIM_UID };
		assert_int_equal(want_filtered(BIT(EXEC), &f, sizeof(f)), 0);
		assert_int_equal(answer.res.code, IPC_OK);
		drain(0, 0);
		lost = n_lost(TR_EXEC);
		other = run_a_program();
		assert_int_equal(write(hold[1], "x", 1), 1);
		waitpid(pid, NULL, 0);
		close(hold[0]);
		close(hold[1]);
		usleep(1000);
		assert_int_equal(n_lost(TR_EXEC), lost);
		assert_int_equal(drain(TR_EXEC, 0), 1);
		assert_int_not_equal(other, pid);
	}
	want(BIT(EXEC));
	drain(0, 0);
	other = run_a_program();
	assert_int_equal(drain(TR_EXEC, other), 1);
}

static void
assert_bad(const void *filter, size_t len)
{
	assert_int_equal(want_filtered(BIT(EXEC), filter, len), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	assert_int_equal(answer.n_tracers, 0);
}

static void
refuses_a_malformed_filter(void **state)
{
	struct { struct kfilter k; struct kfilter_entry e[2]; } f = { 0 };
	AUTO(fd) int fd = open("/dev/null", O_RDONLY);
	struct msg_tracers_want m = { .tracers = BIT(EXEC), .len = sizeof(f.k) };

	no_filter(&f.k);
	assert_bad(&f, sizeof(f));				/* longer than it says */
	assert_bad(&f, sizeof(f.k) - 8);
	f.k.n_entries = 2;
	f.e[0] = f.e[1] = (struct kfilter_entry){ .value = 5, .tracers = BIT(EXEC), .dim = DIM_PID };
	assert_bad(&f, sizeof(f));				/* twice the same */
	f.e[1].value = 1ULL << 32;
	assert_bad(&f, sizeof(f));
	f.e[1].value = 6;
	f.e[1].dim = DIM_PID | DIM_UID;
	assert_bad(&f, sizeof(f));
	f.e[1].dim = DIM_UID;
	f.e[1].tracers = 0;
	assert_bad(&f, sizeof(f));
	f.e[1].tracers = 1ULL << 63;
	assert_bad(&f, sizeof(f));
	f.e[1].tracers = BIT(OPEN);
	f.k.filter.t[TR_EXEC].flags = 2;
	assert_bad(&f, sizeof(f));
	f.k.filter.t[TR_EXEC].flags = 0;
	f.k.filter.t[63].dims = 1;
	assert_bad(&f, sizeof(f));
	f.k.filter.t[63].dims = 0;
	f.k.magic = 0;
	assert_bad(&f, sizeof(f));
	assert_int_equal(rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	m.tracers = 1ULL << 60;
	assert_int_equal(rig_request(&rig, IPC_TRACERS_WANT, &m, &fd, &answer), 0);
	assert_int_equal(answer.res.code, IPC_INVALID_ARGUMENT);
	want(BIT(EXEC));
}

static void
does_what_this_kernel_can_and_says_what_is_missing(void **state)
{
	pid_t pid;

	want(BIT(EXIT) | BIT(FORK) | BIT(EXEC));
	assert_status(TR_EXIT, TRACER_PARTIAL, "hook tp_btf/bpfd_no_such_hook is not in this kernel");
	assert_status(TR_EXIT, TRACER_PARTIAL, "refuses program test_exit_refused");
	assert_null(strstr(answer.tracers[TR_EXIT].reason, "no_other"));
	assert_null(strstr(answer.tracers[TR_EXIT].reason, "test_way"));
	assert_status(TR_EXIT, TRACER_PARTIAL, "refuses program test_lost__refused");
	assert_int_equal(answer.tracers[TR_EXIT].n_programs, 5);
	assert_int_equal(answer.tracers[TR_EXIT].n_attached, 2);
	assert_status(TR_FORK, TRACER_FAILED, "no program of the object has a hook");
	assert_status(TR_EXEC, TRACER_ON, "");
	drain(0, 0);
	pid = run_a_program();
	assert_int_equal(drain(TR_EXIT, pid), 1);
	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_EXIT, TRACER_PARTIAL, "");
	assert_int_equal(answer.tracers[TR_EXIT].n_attached, 2);
	rig_enricher(&rig);
	take_rings();
}

static void
says_what_is_not_built_in(void **state)
{
	want(BIT(ARP));
	assert_status(TR_ARP, TRACER_FAILED, "built without");
}

static void
obeys_deny_and_allow_sensitive(void **state)
{
	want(BIT(TCPDROP) | BIT(BASHREADLINE) | BIT(KEYINPUT));
	assert_status(TR_TCPDROP, TRACER_FAILED, "tracers.deny");
	assert_status(TR_BASHREADLINE, TRACER_FAILED, "allow_sensitive");
	/* Allowed is not enough: whoever has the API taken over could ask for it. */
	assert_status(TR_KEYINPUT, TRACER_FAILED, "tracers.enabled");
}

/* A bash on a terminal, up to its first prompt; the terminal. */
static int
start_bash(const char *path, pid_t *pid)
{
	char buf[256];
	int tty;

	*pid = forkpty(&tty, NULL, NULL, NULL);
	if (*pid == 0) {
		execl(path, "bash", "--norc", "--noprofile", "-i", NULL);
		_exit(127);
	}
	assert_true(*pid > 0);
	assert_true(read(tty, buf, sizeof(buf)) > 0);
	usleep(100000);
	return tty;
}

/* Types a line; the events that came of it. */
static unsigned int
type(int tty, pid_t pid)
{
	char buf[4096];
	unsigned int n = 0;

	drain(0, 0);
	assert_int_equal(write(tty, "true\n", 5), 5);
	for (int i = 0; i < 100 && !n; i++) {
		usleep(10000);
		n = drain(TR_BASHREADLINE, pid);
	}
	usleep(50000);
	n += drain(TR_BASHREADLINE, pid);
	assert_true(read(tty, buf, sizeof(buf)) > 0);
	return n;
}

static void
end_bash(int tty, pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(tty);
}

/* A copy at another place stands for the bash of a container. */
static void
sees_lines_typed_in_every_bash(void **state)
{
	struct msg_binary seen = { .dev = 1, .ino = 2 };
	char path[128], command[300];
	pid_t pid, other;
	int tty, tty2;

	rig_kill_loader(&rig);
	rig.cfg.tracers_allow_sensitive.mask = BIT(BASHREADLINE);
	assert_int_equal(rig_start(&rig), 0);
	rig_enricher(&rig);
	want(BIT(BASHREADLINE));
	take_rings();
	rig_serve(&rig, 1000);
	assert_int_equal(rig_request(&rig, IPC_TRACERS_LIST, NULL, NULL, &answer), 0);
	assert_status(TR_BASHREADLINE, TRACER_ON, "");
	assert_int_equal(answer.tracers[TR_BASHREADLINE].n_attached, 1);
	snprintf(path, sizeof(path), "%s/empty/bash", rig.dir);
	snprintf(command, sizeof(command), "cp /bin/bash %s", path);
	assert_int_equal(system(command), 0);
	tty = start_bash("/bin/bash", &pid);
	tty2 = start_bash(path, &other);
	assert_int_equal(type(tty, pid), 1);
	assert_int_equal(type(tty2, other), 0);
	seen.pid = (uint32_t)other;
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(chan_send(rig.enricher, IPC_BINARY_SEEN, 0, &seen, NULL), 0);
		rig_serve(&rig, 1000);
		type(tty2, other);	/* it was waiting in the function when the probe came */
		assert_int_equal(type(tty2, other), 1);
	}
	assert_int_equal(type(tty, pid), 1);
	want(0);
	assert_int_equal(type(tty2, other), 0);
	end_bash(tty, pid);
	end_bash(tty2, other);
	unlink(path);
}

static void
ends_an_enricher_that_breaks_the_protocol(void **state)
{
	const struct msg_binary seen = { .pid = 0 };
	struct chan_msg m;
	int err = -EAGAIN;

	rig_enricher(&rig);
	assert_int_equal(chan_send(rig.enricher, IPC_BINARY_SEEN, 0, &seen, NULL), 0);
	for (int i = 0; i < 200 && (err == -EAGAIN || err == 1); i++) {
		rig_serve(&rig, 5);
		err = chan_recv(rig.enricher, &m);
		if (err == 1)
			chan_drop_fds(&m);
	}
	assert_int_equal(err, 0);
	want(BIT(EXEC));
	rig_enricher(&rig);
	take_rings();
}

/* With an enricher that has the rings: they come with the first tracer. */
static int
open_with_rings(void **state)
{
	if (open_rig(state))
		return -1;
	rig_enricher(&rig);
	rig_serve(&rig, 20);
	want(BIT(EXEC));
	take_rings();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_in_the_kernel),
		cmocka_unit_test(refuses_a_malformed_filter),
		cmocka_unit_test(does_what_this_kernel_can_and_says_what_is_missing),
		cmocka_unit_test(says_what_is_not_built_in),
		cmocka_unit_test(obeys_deny_and_allow_sensitive),
		cmocka_unit_test(sees_lines_typed_in_every_bash),
		cmocka_unit_test(ends_an_enricher_that_breaks_the_protocol),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests(tests, open_with_rings, close_rig);
}
