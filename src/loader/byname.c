/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/byname.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/array.h"
#include "ipc/bpfcmds.h"

static bool
name_ok(const char *name)
{
	size_t len = strnlen(name, IPC_NAME_MAX);

	if (len == 0 || len == IPC_NAME_MAX)
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '_' && *name != '-')
			return false;
	return true;
}

const char *
byname_of_path(const char *path)
{
	size_t n = strlen(BPFCMD_PIN_DIR);

	/* libbpf joins directory and name by another slash. */
	if (strncmp(path, BPFCMD_PIN_DIR, n) != 0)
		return NULL;
	path += n + (path[n] == '/');
	return name_ok(path) ? path : NULL;
}

static struct byname_entry *
find(struct byname *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->all[i].name, name) == 0)
			return &t->all[i];
	return NULL;
}

static void
path_of(char *path, size_t size, const char *name)
{
	snprintf(path, size, "byname/%s", name);
}

static void
remove_entry(struct byname *t, struct byname_entry *e)
{
	unlinkat(t->dir, e->name, 0);
	*e = t->all[--t->n];
}

int
byname_found(struct byname *t, const char *name)
{
	if (!name_ok(name))
		return -EINVAL;
	if (array_room(&t->all, t->n, &t->room, sizeof(*t->all)))
		return -ENOMEM;
	memset(&t->all[t->n], 0, sizeof(t->all[0]));
	strcpy(t->all[t->n++].name, name);
	return 0;
}

int
byname_pin(struct byname *t, const char *name, int fd)
{
	char path[IPC_NAME_MAX + 16];
	int err;

	if (find(t, name))
		return -EEXIST;
	err = byname_found(t, name);
	if (err)
		return err;
	path_of(path, sizeof(path), name);
	err = kernel_pin(t->kernel, fd, path);
	if (err)
		t->n--;
	else
		t->all[t->n - 1].users = 1;
	return err;
}

int
byname_open(struct byname *t, const char *name)
{
	struct byname_entry *e = find(t, name);
	char path[IPC_NAME_MAX + 16];
	int fd;

	if (!e)
		return -ENOENT;
	path_of(path, sizeof(path), name);
	fd = kernel_get(t->kernel, path);
	if (fd >= 0)
		e->users++;
	return fd;
}

void
byname_use(struct byname *t, const char *name)
{
	struct byname_entry *e = find(t, name);

	if (e)
		e->users++;
}

void
byname_release(struct byname *t, const char *name)
{
	struct byname_entry *e = find(t, name);

	if (e && --e->users == 0)
		remove_entry(t, e);
}

void
byname_sweep(struct byname *t)
{
	for (size_t i = t->n; i-- > 0;)
		if (t->all[i].users == 0)
			remove_entry(t, &t->all[i]);
}

void
byname_free(struct byname *t)
{
	free(t->all);
	t->all = NULL;
	t->n = t->room = 0;
}
