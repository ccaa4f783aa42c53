/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel-bench [BUILD ...]: what the kernel side of an event costs whoever makes it, without the
 * daemon: core and tracers loaded as the component tests do, the rings emptied between two
 * measurements.  Several build folders (of which BUILD/bpf/ is used) are compared, A B A B.
 * Options by environment: ROUNDS (10), ONLY (a part of a case's name), PROGRAMS (any: what the
 * kernel says that the programs took, which is less noisy and lacks what leads to them; counting
 * adds about 30 ns to each call), FUNCTIONS (any: system calls are seen at functions, where the kernel
 * lets programs there).
 *
 * A line for each case: nanoseconds of processor time, the lowest tenth and the median of many short
 * turns, and what the median is above that of the case below which it is indented.  Needs root.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../component/tracerrig.h"
#include "bpf/open.h"
#include "loop.h"
#include "samples.h"
#include "spawn.h"

#define TURNS		60		/* of each round */
#define BUILDS_MAX	4
#define ROUNDS_MAX	200
#define NOBODY		"nobody-at-all"

static int in_programs;			/* the descriptor that keeps it counted */
static char dir[] = "/dev/shm/kernel-bench-XXXXXX", opened[PATH_MAX], nothing[PATH_MAX];

static int
failed(void)
{
	perror("kernel-bench");
	return 1;
}

static void
open_close(void)
{
	int fd = open(opened, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		exit(failed());
	close(fd);
}

static void
open_fails(void)
{
	if (open("/nowhere/at/all", O_RDONLY | O_CLOEXEC) >= 0)
		exit(failed());
}

static void
other_call(void)
{
	getppid();
}

static void
spawn(void)
{
	if (!spawn_wait(nothing))
		exit(failed());
}

#define OPEN "open", NULL
#define BOTH "open", "openbreakout", NULL
static const struct one {
	const char *name;
	void (*once)(void);
	unsigned int n;			/* in one turn */
	bool untraced;
	const char *tracers[8];
	uint32_t dim;			/* filtered out by it */
	uint32_t flags;
} cases[] = {
	{ "other call", other_call, 2000, true, { NULL }, 0, 0 },
	{ "  empty hook", other_call, 2000, false, { NULL }, 0, 0 },
	{ "  opens are traced", other_call, 2000, false, { OPEN }, 0, 0 },
	{ "open, close", open_close, 200, true, { NULL }, 0, 0 },
	{ "  empty hook", open_close, 200, false, { NULL }, 0, 0 },
	{ "  rejected by pid", open_close, 200, false, { OPEN }, DIM_PID, 0 },
	{ "  rejected by uid", open_close, 200, false, { OPEN }, DIM_UID, 0 },
	{ "  rejected by comm", open_close, 200, false, { OPEN }, DIM_COMM, 0 },
	{ "  rejected by cgroup", open_close, 200, false, { OPEN }, DIM_CGROUP, 0 },
	{ "  rejected by runtime", open_close, 200, false, { OPEN }, DIM_RUNTIME, 0 },
	{ "  rejected by exe", open_close, 200, false, { OPEN }, DIM_EXE, 0 },
	{ "  rejected by path", open_close, 200, false, { OPEN }, DIM_PATH, 0 },
	{ "  rejected by prefix", open_close, 200, false, { OPEN }, DIM_PREFIX, 0 },
	{ "  sent", open_close, 200, false, { OPEN }, 0, 0 },
	{ "  sent, openbreakout too", open_close, 200, false, { BOTH }, 0, 0 },
	{ "open that fails", open_fails, 400, true, { NULL }, 0, 0 },
	{ "  sent", open_fails, 400, false, { OPEN }, 0, 0 },
	{ "spawn, exec, exit", spawn, 10, true, { NULL }, 0, 0 },
	{ "  empty hook", spawn, 10, false, { NULL }, 0, 0 },
	{ "  exit sent", spawn, 10, false, { "exit", NULL }, 0, 0 },
	{ "  exec sent", spawn, 10, false, { "exec", NULL }, 0, 0 },
	{ "  sent", spawn, 10, false, { "exec", "exit", NULL }, 0, 0 },
	{ "  sent, fork too", spawn, 10, false, { "exec", "exit", "fork", NULL }, 0, 0 },
};

/* The cgroups of this process are the host's, says who knows. */
static void
note_kind(struct tracerrig *rig)
{
	const struct ev_hdr *h;

	open_close();
	h = tracerrig_wait(rig, TR_OPEN, OPEN_OPEN, (uint32_t)getpid());
	if (h)
		tracerrig_kind(rig, h, 0);
}

static void
filter(struct tracerrig *rig, const struct one *c)
{
	struct ev_tracer_filter f = { .dims = c->dim, .depths = c->dim == DIM_PREFIX ? 6 : 0,
		.runtimes = c->dim == DIM_RUNTIME ? 2 : 0 };

	if (!c->dim)
		return;
	if (c->dim == DIM_RUNTIME)
		note_kind(rig);
	tracerrig_filter(rig, TR_OPEN, f);
	if (c->dim == DIM_COMM)
		tracerrig_filter_text(rig, TR_OPEN, c->dim, NOBODY);
	else if (c->dim == DIM_PATH || c->dim == DIM_PREFIX || c->dim == DIM_EXE)
		tracerrig_filter_text(rig, TR_OPEN, c->dim, "/" NOBODY);
	else
		tracerrig_filter_number(rig, TR_OPEN, c->dim, 0x7ffffff0);
}

/* What the kernel says that the programs took, or the processor time of this process. */
static double
now_ns(const struct one *c, const struct tracerrig *rig)
{
	struct bpf_prog_info info;
	struct bpf_program *p;
	double sum = 0;
	uint32_t len;

	if (!in_programs)
		return (double)loop_cpu_ns();
	for (size_t i = 0; rig && (!i || c->tracers[i - 1]); i++) {
		bpf_object__for_each_program(p, tracerrig_object(rig, i)) {
			len = sizeof(info);
			memset(&info, 0, sizeof(info));
			if (bpf_program__fd(p) < 0 ||
			    bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len))
				continue;
			/* Others make processes too, and all their calls: the mean of what runs once. */
			if (c->once != spawn)
				sum += (double)info.run_time_ns;
			else if (info.run_cnt && strcmp(info.name, "core_sys_exit"))
				sum += (double)info.run_time_ns / (double)info.run_cnt;
		}
	}
	return sum;
}

static int
measure(const struct one *c, struct samples *s)
{
	const struct tracerrig_options opts = { .functions = getenv("FUNCTIONS") != NULL };
	AUTO(tracerrig) struct tracerrig *rig = NULL;
	double begin;
	int err;

	if (!c->untraced) {
		err = tracerrig_open(c->tracers, &opts, &rig);
		if (err) {
			fprintf(stderr, "kernel-bench: %s: %s\n", c->name, strerror(-err));
			return err;
		}
		filter(rig, c);
	}
	for (int i = 0; i < TURNS; i++) {
		begin = now_ns(c, rig);
		for (unsigned int k = 0; k < c->n; k++)
			c->once();
		if (in_programs && c->once == spawn)
			begin = 0;
		if (i)		/* the first one warms up */
			samples_note(s, (now_ns(c, rig) - begin) / (begin > 0 ? c->n : 1));
		if (!rig)
			continue;
		tracerrig_drain(rig, 0);
		tracerrig_forget(rig);
	}
	return 0;
}

static bool
wanted(size_t i)
{
	const char *only = getenv("ONLY");
	size_t head = i;

	while (cases[head].name[0] == ' ')
		head--;
	return !only || strstr(cases[head].name, only) || strstr(cases[i].name, only);
}

int
main(int argc, char **argv)
{
	static struct samples all[sizeof(cases) / sizeof(cases[0])][BUILDS_MAX];
	const char *build = getenv("BPFD_BUILD");
	char *usual[] = { (char *)(build ? build : ".") };
	char **builds = argc > 1 ? argv + 1 : usual;
	int n_builds = argc > 1 ? argc - 1 : 1, rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 10, fd;
	double above[BUILDS_MAX] = { 0 };

	if (n_builds > BUILDS_MAX || rounds < 1 || rounds > ROUNDS_MAX || !mkdtemp(dir))
		return 2;
	if (getenv("PROGRAMS"))
		in_programs = bpf_enable_stats(BPF_STATS_RUN_TIME);
	snprintf(opened, sizeof(opened), "%s/opened", dir);
	if (!spawn_find(nothing))
		return failed();
	fd = open(opened, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	for (int r = 0; r < rounds; r++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			for (int b = 0; b < n_builds && wanted(i); b++) {
				setenv("BPFD_BUILD", builds[b], 1);
				if (measure(&cases[i], &all[i][b]))
					return 1;
			}
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int b = 0; b < n_builds && wanted(i); b++) {
			struct samples *s = &all[i][b];
			double median = samples_at(s, 0.5);

			if (cases[i].name[0] != ' ')
				above[b] = median;
			printf("%-28s %-20s lower tenth %7.0f median %7.0f added %+7.0f ns\n", cases[i].name,
				n_builds > 1 ? builds[b] : "", samples_at(s, 0.1), median,
				median - above[b]);
			free(s->v);
		}
	unlink(opened);
	rmdir(dir);
	return 0;
}
