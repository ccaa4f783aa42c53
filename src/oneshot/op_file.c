/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file that a uprobe is to be put into, opened as the client: of the host, or below the root of a
 * process, through its own mounts.  Opened once; what is done later is done to this very file.
 */
#include <errno.h>
#include <fcntl.h>
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

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_FILE
#include "oneshot/sandbox.def"
};

/* What was asked, and where it is looked for. */
struct search {
	const struct msg_file *req;
	int root;			/* AT_FDCWD: the host's */
	uid_t uid;
	char found[LIBRARY_NAME_MAX];
};

/* No link of /proc leads out of the root, nor to what another process has open. */
static int
open_below(void *arg, const char *path, int flags)
{
	const struct search *s = arg;
	struct open_how how = { .flags = (uint64_t)(flags | O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
		.resolve = RESOLVE_NO_MAGICLINKS | (s->root == AT_FDCWD ? 0 : RESOLVE_IN_ROOT) };
	long fd = syscall(SYS_openat2, s->root, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int
refuse(struct oneshot *o, const struct search *s, int err)
{
	const char *path = s->req->path;
	char where[48] = "";

	if (s->req->pid)
		snprintf(where, sizeof(where), " in the root of process %u", s->req->pid);
	if (err == -EEXIST)
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "there are several versions of %s%s, one is "
			"%s: give the name with its number, or a path", path, where, s->found);
	if (err == -ENOENT && path[0] != '/')
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no library %s%s in the usual folders "
			"(/lib, /usr/lib, ...): give its absolute path", path, where);
	if (err == -ENOENT || err == -ENOTDIR)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no file %s%s", path, where);
	if (err == -EACCES || err == -EPERM)
		return one_refuse(o, IPC_PERMISSION_DENIED, err, "you (uid %u) may not read %s%s", s->uid,
			path, where);
	if (err == -ELOOP)
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "%s%s goes through a link of /proc or in "
			"circles; container-pid=PID reaches into the root of a process", path, where);
	return one_refuse(o, IPC_INVALID_ARGUMENT, err, "cannot open %s%s: %s", path, where,
		strerrordesc_np(-err));
}

/* With our own capabilities, for a process may have others; what is below it is the client's affair. */
static int
open_root(struct oneshot *o, uint32_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/root", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ESRCH)
		return one_refuse(o, IPC_NOT_FOUND, -ENOENT, "there is no process %u", pid);
	return one_refuse(o, IPC_FAILED_PRECONDITION, -errno, "cannot open the root of process %u: %m", pid);
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	struct search s = { .req = payload, .root = AT_FDCWD };
	struct msg_one_fd facts = { 0 };
	AUTO(fd) int root = -1;
	AUTO(fd) int file = -1;
	struct stat st;
	int err;

	if (!IPC_STR_OK(s.req->path) || !library_or_path(s.req->path))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, LIBRARY_OR_PATH);
	if (s.req->pid) {
		root = open_root(o, s.req->pid);
		if (root < 0)
			return root;
		s.root = root;
	}
	err = one_become_peer(fds[0], CAP_BIT(DAC_READ_SEARCH), &s.uid);
	if (err)
		return one_refuse(o, IPC_INTERNAL, err, "cannot take the client's identity: %s",
			strerrordesc_np(-err));
	file = s.req->path[0] == '/' ? open_below(&s, s.req->path, 0) : library_open(s.req->path, open_below, &s, s.found);
	if (file < 0)
		return refuse(o, &s, file);
	if (fstat(file, &st) < 0 || !S_ISREG(st.st_mode))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not a regular file", s.req->path);
	facts.size = (uint64_t)st.st_size;
	return one_answer(o, file, &facts);
}

/* SYS_PTRACE: /proc/PID/root of a process with other capabilities. */
const struct one_op op_ONE_FILE = {
	.caps = CAP_BIT(SETUID) | CAP_BIT(SETGID) | CAP_BIT(DAC_READ_SEARCH) | CAP_BIT(SYS_PTRACE),
	ONE_RULES_FIELDS,
	.run = run,
};
