/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ACTION_ACTS_H
#define BPFD_TESTS_ACTION_ACTS_H

/* What the tests of acts have in common: a worker, processes to act upon, what came of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "action-rig.h"
#include "bpf/open.h"
#include "common/auto.h"

static struct arig rig;
static struct msg_action_result res;

static inline int
teardown(void **state)
{
	arig_close(&rig);
	return 0;
}

static inline bool
alive(pid_t pid)
{
	char path[64], buf[512], *p;
	AUTO(fd) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	return p && p[2] != 'Z';
}

static inline bool
dies(pid_t pid)
{
	for (int i = 0; i < 200 && alive(pid); i++)
		usleep(5000);
	return !alive(pid);
}

static inline void
put(const char *path, pid_t pid, uint64_t start, const char *action, uint32_t flags)
{
	arig_event(&rig, path, pid, start, action, flags);
	arig_put(&rig);
	arig_commit(&rig);
}

static inline enum action_outcome
outcome(void)
{
	assert_true(arig_result(&rig, &res, 5000));
	return (enum action_outcome)res.outcome;
}

#endif
