/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot/oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ipc/config.h"

#define FS_MAGIC_TRACEFS 0x74726163
#define PEER_GROUPS_MAX 65536	/* NGROUPS_MAX */

int
one_keep_caps(uint64_t keep)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &hdr, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &hdr, data) < 0 ? -errno : 0;
}

int
one_become(uid_t uid, const gid_t *gids, size_t n_gids, uint64_t root_caps)
{
	if (setgroups(n_gids - 1, gids + 1) < 0 || setresgid(gids[0], gids[0], gids[0]) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	/* The change of user resets both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return -errno;
	return one_keep_caps(uid == 0 ? root_caps : 0);
}

int
one_become_peer(int sock, uint64_t root_caps, uid_t *uid)
{
	static gid_t gids[PEER_GROUPS_MAX + 1];
	size_t n_gids = ARRAY_SIZE(gids);
	pid_t pid;
	int err = config_peer(sock, uid, &pid, gids, &n_gids);

	return err ? err : one_become(*uid, gids, n_gids, root_caps);
}

int
one_done(struct oneshot *o)
{
	static const struct msg_result ok = { .code = IPC_OK };

	return chan_send(o->ch, IPC_ONE_RESULT, o->seq, &ok, NULL);
}

int
one_answer(struct oneshot *o, int fd, const struct msg_one_fd *facts)
{
	static const struct msg_one_fd nothing;

	return chan_send(o->ch, IPC_ONE_FD, o->seq, facts ? facts : &nothing, &fd);
}

int
one_facts(struct oneshot *o, const struct msg_one_fd *facts)
{
	return chan_send(o->ch, IPC_ONE_FACTS, o->seq, facts, NULL);
}

int
one_refuse(struct oneshot *o, enum ipc_code code, int err, const char *fmt, ...)
{
	struct msg_result res = { .code = code, .err = err };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(res.text, sizeof(res.text), fmt, ap);
	va_end(ap);
	chan_send(o->ch, IPC_ONE_RESULT, o->seq, &res, NULL);
	return err;
}

long
one_read_file(int dir, const char *path, char *out, size_t size)
{
	AUTO(fd) int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		ssize_t n = read(fd, out + len, size - 1 - len);

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return (long)len;
}

int
one_event_type(struct oneshot *o, const char *name, uint32_t *type)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	if (one_read_file(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return one_refuse(o, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "this kernel has no %ss", name);
	*type = (uint32_t)strtoul(text, NULL, 10);
	return 0;
}

int
one_open_tracefs(struct oneshot *o)
{
	static const char *const dirs[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	struct statfs fs;

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		AUTO(fd) int dir = open(dirs[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0 && fstatfs(dir, &fs) == 0 && fs.f_type == FS_MAGIC_TRACEFS) {
			o->dir = TAKE_FD(dir);
			return 0;
		}
	}
	return one_refuse(o, IPC_FAILED_PRECONDITION, -ENODEV, "tracefs is not mounted on "
		"/sys/kernel/tracing, so tracepoints and functions cannot be found: mount -t tracefs tracefs "
		"/sys/kernel/tracing, or restart bpfd, which does it");
}
