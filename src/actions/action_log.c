/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "actions/output.h"
#include "common/auto.h"

#define NAME_ROOM 288

static void
number_name(char out[NAME_ROOM], const char *path, uint64_t n)
{
	snprintf(out, NAME_ROOM, "%s.%llu", path, (unsigned long long)n);
}

int
log_open(struct worker *w, struct output *o)
{
	AUTO(fd) int fd = openat(w->fd[ACTION_FD_LOG_DIR], w->table->a[o->action].path,
		O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;		/* somebody put a FIFO there */
	close_keep_errno(o->fd);
	o->fd = TAKE_FD(fd);
	o->regular = true;
	o->size = (uint64_t)st.st_size;
	o->ino = st.st_ino;
	return 0;
}

/* Others rotate logs too, or remove them. */
bool
log_moved(const struct worker *w, const struct output *o)
{
	struct stat st;

	if (fstatat(w->fd[ACTION_FD_LOG_DIR], w->table->a[o->action].path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT;
	return st.st_ino != o->ino;
}

/* NAME.4 becomes NAME.5, ..., NAME becomes NAME.1; the oldest goes.  A kill in between leaves a
 * hole in the numbers, which the next rotation closes. */
int
log_rotate(struct worker *w, struct output *o)
{
	const char *path = w->table->a[o->action].path;
	int dir = w->fd[ACTION_FD_LOG_DIR];
	char from[NAME_ROOM], to[NAME_ROOM];

	number_name(to, path, o->keep);
	if (o->keep == 0) {
		if (unlinkat(dir, path, 0) < 0)
			return -errno;
		return log_open(w, o);
	}
	for (uint64_t n = o->keep; n > 1; n--) {
		number_name(from, path, n - 1);
		number_name(to, path, n);
		if (renameat(dir, from, dir, to) < 0 && errno != ENOENT)
			return -errno;
	}
	number_name(to, path, 1);
	if (renameat(dir, path, dir, to) < 0 && errno != ENOENT)
		return -errno;
	return log_open(w, o);
}
