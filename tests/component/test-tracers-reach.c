/* SPDX-License-Identifier: Apache-2.0 */
/* signal and ptrace: what one process does to another. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "bpf/ptrace.h"
#include "bpf/signal.h"
#include "tracers-own.h"

static const char *const tracers[] = { "signal", "ptrace", NULL };
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
	close_rig(state);
	kill(sleeper, SIGKILL);
	return waitpid(sleeper, NULL, 0) == sleeper ? 0 : -1;
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
a_process_that_ends_is_not_described(void **state)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	assert_int_equal(reap(pid), 0);
	assert_non_null(wait_signal(pid, (uint32_t)getpid(), SIGCHLD));
	assert_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, (uint32_t)pid));
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

/* ---- ptrace ---- */

/* The last one of this process's, and how many there were. */
static const struct ev_ptrace *
last_ptrace(uint32_t event, size_t *n)
{
	const struct ev_ptrace *found = NULL, *e;
	size_t at = 0;

	*n = 0;
	tracerrig_drain(rig, 0);
	while ((e = tracerrig_next(rig, &at, TR_PTRACE, event, (uint32_t)getpid()))) {
		found = e;
		++*n;
	}
	return found;
}

static void
ptrace_names_the_request_and_the_target(void **state)
{
	const struct ev_ptrace *e;
	size_t n;

	assert_int_equal(ptrace(PTRACE_ATTACH, sleeper, NULL, NULL), 0);
	e = last_ptrace(PTRACE_PTRACE, &n);
	assert_int_equal(n, 1);
	assert_int_equal(e->request, PTRACE_ATTACH);
	assert_sleeper(&e->target);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(waitpid(sleeper, NULL, 0), sleeper);

	assert_int_equal(ptrace(PTRACE_POKEDATA, sleeper, &rig, rig), 0);
	e = last_ptrace(PTRACE_PTRACE, &n);
	assert_int_equal(n, 2);
	assert_int_equal(e->request, PTRACE_POKEDATA);
	assert_ptr_equal((void *)e->addr, &rig);
	assert_ptr_equal((void *)e->data, rig);
	assert_int_equal(e->count, 1);

	/* What a debugger does all the time is told once. */
	for (int i = 0; i < 100; i++)
		assert_int_equal(ptrace(PTRACE_POKEDATA, sleeper, &rig, rig), 0);
	assert_int_equal(ptrace(PTRACE_DETACH, sleeper, NULL, NULL), 0);
	e = last_ptrace(PTRACE_PTRACE, &n);
	assert_int_equal(n, 3);
	assert_int_equal(e->request, PTRACE_DETACH);
	assert_int_equal(tracerrig_count(rig, TR_PTRACE).filtered, 100);
}

static void
ptrace_that_is_refused_has_its_target_too(void **state)
{
	const struct ev_ptrace *e;
	pid_t pid = fork();

	if (pid == 0) {
		if (setuid(65534))
			_exit(1);
		_exit(ptrace(PTRACE_SEIZE, sleeper, NULL, NULL) == 0 || errno != EPERM);
	}
	assert_int_equal(reap(pid), 0);
	e = tracerrig_wait(rig, TR_PTRACE, PTRACE_PTRACE, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->request, PTRACE_SEIZE);
	assert_int_equal(e->h.ret, -EPERM);
	assert_sleeper(&e->target);
}

static void
a_process_that_is_to_be_traced_is_the_target(void **state)
{
	const struct ev_ptrace *e;
	pid_t pid = fork();

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
	assert_int_equal(reap(pid), 0);
	e = tracerrig_wait(rig, TR_PTRACE, PTRACE_PTRACE, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->request, PTRACE_TRACEME);
	assert_int_equal(e->target.pid, pid);
}

static void
memory_of_another_is_read_and_written(void **state)
{
	char bytes[8] = "";
	struct iovec here = { bytes, sizeof(bytes) }, there = { &rig, sizeof(bytes) };
	const struct ev_ptrace *e;
	size_t n;

	assert_int_equal(process_vm_readv(sleeper, &here, 1, &there, 1, 0), sizeof(bytes));
	e = last_ptrace(PTRACE_PROCESS_VM_READV, &n);
	assert_int_equal(n, 1);
	assert_sleeper(&e->target);
	assert_int_equal(e->h.ret, sizeof(bytes));
	assert_ptr_equal((void *)e->addr, &rig);
	assert_int_equal(e->h.flags, EV_UNTRUSTED);

	assert_int_equal(process_vm_writev(sleeper, &here, 1, &there, 1, 0), sizeof(bytes));
	e = last_ptrace(PTRACE_PROCESS_VM_WRITEV, &n);
	assert_int_equal(n, 1);
	assert_sleeper(&e->target);

	assert_int_equal(process_vm_readv(0x3fffffff, &here, 1, &there, 1, 0), -1);
	e = last_ptrace(PTRACE_PROCESS_VM_READV, &n);
	assert_int_equal(n, 2);
	assert_int_equal(e->h.ret, -ESRCH);
	assert_int_equal(e->target.pid, 0);
	assert_int_equal(e->given, 0x3fffffff);
}

static void
a_descriptor_is_taken_from_another(void **state)
{
	int pidfd = (int)syscall(SYS_pidfd_open, sleeper, 0), fd, pipes[2];
	const struct ev_ptrace *e;
	size_t n;

	assert_true(pidfd >= 0);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, 1, 0);
	assert_true(fd >= 0);
	e = last_ptrace(PTRACE_PIDFD_GETFD, &n);
	assert_int_equal(n, 1);
	assert_sleeper(&e->target);
	assert_int_equal(e->h.ret, fd);
	assert_int_equal(e->fd, 1);
	close(fd);
	close(pidfd);

	/* What is no pidfd leads nowhere. */
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(syscall(SYS_pidfd_getfd, pipes[0], 1, 0), -1);
	e = last_ptrace(PTRACE_PIDFD_GETFD, &n);
	assert_int_equal(e->h.ret, -EBADF);
	assert_int_equal(e->target.pid, 0);
	close(pipes[0]);
	close(pipes[1]);
}

static void
a_number_means_what_it_means_in_the_callers_namespace(void **state)
{
	const struct ev_ptrace *e;
	pid_t pid = fork();

	if (pid == 0) {
		pid_t init;

		if (unshare(CLONE_NEWPID))
			_exit(1);
		init = fork();
		if (init == 0) {
			pid_t two = fork();

			if (two == 0)
				for (;;)
					pause();
			_exit(two != 2 || ptrace(PTRACE_SEIZE, 2, NULL, NULL));
		}
		_exit(WEXITSTATUS(reap(init)));
	}
	assert_int_equal(reap(pid), 0);
	e = tracerrig_wait(rig, TR_PTRACE, PTRACE_PTRACE, 0);
	assert_non_null(e);
	assert_int_equal(e->given, 2);
	assert_true(e->target.pid > 2);
	assert_string_equal(e->target.comm, "test-tracers-re");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_signal_has_its_sender_and_its_target),
		TEST(a_fault_is_the_targets_own),
		TEST(a_process_that_ends_is_not_described),
		TEST(a_timers_signal_is_nobodys),
		TEST(a_signal_that_may_not_be_sent_is_none),
		TEST(ptrace_names_the_request_and_the_target),
		TEST(ptrace_that_is_refused_has_its_target_too),
		TEST(a_process_that_is_to_be_traced_is_the_target),
		TEST(memory_of_another_is_read_and_written),
		TEST(a_descriptor_is_taken_from_another),
		TEST(a_number_means_what_it_means_in_the_callers_namespace),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
