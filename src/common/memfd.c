/* SPDX-License-Identifier: Apache-2.0 */
#include "common/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/io.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
memfd_sealed(const char *name, const void *data, size_t len)
{
	AUTO(fd) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err;

	if (fd < 0)
		return -errno;
	err = io_write(fd, data, len);
	if (err)
		return err;
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return -errno;
	return TAKE_FD(fd);
}

long
memfd_seal_received(int fd, size_t max)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return -EINVAL;
	if ((seals & ALL_SEALS) != ALL_SEALS && fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0 &&
	    (fcntl(fd, F_GET_SEALS) & ALL_SEALS) != ALL_SEALS)
		return errno == EBUSY ? -EBUSY : -EINVAL;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0)
		return -EINVAL;
	return (size_t)st.st_size > max ? -EFBIG : (long)st.st_size;
}

const void *
memfd_map(int fd, size_t size)
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return NULL;
	if ((size_t)st.st_size != size) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}
