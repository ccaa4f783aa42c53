/* SPDX-License-Identifier: Apache-2.0 */
/* One cgroup that makes ten times what a ring holds, on the CPU where the others are. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bpf/open.h"
#define DIR_TRACERS "open", "fileops"
#include "tracers-dir.h"

enum { RING_BYTES = 65536, FLOOD = 5000, OTHERS = 40, URGENT = 40 };

static char top[64], noisy[96], calm[96];

static void
one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned int)sched_getcpu(), &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

static int
flood_setup(void **state)
{
	/* One in a second, ten at once: in the time of a test a cgroup has these ten. */
	const struct tracerrig_options opts = { .bulk_bytes = RING_BYTES, .share_ns = 1000000000,
		.share_burst_ns = 9000000000 };

	(void)state;
	if (tracerrig_open(tracers, &opts, &rig))
		return -1;
	one_cpu();
	strcpy(dir, "/tmp/bpfd-flood-XXXXXX");
	strcpy(top, "/tmp/bpfd-flood-cg-XXXXXX");
	if (!mkdtemp(dir) || chdir(dir) || !mkdtemp(top) || mount("none", top, "cgroup2", 0, NULL))
		return -1;
	snprintf(noisy, sizeof(noisy), "%s/bpfd-noisy-%d", top, getpid());
	snprintf(calm, sizeof(calm), "%s/bpfd-calm-%d", top, getpid());
	return mkdir(noisy, 0755) || mkdir(calm, 0755);
}

static int
flood_teardown(void **state)
{
	for (int i = 0; i < 200 && (rmdir(noisy) | rmdir(calm)) && errno == EBUSY; i++)
		usleep(5000);
	umount(top);
	rmdir(top);
	return teardown(state);
}

/* A process in a cgroup, which acts when it is let. */
static pid_t
actor(const char *cgroup, void (*act)(void))
{
	char path[128];
	int status;
	pid_t pid = fork();
	FILE *f;

	if (pid) {
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		return pid;
	}
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "we");
	if (!f || fputs("0", f) < 0 || fclose(f) || raise(SIGSTOP))
		_exit(1);
	act();
	_exit(0);
}

static void
let(pid_t pid)
{
	int status = -1;

	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
flood(void)
{
	for (int i = 0; i < FLOOD; i++)
		close(open(".", O_RDONLY));
}

static void
open_some(void)
{
	for (int i = 0; i < OTHERS; i++) {
		close(open(".", O_RDONLY));
		usleep(100);
	}
}

static void
make_folders(void)
{
	char name[16];

	for (int i = 0; i < URGENT; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		mkdir(name, 0755);
	}
}

static size_t
delivered(unsigned int tracer, pid_t pid)
{
	size_t n = 0;

	for (size_t i = 0; i < tracerrig_n(rig); i++)
		n += tracerrig_event(rig, i)->tracer == tracer && (!pid || tracerrig_event(rig, i)->tgid == (uint32_t)pid);
	return n;
}

static void
assert_sums(unsigned int tracer, const struct ev_count *before)
{
	struct ev_count n = tracerrig_count(rig, tracer);

	assert_int_equal(n.produced - before->produced,
		delivered(tracer, 0) + (n.lost - before->lost) + (n.throttled - before->throttled));
}

static void
flood_of_one_cgroup_leaves_the_others_their_share(void **state)
{
	pid_t a = actor(noisy, flood), b = actor(calm, open_some), c = actor(noisy, make_folders);
	struct ev_tracer_filter f = { .dims = DIM_PID };
	struct ev_count opens, folders;

	(void)state;
	tracerrig_filter(rig, TR_OPEN, f);
	f.flags = EV_FILTER_URGENT;
	tracerrig_filter(rig, TR_FILEOPS, f);
	tracerrig_filter_number(rig, TR_OPEN, DIM_PID, (uint64_t)a);
	tracerrig_filter_number(rig, TR_OPEN, DIM_PID, (uint64_t)b);
	tracerrig_filter_number(rig, TR_FILEOPS, DIM_PID, (uint64_t)c);
	usleep(10000);		/* who was not filtered out is done */
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	opens = tracerrig_count(rig, TR_OPEN);
	folders = tracerrig_count(rig, TR_FILEOPS);
	let(a);			/* nobody reads meanwhile */
	let(b);
	let(c);
	tracerrig_drain(rig, 50);
	print_message("%zu of %d of the flood, %llu throttled, %llu lost\n", delivered(TR_OPEN, a), FLOOD,
		(unsigned long long)tracerrig_count(rig, TR_OPEN).throttled,
		(unsigned long long)tracerrig_count(rig, TR_OPEN).lost);
	/* What is urgent comes also of the cgroup that floods. */
	assert_int_equal(delivered(TR_FILEOPS, c), URGENT);
	assert_int_equal(tracerrig_count(rig, TR_OPEN).lost, opens.lost);
	assert_true(tracerrig_count(rig, TR_OPEN).throttled > FLOOD / 2);
	assert_true(delivered(TR_OPEN, a) * 100 >= RING_BYTES / 4 / 2);
	/* Ten, and no more: the ring is three quarters full all the time. */
	assert_int_equal(delivered(TR_OPEN, b), 10);
	assert_sums(TR_OPEN, &opens);
	assert_sums(TR_FILEOPS, &folders);
}

static void
ring_that_is_emptied_in_time_throttles_nobody(void **state)
{
	struct ev_count before, after;

	(void)state;
	own_alone(TR_OPEN);
	tracerrig_drain(rig, 0);
	/* Until the kernel side looks at the rings again. */
	for (int i = 0; i < 64; i++)
		close(open(".", O_RDONLY));
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	before = tracerrig_count(rig, TR_OPEN);
	for (int i = 0; i < FLOOD; i++) {
		close(open(".", O_RDONLY));
		if (i % 64 == 0)
			tracerrig_drain(rig, 0);
	}
	tracerrig_drain(rig, 20);
	after = tracerrig_count(rig, TR_OPEN);
	assert_int_equal(after.throttled, before.throttled);
	assert_int_equal(delivered(TR_OPEN, getpid()), FLOOD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flood_of_one_cgroup_leaves_the_others_their_share),
		cmocka_unit_test(ring_that_is_emptied_in_time_throttles_nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, flood_setup, flood_teardown);
}
