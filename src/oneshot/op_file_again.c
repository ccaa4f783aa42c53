/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that a uprobe was in before a reboot, for the same uprobe and without the client who could
 * show what it may read.  So nobody but root may have decided meanwhile what is at that path: each
 * folder and link on the way is root's, and nobody else may write there or to the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oneshot/library.h"
#include "oneshot/oneshot.h"

#define LINKS_MAX 40		/* as the kernel follows */
#define NOGROUP 65534		/* which groups the user is in, nobody says now */

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_FILE_AGAIN
#include "oneshot/sandbox.def"
};

struct walk {
	char left[PATH_MAX];		/* from at on */
	char *at;
	unsigned int n_links;
	struct stat st;			/* of what is not root's alone, */
	char not_ours[NAME_MAX + 1];	/* and its name; "" */
};

static bool
roots_alone(const struct stat *st)
{
	return st->st_uid == 0 && (S_ISLNK(st->st_mode) || !(st->st_mode & (S_IWGRP | S_IWOTH)));
}

static int
open_one(int dir, const char *name, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC | O_NOFOLLOW) };
	long fd = syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

/* What a link says takes its place in the path. */
static int
follow(struct walk *w, int link, int *dir)
{
	char path[PATH_MAX], to[PATH_MAX];
	ssize_t len = readlinkat(link, "", to, sizeof(to) - 1);

	if (len < 0)
		return -errno;
	to[len] = '\0';
	if (++w->n_links > LINKS_MAX)
		return -ELOOP;
	if (snprintf(path, sizeof(path), "%s/%s", to, w->at) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	strcpy(w->left, path);
	w->at = w->left;
	if (to[0] != '/')
		return 0;
	close(TAKE_FD(*dir));
	*dir = open_one(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
	return *dir < 0 ? *dir : 0;
}

/* The next part of the path: its name, "" at the end. */
static int
next(struct walk *w, char name[NAME_MAX + 1])
{
	size_t len;

	w->at += strspn(w->at, "/");
	len = strcspn(w->at, "/");
	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, w->at, len);
	name[len] = '\0';
	w->at += len;
	return 0;
}

/* Opens a path part by part.  -EPERM: one is not root's alone. */
static int
walk(void *arg, const char *path, int flags)
{
	struct walk *w = arg;
	AUTO(fd) int dir = open_one(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
	char name[NAME_MAX + 1];
	int err = dir < 0 ? dir : 0;

	if (snprintf(w->left, sizeof(w->left), "%s", path) >= (int)sizeof(w->left))
		return -ENAMETOOLONG;
	w->at = w->left;
	w->n_links = 0;
	while (!err) {
		AUTO(fd) int part = -1;

		err = next(w, name);
		if (err)
			return err;
		part = open_one(dir, name[0] ? name : ".", O_PATH);
		if (part < 0 || fstat(part, &w->st) < 0)
			return part < 0 ? part : -errno;
		if (!roots_alone(&w->st)) {
			strcpy(w->not_ours, name);
			return -EPERM;
		}
		if (S_ISLNK(w->st.st_mode)) {
			err = follow(w, part, &dir);
			continue;
		}
		if (!w->at[strspn(w->at, "/")])
			return open_one(dir, name[0] ? name : ".", flags | O_RDONLY | O_NOCTTY | O_NONBLOCK);
		close(TAKE_FD(dir));
		dir = TAKE_FD(part);
	}
	return err;
}

static int
refuse(struct oneshot *o, const struct msg_file_again *req, const struct walk *w, const char *found, int err)
{
	if (err == -EPERM && w->not_ours[0])
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "%s may be another file by now, for not only "
			"root decides what it is: \"%s\" is uid %u's, mode %04o", req->path, w->not_ours,
			w->st.st_uid, w->st.st_mode & 07777);
	if (err == -EEXIST)
		return one_refuse(o, IPC_FAILED_PRECONDITION, err, "there are several versions of %s now, one is %s",
			req->path, found);
	if (err == -EACCES)
		return one_refuse(o, IPC_PERMISSION_DENIED, err, "uid %u, without the groups that it was in, may "
			"not read %s", req->uid, req->path);
	return one_refuse(o, IPC_NOT_FOUND, err, "cannot open %s: %s", req->path, strerrordesc_np(-err));
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_file_again *req = payload;
	const gid_t gid = req->uid ? NOGROUP : 0;
	char found[LIBRARY_NAME_MAX] = "";
	struct msg_one_fd facts = { 0 };
	struct walk w = { .at = w.left };
	AUTO(fd) int file = -1;
	int err;

	if (!IPC_STR_OK(req->path) || !library_or_path(req->path))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, LIBRARY_OR_PATH);
	err = one_become(req->uid, &gid, 1, CAP_BIT(DAC_READ_SEARCH));
	if (err)
		return one_refuse(o, IPC_INTERNAL, err, "cannot become uid %u: %s", req->uid, strerrordesc_np(-err));
	file = req->path[0] == '/' ? walk(&w, req->path, 0) : library_open(req->path, walk, &w, found);
	if (file < 0)
		return refuse(o, req, &w, found, file);
	if (fstat(file, &w.st) < 0 || !S_ISREG(w.st.st_mode) || !roots_alone(&w.st))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not a regular file of root's", req->path);
	facts.size = (uint64_t)w.st.st_size;
	return one_answer(o, file, &facts);
}

const struct one_op op_ONE_FILE_AGAIN = {
	.caps = CAP_BIT(SETUID) | CAP_BIT(SETGID) | CAP_BIT(DAC_READ_SEARCH),
	ONE_RULES_FIELDS,
	.run = run,
};
