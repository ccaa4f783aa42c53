/* SPDX-License-Identifier: Apache-2.0 */
/* signal and ptrace: what one process does to another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf/signal.h"
#include "tracerrig.h"

static const char *const tracers[] = { "signal", NULL };
static struct tracerrig *rig;
static pid_t sleeper;			/* a child that does nothing */

static int
setup(void **state)
{
	int err = tracerrig_open(tracers, NULL, &rig);

	if (err)
		return err;
	sleeper = fork();
	if (sleeper == 0) {
		signal(SIGUSR1, SIG_IGN);
		for (;;)
			pause();
	}
	usleep(20000);
	return sleeper < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	kill(sleeper, SIGKILL);
	return waitpid(sleeper, NULL, 0) == sleeper ? 0 : -1;
}

static int
forget(void **state)
{
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

static int
reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
assert_sleeper(const struct ev_target *t)
{
	assert_int_equal(t->pid, sleeper);
	assert_int_equal(t->tid, sleeper);
	assert_int_equal(t->uid, getuid());
	assert_true(t->start && t->cgroup && t->mntns);
	assert_string_equal(t->comm, "test-tracers-re");
}

/* ---- signal ---- */

static const struct ev_signal *
wait_signal(pid_t from, uint32_t to, uint32_t sig)
{
	for (int i = 0; i < 2000; i++) {
		const struct ev_signal *e;
		size_t at = 0;

		tracerrig_drain(rig, 1);
		while ((e = tracerrig_next(rig, &at, TR_SIGNAL, SIGNAL_SIGNAL, (uint32_t)from)))
			if (e->target.pid == to && e->sig == sig)
				return e;
	}
	return NULL;
}

static void
a_signal_has_its_sender_and_its_target(void **state)
{
	const struct ev_signal *e;
	sigset_t all, before;

	assert_int_equal(kill(sleeper, SIGURG), 0);
	e = wait_signal(getpid(), (uint32_t)sleeper, SIGURG);
	assert_non_null(e);
	assert_sleeper(&e->target);
	assert_int_equal(e->code, SI_USER);
	assert_int_equal(e->group, 1);
	assert_int_equal(e->kernel, 0);
	assert_int_equal(e->h.flags, 0);
	assert_int_equal(e->result, 1);		/* ignored: by default */

	assert_int_equal(syscall(SYS_tgkill, sleeper, sleeper, SIGUSR1), 0);
	e = wait_signal(getpid(), (uint32_t)sleeper, SIGUSR1);
	assert_non_null(e);
	assert_int_equal(e->code, SI_TKILL);
	assert_int_equal(e->group, 0);

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	assert_int_equal(sigqueue(getpid(), SIGRTMIN, (union sigval){ 0 }), 0);
	assert_int_equal(sigtimedwait(&all, NULL, &(struct timespec){ 1, 0 }), SIGRTMIN);
	sigprocmask(SIG_SETMASK, &before, NULL);
	e = wait_signal(getpid(), (uint32_t)getpid(), (uint32_t)SIGRTMIN);
	assert_non_null(e);
	assert_int_equal(e->code, SI_QUEUE);
	assert_int_equal(e->result, 0);
}

static void
a_fault_is_the_targets_own(void **state)
{
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct ev_signal *e;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);	/* not cmocka's */
		munmap(page, 4096);
		*(volatile char *)page = 0;
		_exit(0);
	}
	assert_int_equal(WTERMSIG(reap(pid)), SIGSEGV);
	e = wait_signal(pid, (uint32_t)pid, SIGSEGV);
	assert_non_null(e);
	assert_int_equal(e->code, SEGV_MAPERR);
	assert_int_equal(e->kernel, 1);
	assert_int_equal(e->h.flags, 0);
	e = wait_signal(pid, (uint32_t)getpid(), SIGCHLD);
	assert_non_null(e);
	assert_int_equal(e->kernel, 1);
	assert_int_equal(e->h.flags, 0);
}

static void
a_timers_signal_is_nobodys(void **state)
{
	const struct ev_signal *e = NULL;
	size_t at = 0;
	sigset_t set;

	/* It ends while this process sleeps: whoever runs then has not sent it. */
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	alarm(1);
	assert_int_equal(sigtimedwait(&set, NULL, &(struct timespec){ 3, 0 }), SIGALRM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	tracerrig_drain(rig, 100);
	while ((e = tracerrig_next(rig, &at, TR_SIGNAL, SIGNAL_SIGNAL, 0)))
		if (e->sig == SIGALRM && e->target.pid == (uint32_t)getpid())
			break;
	assert_non_null(e);
	assert_int_equal(e->code, SI_KERNEL);
	if (e->h.tgid != (uint32_t)getpid())
		assert_int_equal(e->h.flags, EV_NO_OWNER);
}

static void
a_signal_that_may_not_be_sent_is_none(void **state)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(65534) || kill(sleeper, SIGTERM) == 0 || errno != EPERM || kill(sleeper, 0) == 0)
			_exit(1);
		_exit(kill(getpid(), 0));	/* no signal at all */
	}
	assert_int_equal(reap(pid), 0);
	assert_non_null(wait_signal(pid, (uint32_t)getpid(), SIGCHLD));
	for (size_t i = 0; i < tracerrig_n(rig); i++) {
		const struct ev_signal *e = (const void *)tracerrig_event(rig, i);

		if (e->h.tracer == TR_SIGNAL && e->h.tgid == (uint32_t)pid)
			assert_int_equal(e->sig, SIGCHLD);
	}
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signal_has_its_sender_and_its_target),
		TEST(a_fault_is_the_targets_own),
		TEST(a_timers_signal_is_nobodys),
		TEST(a_signal_that_may_not_be_sent_is_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
