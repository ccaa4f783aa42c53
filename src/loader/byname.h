/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_BYNAME_H
#define BPFD_LOADER_BYNAME_H

#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"
#include "loader/kernel.h"

/*
 * Maps that objects ask to share by name (PIN_BY_NAME): pinned as byname/NAME as long as a load or
 * a group uses them.
 */
struct byname {
	struct kernel *kernel;
	int dir;			/* the directory byname/ */
	struct byname_entry {
		char name[IPC_NAME_MAX];
		uint32_t users;
	} *all;
	size_t n, room;
};

/* Pins fd and makes the caller a user.  -EEXIST, -EINVAL (a name that no pin can have), -ENOMEM. */
int	byname_pin(struct byname *t, const char *name, int fd);

/* A descriptor of the map, the caller's, who is a user then.  -ENOENT. */
int	byname_open(struct byname *t, const char *name);

void	byname_use(struct byname *t, const char *name);		/* one user more */
void	byname_release(struct byname *t, const char *name);	/* the last one unpins */
int	byname_found(struct byname *t, const char *name);	/* a pin without users, at start */
void	byname_sweep(struct byname *t);				/* unpins those without users */
void	byname_free(struct byname *t);				/* pins stay */

/* What a path under BPFCMD_PIN_DIR names; NULL when it is not one of those. */
const char *byname_of_path(const char *path);

#endif
