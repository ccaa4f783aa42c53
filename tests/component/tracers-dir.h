/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_DIR_H
#define BPFD_TESTS_TRACERS_DIR_H

/* The tracers of files, and a folder to act in. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bpf/fileops.h"
#include "bpf/filetop.h"
#include "tracers-own.h"

#ifndef DIR_TRACERS			/* others may be set before */
#define DIR_TRACERS "open", "openbreakout", "fileops", "filetop"
#endif
static const char *const tracers[] = { DIR_TRACERS, NULL };
static char dir[64];			/* the test's own, the working directory too */

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

	close_rig(state);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return chdir("/") || system(cmd);
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

#endif
