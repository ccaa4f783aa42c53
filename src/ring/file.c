/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "ring/layout.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

size_t
ring_file_bytes(size_t data_bytes)
{
	return RING_HEAD_BYTES + data_bytes;
}

static int
sealed_memfd(const char *name, size_t bytes)
{
	AUTO(fd) int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int
ring_memfd(size_t data_bytes)
{
	if (data_bytes < RING_BYTES_MIN || data_bytes > RING_BYTES_MAX ||
	    (data_bytes & (data_bytes - 1)))
		return -EINVAL;
	return sealed_memfd("bpfd-ring", ring_file_bytes(data_bytes));
}

int
ring_cursor_memfd(void)
{
	return sealed_memfd("bpfd-cursor", RING_CURSOR_BYTES);
}

int
ring_readonly(int fd)
{
	char path[64];
	int ro;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ro = open(path, O_RDONLY | O_CLOEXEC);
	return ro < 0 ? -errno : ro;
}

/* Size of a file that cannot shrink under us, which would be a SIGBUS; -EINVAL. */
static int64_t
lasting_size(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0)
		return -EINVAL;
	return st.st_size;
}

static int
data_bytes_of(int fd, size_t *out)
{
	int64_t size = lasting_size(fd);
	size_t n;

	if (size < RING_HEAD_BYTES + RING_BYTES_MIN)
		return -EINVAL;
	n = (size_t)size - RING_HEAD_BYTES;
	if (n > RING_BYTES_MAX || (n & (n - 1)))
		return -EINVAL;
	*out = n;
	return 0;
}

int
ring_cursor_map(int fd, int prot, void **out)
{
	void *p;

	if (lasting_size(fd) != RING_CURSOR_BYTES)
		return -EINVAL;
	p = mmap(NULL, RING_CURSOR_BYTES, prot, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = p;
	return 0;
}

int
ring_map(int fd, int prot, struct ring_head **out, size_t *data_bytes)
{
	size_t n;
	int err = data_bytes_of(fd, &n);
	char *p;

	if (err)
		return err;
	p = mmap(NULL, RING_HEAD_BYTES + 2 * n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	if (mmap(p, RING_HEAD_BYTES + n, prot, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
	    mmap(p + RING_HEAD_BYTES + n, n, prot, MAP_SHARED | MAP_FIXED, fd, RING_HEAD_BYTES) ==
			MAP_FAILED) {
		err = -errno;
		munmap(p, RING_HEAD_BYTES + 2 * n);
		return err;
	}
	*out = (struct ring_head *)p;
	*data_bytes = n;
	return 0;
}

void
ring_unmap(struct ring_head *h, size_t data_bytes)
{
	if (h)
		munmap(h, RING_HEAD_BYTES + 2 * data_bytes);
}
