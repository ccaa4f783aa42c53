/* SPDX-License-Identifier: Apache-2.0 */
/* What every tracer has: filters, counting, waking: real acts on the real kernel. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <limits.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/exec.h"
#include "bpf/exit.h"
#include "bpf/fork.h"
#include "tracers-acts.h"

/* ---- filters ---- */

/* How many execs of path come through a filter of which f is set and value is in the set. */
static size_t
execs_through(uint32_t dim, uint64_t value, const char *path, uint32_t depths)
{
	struct tracerrig *all = rig;
	size_t n;
	pid_t pid;

	assert_int_equal(tracerrig_open((const char *const[]){ "exec", NULL }, NULL, &rig), 0);
	tracerrig_filter(rig, TR_EXEC, (struct ev_tracer_filter){ .dims = dim, .depths = depths });
	tracerrig_filter_number(rig, TR_EXEC, dim, value);
	pid = run((char *const[]){ (char *)path, NULL });
	tracerrig_drain(rig, 100);
	n = n_of(TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_true(n || tracerrig_count(rig, TR_EXEC).filtered > 0);
	/* Who is filtered out costs not even a word about him. */
	assert_int_equal(n_of(TR_NONE, EV_PROC_INFO, (uint32_t)pid), n);
	tracerrig_close(rig);
	rig = all;
	return n;
}

static void
filters_pass_what_is_in_the_set_and_nothing_else(void **state)
{
	struct tracerrig *all = rig;
	const char *true_path = realpath("/bin/true", (char[PATH_MAX]){ 0 });
	const char *sh_path = realpath("/bin/sh", (char[PATH_MAX]){ 0 });
	const struct ev_exec *e;
	pid_t pid;

	assert_int_equal(execs_through(DIM_UID, 0, "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_UID, 12345, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PID, 1, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_COMM, tracerrig_hash(DIM_COMM, "true"), "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_COMM, tracerrig_hash(DIM_COMM, "tru"), "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_CGROUP, 1ULL << 60, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PATH, tracerrig_hash(DIM_PATH, true_path), "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_PATH, tracerrig_hash(DIM_PATH, sh_path), "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/usr"), true_path, 1U << 1), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/usr/bin"), true_path, 1U << 2), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, true_path), true_path, 1U << 3), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/us"), true_path, 1U << 1), 0);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/opt"), true_path, 1U << 1 | 1U << 2), 0);
	assert_int_equal(execs_through(DIM_PREFIX, 0, true_path, 1U << 0), 1);

	/* The pid, the cgroup and the set's other tracers: known only now. */
	assert_int_equal(tracerrig_open((const char *const[]){ "exec", "exit", NULL }, NULL, &rig), 0);
	tracerrig_filter(rig, TR_EXEC, (struct ev_tracer_filter){ .dims = DIM_PID | DIM_CGROUP });
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	tracerrig_filter_number(rig, TR_EXEC, DIM_PID, (uint64_t)pid);
	e = tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)RUN("/bin/true"));
	assert_non_null(e);
	tracerrig_filter_number(rig, TR_EXEC, DIM_CGROUP, e->h.cgroup);
	kill(pid, SIGCONT);
	reap(pid);
	assert_non_null(tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid));
	assert_int_equal(n_of(TR_EXEC, EXEC_EXEC, 0), 1);
	tracerrig_close(rig);
	rig = all;
}

static void
tracer_that_is_off_sends_nothing(void **state)
{
	const struct tracerrig_options off = { .off = true };	/* others execute, too */
	struct tracerrig *all = rig;
	pid_t pid;

	assert_int_equal(tracerrig_open(proc_tracers, &off, &rig), 0);
	tracerrig_on(rig, 1ULL << TR_EXIT);
	pid = RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid));
	assert_int_equal(n_of(TR_EXEC, EXEC_EXEC, (uint32_t)pid), 0);
	assert_int_equal(tracerrig_count(rig, TR_EXEC).produced, 0);
	tracerrig_close(rig);
	rig = all;
}

/* ---- counting and waking ---- */

static size_t
n_delivered(unsigned int tracer)
{
	size_t n = 0;

	for (size_t i = 0; i < tracerrig_n(rig); i++)
		n += tracerrig_event(rig, i)->tracer == tracer;
	return n;
}

/* Processes of the system end while we count: until two countings agree. */
static bool
all_accounted_for(unsigned int tracer)
{
	struct ev_count n = { 0 };

	for (int i = 0; i < 20; i++) {
		n = tracerrig_count(rig, tracer);
		tracerrig_drain(rig, 0);
		if (n.produced == n_delivered(tracer) + n.lost)
			return true;
		usleep(5000);
	}
	print_message("# tracer %u: %llu produced, %zu delivered, %llu lost\n", tracer,
			(unsigned long long)n.produced, n_delivered(tracer), (unsigned long long)n.lost);
	return false;
}

static void
every_record_is_delivered_or_counted_as_lost(void **state)
{
	const struct tracerrig_options tiny = { .control_bytes = 4096, .bulk_bytes = 4096 };
	struct tracerrig *all = rig;

	assert_int_equal(tracerrig_open(proc_tracers, &tiny, &rig), 0);
	for (int i = 0; i < 50; i++)
		RUN("/bin/true", "some", "arguments");
	tracerrig_generation(rig);
	RUN("/bin/true");		/* its parent cannot be said now */
	usleep(50000);			/* processes are freed later */
	tracerrig_on(rig, 0);
	assert_true(tracerrig_count(rig, TR_EXEC).produced >= 50);
	assert_true(tracerrig_count(rig, TR_EXEC).lost > 0);
	assert_true(tracerrig_count(rig, TR_EXIT).lost > 0);
	for (unsigned int i = 0; i < N_TRACERS; i++)
		assert_true(all_accounted_for(i));

	/* What could not be said is said as soon as there is room. */
	tracerrig_forget(rig);
	tracerrig_on(rig, ~0ULL);
	RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_FORK, FORK_FORK, (uint32_t)getpid()));
	assert_non_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, (uint32_t)getpid()));
	tracerrig_close(rig);
	rig = all;
}

static void
sleeper_is_woken_by_the_next_record(void **state)
{
	tracerrig_sleeping(rig, true);
	RUN("/bin/true");
	assert_true(tracerrig_awake(rig) >= 1);
	tracerrig_sleeping(rig, false);
	tracerrig_drain(rig, 100);
}

/* A child on one processor: events in each of two cgroups, more of them, one of another program. */
static pid_t
move_and_execute(const char *const dirs[2])
{
	cpu_set_t one;
	pid_t pid = fork(), child;

	if (pid)
		return pid;
	CPU_ZERO(&one);
	CPU_SET((unsigned int)sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		_exit(125);
	for (int i = 0; i < 2; i++) {
		FILE *f;
		char path[128];

		snprintf(path, sizeof(path), "%s/cgroup.procs", dirs[i]);
		f = fopen(path, "we");
		if (!f || fputs("0", f) < 0 || fclose(f))
			_exit(125);
		/* The second one finds that all is said. */
		for (int k = 0; k < 2; k++) {
			child = fork();
			if (!child)
				_exit(0);
			waitpid(child, NULL, 0);
		}
	}
	for (int i = 0; i < 2; i++)
		execl("/nowhere/at/all", "all", NULL);
	execl("/bin/true", "true", NULL);
	_exit(126);
}

static bool
is_said_before(const struct ev_hdr *e)
{
	const struct ev_proc_info *info;
	size_t at = 0;

	while ((info = tracerrig_next(rig, &at, TR_NONE, EV_PROC_INFO, e->tgid)))
		if (info->h.exec_id == e->exec_id && info->h.ts <= e->ts)
			return true;
	return false;
}

static void
another_cgroup_or_program_is_said_also_at_once_on_one_cpu(void **state)
{
	char top[] = "/tmp/tracers-core-XXXXXX", dirs[2][64];
	struct stat st[2];
	const struct ev_hdr *e;
	size_t at = 0, n = 0;
	pid_t pid;

	/* Who moves a process says where it is now. */
	tracerrig_on(rig, 1ULL << TR_EXEC | 1ULL << TR_EXIT | 1ULL << TR_FORK);
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	assert_non_null(mkdtemp(top));
	assert_int_equal(mount("none", top, "cgroup2", 0, NULL), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(dirs[i], sizeof(dirs[i]), "%s/tracers-core-%d", top, i);
		assert_int_equal(mkdir(dirs[i], 0755), 0);
		assert_int_equal(stat(dirs[i], &st[i]), 0);
	}
	pid = move_and_execute((const char *const[]){ dirs[0], dirs[1] });
	n = (size_t)reap(pid);
	for (int i = 0; i < 2; i++)
		for (int k = 0; k < 200 && rmdir(dirs[i]); k++)
			usleep(5000);
	umount(top);
	rmdir(top);
	assert_int_equal(n, 0);
	assert_non_null(tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid));

	for (int i = 0; i < 2; i++) {
		const struct ev_cgroup_info *info;
		size_t from = 0;

		do {
			e = tracerrig_next(rig, &at, TR_FORK, FORK_FORK, (uint32_t)pid);
			assert_non_null(e);
		} while (e->cgroup != st[i].st_ino);
		while ((info = tracerrig_next(rig, &from, TR_NONE, EV_CGROUP_INFO, 0)) && info->id != st[i].st_ino)
			;
		assert_non_null(info);
		assert_true(info->h.ts <= e->ts);
	}
	for (at = 0; (e = tracerrig_next(rig, &at, TR_EXEC, EXEC_EXEC, (uint32_t)pid)); n++)
		assert_true(is_said_before(e));
	assert_int_equal(n, 3);
	tracerrig_on(rig, ~0ULL);
}

/* ---- what loading costs ---- */

/*
 * All that comes behind a program waits while the kernel verifies it, about a microsecond for each step.
 * Before Linux 6.2 the ways that are there since are not, and each pointer takes a step more.
 */
#define STEPS_MAX	20000
#define STEPS_MAX_OLD	60000

static bool
is_old(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	return !uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2 && (major < 6 || (major == 6 && minor < 2));
}

static void
check_steps(const char *name, unsigned int most)
{
	struct tracerrig *one = NULL;
	struct bpf_program *p;

	if (tracerrig_open((const char *const[]){ name, NULL }, &(struct tracerrig_options){ .off = true }, &one))
		fail_msg("%s does not load", name);
	bpf_object__for_each_program(p, tracerrig_object(one, 1)) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) < 0)
			continue;
		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len), 0);
		if (info.verified_insns > most)
			fail_msg("%s takes the verifier %u steps, of %u at most", bpf_program__name(p), info.verified_insns, most);
	}
	tracerrig_close(one);
}

static void
no_program_takes_the_verifier_long(void **state)
{
	unsigned int most = is_old() ? STEPS_MAX_OLD : STEPS_MAX;

#define TRACER(id, name, class, flags, help)                                                       \
	if (!((flags) & (TR_NO_KERNEL | TR_CONFIGURED)) && TR_##id != TR_ENFORCE)                    \
		check_steps(#name, most);
#include "bpf/tracers.def"
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filters_pass_what_is_in_the_set_and_nothing_else),
		cmocka_unit_test(tracer_that_is_off_sends_nothing),
		cmocka_unit_test(another_cgroup_or_program_is_said_also_at_once_on_one_cpu),
		cmocka_unit_test(every_record_is_delivered_or_counted_as_lost),
		cmocka_unit_test(sleeper_is_woken_by_the_next_record),
		cmocka_unit_test(no_program_takes_the_verifier_long),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-core", tests, open_rig, close_rig);
}
