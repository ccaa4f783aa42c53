/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_ACTS_H
#define BPFD_TESTS_TRACERS_ACTS_H

/* The tracers of processes, and processes that act. */
#include "tracers-own.h"

static const char *const proc_tracers[] = { "exec", "exit", "fork", "cgroup", NULL };

/* All four, for the tests that need nothing else. */
static inline int
open_rig(void **state)
{
	return tracerrig_open(proc_tracers, NULL, &rig);
}

static inline pid_t
start(const char *path, char *const *argv)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execv(path, argv);
		_exit(126);
	}
	return pid;
}

#define RUN(...) run((char *const[]){ __VA_ARGS__, NULL })
static inline pid_t
run(char *const *argv)
{
	pid_t pid = start(argv[0], argv);

	reap(pid);
	return pid;
}

/* Item of a list of strings that are each followed by NUL. */
static inline const char *
item(const void *record, struct ev_str s, unsigned int n)
{
	const char *at = (const char *)record + s.off, *end = at + s.len;

	assert_true(s.len && !end[-1]);
	for (; n && at < end; n--)
		at += strlen(at) + 1;
	return at < end ? at : NULL;
}

static inline size_t
n_of(unsigned int tracer, unsigned int event, uint32_t tgid)
{
	size_t at = 0, n = 0;

	while (tracerrig_next(rig, &at, tracer, event, tgid))
		n++;
	return n;
}

#endif
