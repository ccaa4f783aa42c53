/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of files, in a folder in memory. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../component/uring.h"
#include "loads.h"

static char dir[] = "/dev/shm/bpfd-loads-XXXXXX", path[64], folder[64];
static int file = -1;
static struct uring ring;

static bool
begin(void)
{
	if (!mkdtemp(dir))
		return false;
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(folder, sizeof(folder), "%s/folder", dir);
	file = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	return file >= 0 && write(file, "x", 1) == 1;
}

static void
end(void)
{
	close(file);
	unlink(path);
	rmdir(dir);
}

static bool
open_close(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && !close(fd);
}

static bool
make_remove(void)
{
	return !mkdir(folder, 0700) && !rmdir(folder);
}

static bool
read_one(void)
{
	char c;

	return pread(file, &c, 1, 0) == 1;
}

static bool
begin_ring(void)
{
	return begin() && uring_open(&ring, 4, 0);
}

static bool
open_by_ring(void)
{
	struct io_uring_sqe *sqe = uring_sqe(&ring, IORING_OP_OPENAT, AT_FDCWD);
	int fd;

	sqe->addr = (uintptr_t)path;
	sqe->open_flags = O_RDONLY | O_CLOEXEC;
	fd = uring_one(&ring);
	return fd >= 0 && !close(fd);
}

static void
end_ring(void)
{
	close(ring.fd);
	end();
}

const struct load loads_files[] = {
	{ "open", "open, close", 200, begin, open_close, end },
	{ "openbreakout", "open, close", 200, begin, open_close, end },
	{ "fileops", "mkdir, rmdir", 100, begin, make_remove, end },
	{ "filetop", "pread of a byte", 1000, begin, read_one, end },
	{ "iouring", "open by a ring, close", 200, begin_ring, open_by_ring, end_ring },
	{ .tracer = NULL },
};
