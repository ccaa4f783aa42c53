/* SPDX-License-Identifier: Apache-2.0 */
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/log.h"

static int
refuse(struct oci_why *why, int err, const char *path)
{
	return oci_refuse(why, err, "%s: %s", LOG_QUOTE(path), strerror(-err));
}

static int
read_whole(int fd, uint8_t *to, size_t size, size_t *len)
{
	for (*len = 0; *len < size;) {
		ssize_t n = read(fd, to + *len, size - *len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		*len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int
file_read(int dir_fd, const char *path, uint64_t max, void **bytes, size_t *len, struct oci_why *why)
{
	/* Not blocking: it may be a fifo. */
	AUTO(fd) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	AUTO(mem) uint8_t *p = NULL;
	struct stat st;
	size_t n;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(why, -errno, path);
	if (!S_ISREG(st.st_mode))
		return oci_refuse(why, -EINVAL, "%s is no file", LOG_QUOTE(path));
	if ((uint64_t)st.st_size > max)
		return oci_refuse(why, -EFBIG, "%s has %llu bytes; up to %llu are taken", LOG_QUOTE(path),
			(unsigned long long)st.st_size, (unsigned long long)max);
	p = malloc((size_t)st.st_size + 1);
	if (!p)
		return refuse(why, -ENOMEM, path);
	err = read_whole(fd, p, (size_t)st.st_size, &n);
	if (err)
		return refuse(why, err, path);
	p[n] = '\0';
	*bytes = TAKE_PTR(p);
	*len = n;
	return 0;
}

static int
write_whole(int fd, const uint8_t *from, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, from + done, len - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int
file_write(int dir_fd, const char *path, const void *bytes, size_t len, struct oci_why *why)
{
	AUTO(fd) int fd = -1;
	char part[256];
	int err;

	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return refuse(why, -ENAMETOOLONG, path);
	fd = openat(dir_fd, part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		return refuse(why, -errno, part);
	err = write_whole(fd, bytes, len);
	if (!err && renameat(dir_fd, part, dir_fd, path) < 0)
		err = -errno;
	if (!err)
		return 0;
	unlinkat(dir_fd, part, 0);
	return refuse(why, err, path);
}
