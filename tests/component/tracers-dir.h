/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_DIR_H
#define BPFD_TESTS_TRACERS_DIR_H

/* The tracers of files, and a folder to act in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/fileops.h"
#include "bpf/filetop.h"
#include "tracerrig.h"

static const char *const tracers[] = { "open", "openbreakout", "fileops", "filetop", NULL };
static struct tracerrig *rig;
static char dir[64];			/* the test's own, the working directory too */

/* Of the whole machine only what this process does; openbreakout's are its children's. */
static inline void
own_alone(unsigned int tracer)
{
	tracerrig_filter(rig, tracer, (struct ev_tracer_filter){ .dims = DIM_PID });
	tracerrig_filter_number(rig, tracer, DIM_PID, (uint64_t)getpid());
}

static inline int
setup(void **state)
{
	int err = tracerrig_open(tracers, &(struct tracerrig_options){ .bulk_bytes = 1 << 22 }, &rig);

	if (err)
		return err;
	own_alone(TR_OPEN);
	own_alone(TR_FILEOPS);
	own_alone(TR_FILETOP);
	strcpy(dir, "/tmp/bpfd-files-XXXXXX");
	return !mkdtemp(dir) || chdir(dir) ? -1 : 0;
}

static inline int
teardown(void **state)
{
	char cmd[128];

	tracerrig_close(rig);
	rig = NULL;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return chdir("/") || system(cmd);
}

static inline int
forget(void **state)
{
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

/* A name in the folder, valid until the next call but three. */
static inline const char *
in_dir(const char *name)
{
	static char paths[4][4400];
	static unsigned int at;
	char *path = paths[at++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static inline void
make_file(const char *name)
{
	int fd = open(name, O_CREAT | O_WRONLY, 0644);

	assert_true(fd >= 0);
	close(fd);
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
