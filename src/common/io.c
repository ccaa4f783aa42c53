/* SPDX-License-Identifier: Apache-2.0 */
#include "common/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include "common/auto.h"

int
io_read(int fd, void *to, size_t size, size_t *len)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, (uint8_t *)to + have, size - have);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		have += n > 0 ? (size_t)n : 0;
	}
	*len = have;
	return 0;
}

int
io_write(int fd, const void *from, size_t len)
{
	const uint8_t *p = from;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_read_at(int fd, void *to, size_t len, uint64_t at)
{
	uint8_t *p = to;

	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_write_at(int fd, const void *from, size_t len, uint64_t at)
{
	const uint8_t *p = from;

	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

int
io_put(int dir, const char *name, const void *from, size_t len, mode_t mode)
{
	AUTO(fd) int fd = -1;
	char new[PATH_MAX];
	int err;

	if ((size_t)snprintf(new, sizeof(new), "%s.new", name) >= sizeof(new))
		return -ENAMETOOLONG;
	fd = openat(dir, new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	err = io_write(fd, from, len);
	if (!err && fsync(fd) < 0)
		err = -errno;
	if (!err && renameat(dir, new, dir, name) < 0)
		err = -errno;
	if (err)
		unlinkat(dir, new, 0);
	return err;
}
