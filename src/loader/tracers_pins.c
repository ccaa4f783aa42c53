/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/array.h"
#include "common/log.h"
#include "loader/tracers_functions.h"
#include "loader/tracers_parts.h"

#define PATH_ROOM 512
#define DONE "done"

/* Of one that is declared: its name and what it is declared as, so that another is not taken for it. */
static void
folder_of(const struct loader *ld, unsigned int n, char out[IPC_NAME_MAX])
{
	const struct declared *d = tracer_declared(ld, n);

	if (d)
		snprintf(out, IPC_NAME_MAX, "%s@%08x", d->name, d->probe.id);
	else
		snprintf(out, IPC_NAME_MAX, "%s", tracer_name(n) ?: "");
}

static void
path_of(const struct loader *ld, unsigned int n, const char *pin, char path[PATH_ROOM])
{
	char folder[IPC_NAME_MAX];

	folder_of(ld, n, folder);
	snprintf(path, PATH_ROOM, "%s/%s%s%s", ld->tracers.dir, folder, pin ? "/" : "", pin ? pin : "");
}

static int
remember(struct tracer_pins *p, const char *pin)
{
	if (array_room(&p->names, p->n, &p->room, sizeof(*p->names)))
		return -ENOMEM;
	snprintf(p->names[p->n++], sizeof(*p->names), "%s", pin);
	return 0;
}

int
tracer_pin(struct loader *ld, unsigned int n, const char *pin, int fd)
{
	char path[PATH_ROOM];
	int err;

	path_of(ld, n, NULL, path);
	if (mkdirat(AT_FDCWD, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	path_of(ld, n, pin, path);
	err = kernel_pin(&ld->kernel, fd, path);
	return err ? err : remember(&ld->tracers.t[n].pins, pin);
}

int
tracer_mark(struct loader *ld, unsigned int n, const char *pin)
{
	char path[PATH_ROOM];

	path_of(ld, n, NULL, path);
	if (mkdirat(AT_FDCWD, path, 0700) < 0 && errno != EEXIST)
		return -errno;
	path_of(ld, n, pin, path);
	if (mkdirat(AT_FDCWD, path, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	return remember(&ld->tracers.t[n].pins, pin);
}

int
tracer_done(struct loader *ld, unsigned int n)
{
	return tracer_mark(ld, n, DONE);
}

int
tracer_get(struct loader *ld, unsigned int n, const char *pin)
{
	char path[PATH_ROOM];

	path_of(ld, n, pin, path);
	return kernel_get(&ld->kernel, path);
}

const char *
tracer_pin_of(const struct tracer_facts *f, char kind, const char *after)
{
	size_t i = 0;

	while (after && i < f->pins.n && strcmp(f->pins.names[i++], after) != 0)
		;
	for (; i < f->pins.n; i++)
		if (f->pins.names[i][0] == kind && f->pins.names[i][1] == '-')
			return f->pins.names[i];
	return NULL;
}

uint32_t
tracer_count_pins(const struct tracer_facts *f, const char *kinds)
{
	uint32_t n = 0;

	for (size_t i = 0; i < f->pins.n; i++)
		n += f->pins.names[i][1] == '-' && strchr(kinds, f->pins.names[i][0]);
	return n;
}

bool
tracer_has_pin(const struct tracer_facts *f, const char *pin)
{
	for (size_t i = 0; i < f->pins.n; i++)
		if (strcmp(f->pins.names[i], pin) == 0)
			return true;
	return false;
}

/* The pin goes first and the descriptor last: then the program is off the hook. */
static void
drop(struct loader *ld, const char *path)
{
	AUTO(fd) int fd = strncmp(strrchr(path, '/'), "/l-", 3) == 0 ? kernel_get(&ld->kernel, path) : -1;

	if (unlinkat(AT_FDCWD, path, 0) < 0)
		unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

void
tracer_unpin(struct loader *ld, unsigned int n, const char *pin)
{
	struct tracer_pins *p = &ld->tracers.t[n].pins;
	char path[PATH_ROOM];

	path_of(ld, n, pin, path);
	drop(ld, path);
	for (size_t i = p->n; i-- > 0;)
		if (strcmp(p->names[i], pin) == 0)
			memmove(p->names + i, p->names + i + 1, (--p->n - i) * sizeof(*p->names));
}

/* "done" first, so that an interruption leaves something that is not taken over. */
void
tracer_unpin_all(struct loader *ld, unsigned int n, bool forget)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	const unsigned int tries = forget ? 0 : f->tries;
	char path[PATH_ROOM], pin[IPC_NAME_MAX];

	tracer_unpin(ld, n, DONE);
	for (size_t i = f->pins.n; i-- > 0;) {
		memcpy(pin, f->pins.names[i], sizeof(pin));	/* it moves */
		tracer_unpin(ld, n, pin);
	}
	path_of(ld, n, NULL, path);
	unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
	free(f->pins.names);
	memset(f, 0, sizeof(*f));
	f->tries = tries;
}

/* Names in a directory below the working directory, before the sandbox. */
static int
scan(struct loader *ld, const char *path, int (*each)(struct loader *, const char *path, const char *name))
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		close_keep_errno(fd);
		return errno == ENOENT ? 0 : -errno;
	}
	while (!err && (e = readdir(d)))
		if (e->d_name[0] != '.')
			err = each(ld, path, e->d_name);
	closedir(d);
	return err;
}

static int
remove_tree(struct loader *ld, const char *path, const char *name)
{
	char full[PATH_ROOM];

	if ((size_t)snprintf(full, sizeof(full), "%s/%s", path, name) >= sizeof(full))
		return -ENAMETOOLONG;
	if (unlinkat(AT_FDCWD, full, 0) == 0)
		return 0;
	scan(ld, full, remove_tree);
	return unlinkat(AT_FDCWD, full, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int
remember_stale(struct loader *ld, const char *path, const char *name)
{
	char full[IPC_NAME_MAX];

	if ((size_t)snprintf(full, sizeof(full), "%s/%s", path, name) >= sizeof(full))
		return remove_tree(ld, path, name);
	return remember(&ld->tracers.stale, full);
}

/* What stops acts does so until the next table is in force. */
static int
found_stale(struct loader *ld, const char *path, const char *name)
{
	char full[PATH_ROOM];

	if (strcmp(name, tracer_name(TR_ENFORCE)) != 0)
		return remove_tree(ld, path, name);
	snprintf(full, sizeof(full), "%s/%s", path, name);
	return remember_stale(ld, path, name) || scan(ld, full, remember_stale) ? -EIO : 0;
}

static int
found_other(struct loader *ld, const char *path, const char *name)
{
	char full[PATH_ROOM];

	if (strcmp(name, strchr(ld->tracers.dir, '/') + 1) == 0)
		return 0;
	log_notice("tracers.stale", "pins=%s of another version or configuration", LOG_QUOTE(name));
	snprintf(full, sizeof(full), "%s/%s", path, name);
	if (remember_stale(ld, path, name) || scan(ld, full, found_stale))
		log_warn("tracers.stale", "pins=%s are not all removed", LOG_QUOTE(name));
	return 0;
}

void
tracers_drop_stale(struct loader *ld)
{
	struct tracer_pins *p = &ld->tracers.stale;

	while (p->n > 0)
		drop(ld, p->names[--p->n]);
}

static unsigned int scanned;	/* the tracer whose directory scan() is in: its callback has no room */

static int
found_pin(struct loader *ld, const char *path, const char *name)
{
	if (strcmp(name, DONE) == 0)
		ld->tracers.t[scanned].loaded = true;
	return strlen(name) < IPC_NAME_MAX ? remember(&ld->tracers.t[scanned].pins, name) : 0;
}

static int
found_tracer(struct loader *ld, const char *path, const char *name)
{
	char full[PATH_ROOM], folder[IPC_NAME_MAX];

	for (scanned = TRACER_CORE; scanned < N_TRACERS; scanned++) {
		folder_of(ld, scanned, folder);
		if (strcmp(name, folder) == 0)
			break;
	}
	if (scanned == N_TRACERS)
		return remove_tree(ld, path, name);
	snprintf(full, sizeof(full), "%s/%s", path, name);
	return scan(ld, full, found_pin);
}

int
tracers_scan(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	int err;

	snprintf(t->dir, sizeof(t->dir), "tracer/%s-%s-%u-%u-%u-%u", tracer_objects_digest_text(),
		tracers_no_functions(ld->cfg) ? "c" : "f", ld->n_cpus,
		tracers_ring_bytes(ld, EV_CONTROL), tracers_ring_bytes(ld, EV_BULK),
		tracers_ring_bytes(ld, EV_PRIORITY));
	if (mkdirat(AT_FDCWD, "tracer", 0700) < 0 && errno != EEXIST)
		return -errno;
	err = scan(ld, "tracer", found_other);
	if (!err && mkdirat(AT_FDCWD, t->dir, 0700) < 0 && errno != EEXIST)
		err = -errno;
	if (!err)
		err = scan(ld, t->dir, found_tracer);
	return err;
}
