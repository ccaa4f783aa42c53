/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "oneshot/oneshot.h"

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_OPEN
#include "oneshot/sandbox.def"
};

static int
open_as_peer(const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int
refuse_open(struct oneshot *o, const char *path, uid_t uid, int err)
{
	if (err == -ENOENT || err == -ENOTDIR)
		return one_refuse(o, IPC_NOT_FOUND, err, "there is no file %s", path);
	if (err == -EACCES || err == -EPERM)
		return one_refuse(o, IPC_PERMISSION_DENIED, err, "you (uid %u) may not read %s", uid, path);
	return one_refuse(o, IPC_INVALID_ARGUMENT, err, "cannot open %s: %s", path,
		strerrordesc_np(-err));
}

/* Copies in the kernel: the bytes never pass through this process.  One byte more than max is
 * asked for, so that a file that grows meanwhile is seen. */
static int
copy(int from, int to, uint64_t max, uint64_t *size)
{
	uint64_t done = 0;

	while (done <= max) {
		ssize_t n = sendfile(to, from, NULL, max + 1 - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (uint64_t)n;
	}
	*size = done;
	return done > max ? -EFBIG : 0;
}

static int
answer_copy(struct oneshot *o, const struct msg_path *req, int file, int memfd)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	struct msg_one_fd facts = { 0 };
	struct stat st;
	int err;

	if (fstat(file, &st) < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "fstat: %m");
	if (!S_ISREG(st.st_mode))
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "%s is not a regular file", req->path);
	err = (uint64_t)st.st_size > req->max_bytes ? -EFBIG :
		copy(file, memfd, req->max_bytes, &facts.size);
	if (err == -EFBIG)
		return one_refuse(o, IPC_RESOURCE_EXHAUSTED, err, "%s is larger than the %llu bytes that "
			"limits.object_bytes allows", req->path, (unsigned long long)req->max_bytes);
	if (err)
		return one_refuse(o, IPC_INVALID_ARGUMENT, err, "cannot copy %s: %s", req->path,
			strerrordesc_np(-err));
	if (facts.size == 0)
		return one_refuse(o, IPC_INVALID_ARGUMENT, -ENODATA, "%s is empty", req->path);
	if (fcntl(memfd, F_ADD_SEALS, seals) < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "cannot seal the copy: %m");
	return one_answer(o, memfd, &facts);
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_path *req = payload;
	AUTO(fd) int memfd = memfd_create("bpfd-object", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	AUTO(fd) int file = -1;
	uid_t uid = 0;
	int err;

	if (memfd < 0)
		return one_refuse(o, IPC_INTERNAL, -errno, "memfd: %m");
	if (!IPC_STR_OK(req->path) || req->path[0] != '/')
		return one_refuse(o, IPC_INVALID_ARGUMENT, -EINVAL, "the path must be absolute");
	err = one_become_peer(fds[0], CAP_BIT(DAC_READ_SEARCH), &uid);
	if (err)
		return one_refuse(o, IPC_INTERNAL, err, "cannot take the client's identity: %s",
			strerrordesc_np(-err));
	file = open_as_peer(req->path);
	if (file < 0)
		return refuse_open(o, req->path, uid, file);
	return answer_copy(o, req, file, memfd);
}

const struct one_op op_ONE_OPEN = {
	.caps = CAP_BIT(SETUID) | CAP_BIT(SETGID) | CAP_BIT(DAC_READ_SEARCH),
	ONE_RULES_FIELDS,
	.run = run,
};
