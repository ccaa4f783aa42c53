/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libbpf reaches the kernel and the file system through symbols of libc, zlib and its own that a
 * program may define itself.  These are the ones that it uses while it links an object; each works
 * on what was opened before the sandbox, so the sandbox needs no open and no bpf(2).
 */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <zlib.h>

#include "common/auto.h"
#include "ipc/bpfcmds.h"
#include "linker/linker.h"

/* libbpf passes no context: the one linker of this process. */
static struct linker *self;
static long (*libc_syscall)(long nr, ...);

void
shims_install(struct linker *ln)
{
	self = ln;
}

long
syscall(long nr, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == __NR_bpf && self)
		return linker_bpf(self, (uint32_t)a[0], (void *)a[1], (uint32_t)a[2]);
	if (!libc_syscall)
		libc_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	return libc_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static struct btf *
parse_copy(int fd, size_t size)
{
	AUTO(mem) void *data = malloc(size);
	size_t got = 0;

	while (data && got < size) {
		ssize_t n = pread(fd, (char *)data + got, size - got, (off_t)got);

		if (n <= 0)
			return NULL;
		got += (size_t)n;
	}
	return data ? btf__new(data, (uint32_t)size) : NULL;
}

/* mmap of the file came with Linux 6.16; btf__new() copies it, so that the mapping goes again. */
struct btf *
shims_parse_vmlinux(int fd)
{
	struct stat st;
	struct btf *btf;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > UINT32_MAX) {
		errno = ENOENT;
		return NULL;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return parse_copy(fd, (size_t)st.st_size);
	btf = btf__new(map, (uint32_t)st.st_size);
	munmap(map, (size_t)st.st_size);
	return btf;
}

/* Each object asks for it and frees it; parsed once for all, it is a third of a load. */
struct btf *
btf__load_vmlinux_btf(void)
{
	if (self->few.btf)
		return self->few.btf;
	if (!self->vmlinux)
		self->vmlinux = shims_parse_vmlinux(self->btf_fd);
	return self->vmlinux;
}

void
btf__free(struct btf *btf)
{
	static void (*libbpf_free)(struct btf *btf);

	if (!btf || (self && (btf == self->vmlinux || btf == self->few.btf)))
		return;
	if (!libbpf_free)
		libbpf_free = (void (*)(struct btf *))dlsym(RTLD_NEXT, "btf__free");
	libbpf_free(btf);
}

int
libbpf_num_possible_cpus(void)
{
	return self->n_cpus;
}

/* The kernel's configuration, under whatever name it is asked for. */
gzFile
gzopen64(const char *path, const char *mode)
{
	int fd = self->kconfig_fd < 0 ? -1 : fcntl(self->kconfig_fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0) {
		close_keep_errno(fd);
		return NULL;
	}
	return gzdopen(fd, mode);
}

/* An empty list of the kernel's symbols: their addresses are not for a process that reads foreign
 * files.  A weak extern is then NULL, another one an error that names it. */
FILE *
fopen64(const char *path, const char *mode)
{
	int fd;

	if (strcmp(path, "/proc/kallsyms") != 0) {
		errno = EACCES;
		return NULL;
	}
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? NULL : fdopen(fd, mode);
}

/* bpf_map__reuse_fd() opens "/" to reserve a descriptor number. */
int
open64(const char *path, int flags, ...)
{
	if (strcmp(path, "/") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	errno = EACCES;
	return -1;
}

/* The two checks before a map is pinned by name: the loader decides about the path. */
int
mkdir(const char *path, mode_t mode)
{
	errno = EEXIST;
	return -1;
}

int
statfs64(const char *path, struct statfs64 *out)
{
	memset(out, 0, sizeof(*out));
	out->f_type = BPF_FS_MAGIC;
	return 0;
}
