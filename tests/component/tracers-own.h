/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_OWN_H
#define BPFD_TESTS_TRACERS_OWN_H

/* A rig of tracers, processes that act, and what was told of this one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracerrig.h"

static struct tracerrig *rig;

/* Of the whole machine only what this process does; openbreakout's are its children's. */
static inline void
own_alone(unsigned int tracer)
{
	tracerrig_filter(rig, tracer, (struct ev_tracer_filter){ .dims = DIM_PID });
	tracerrig_filter_number(rig, tracer, DIM_PID, (uint64_t)getpid());
}

static inline int
close_rig(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	return 0;
}

static inline int
forget(void **state)
{
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

static inline int
reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Acts in a process of its own; its number. */
static inline pid_t
child(int (*act)(void))
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(act());
	assert_int_equal(reap(pid), 0);
	tracerrig_drain(rig, 100);
	return pid;
}

static inline void
assert_str(const void *record, struct ev_str s, const char *want)
{
	assert_string_equal(tracerrig_str(record, s), want);
}

/* The event of the last act of this process. */
static inline const void *
last(unsigned int tracer, unsigned int event)
{
	const void *found = NULL, *e;
	size_t at = 0;

	assert_non_null(tracerrig_wait(rig, tracer, event, (uint32_t)getpid()));
	while ((e = tracerrig_next(rig, &at, tracer, event, (uint32_t)getpid())))
		found = e;
	return found;
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

#endif
