/* SPDX-License-Identifier: Apache-2.0 */
#include "image/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/io.h"
#include "common/log.h"

static int
refuse(struct oci_why *why, int err, const char *path)
{
	return oci_refuse(why, err, "%s: %s", LOG_QUOTE(path), strerror(-err));
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
	err = io_read(fd, p, (size_t)st.st_size, &n);
	if (err)
		return refuse(why, err, path);
	p[n] = '\0';
	*bytes = TAKE_PTR(p);
	*len = n;
	return 0;
}

int
file_write(int dir_fd, const char *path, const void *bytes, size_t len, struct oci_why *why)
{
	int err = io_put(dir_fd, path, bytes, len, 0666);

	return err ? refuse(why, err, path) : 0;
}
