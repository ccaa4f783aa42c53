/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/vfs.h>

#include "common/log.h"
#include "oneshot/oneshot.h"

#define FS_MAGIC_BPF	0xcafe4a11

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_UMOUNT
#include "oneshot/sandbox.def"
};

/* The exit status is the answer: the supervisor waits for that anyway. */
static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_umount *req = payload;
	AUTO(fd) int dir = -1;
	struct statfs fs;

	if (!IPC_STR_OK(req->name) || !req->name[0] || strchr(req->name, '/') ||
	    strcmp(req->name, ".") == 0 || strcmp(req->name, "..") == 0)
		return log_err(-EINVAL, "oneshot.umount", "name=%s", LOG_QUOTE(req->name));
	if (fchdir(fds[0]) < 0)
		return log_err(-errno, "oneshot.umount", "step=fchdir");
	dir = open(req->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || fstatfs(dir, &fs) < 0)
		return log_err(-errno, "oneshot.umount", "name=%s", LOG_QUOTE(req->name));
	if ((uint32_t)fs.f_type != FS_MAGIC_BPF)
		return log_err(-EINVAL, "oneshot.umount", "name=%s it is not a bpffs", LOG_QUOTE(req->name));
	if (umount2(req->name, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		return log_err(-errno, "oneshot.umount", "name=%s", LOG_QUOTE(req->name));
	return 0;
}

const struct one_op op_ONE_UMOUNT = {
	.caps = CAP_BIT(SYS_ADMIN) | CAP_BIT(DAC_READ_SEARCH),
	ONE_RULES_FIELDS,
	.run = run,
};
