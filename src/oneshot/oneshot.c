/* SPDX-License-Identifier: Apache-2.0 */
#include "oneshot/oneshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>


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
one_answer(struct oneshot *o, int fd, const struct msg_one_fd *facts)
{
	static const struct msg_one_fd nothing;

	return chan_send(o->ch, IPC_ONE_FD, o->seq, facts ? facts : &nothing, &fd);
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
