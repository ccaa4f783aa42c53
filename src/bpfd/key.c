/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of the tokens by which the loader knows again what administrators asked for before a
 * reboot.  Made once; nobody but the supervisor and the loader ever has it.  The folder is the
 * API's, so a file is only believed when root made it and nobody else can have.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"

#define NAME	"restore.key"
#define NEW	"restore.key.new"

/* -ENOENT: there is none; -EPERM: it is not ours. */
static int
read_key(int dir, uint8_t key[IPC_KEY_LEN])
{
	AUTO(fd) int fd = openat(dir, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t bytes[IPC_KEY_LEN];
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 07377) || st.st_nlink != 1 ||
	    st.st_size != IPC_KEY_LEN)
		return -EPERM;
	if (read(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		return -EIO;
	memcpy(key, bytes, sizeof(bytes));
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

/* Whole or not at all, also when the power goes. */
static int
make_key(int dir, uint8_t key[IPC_KEY_LEN])
{
	AUTO(fd) int fd = -1;

	if (getrandom(key, IPC_KEY_LEN, 0) != IPC_KEY_LEN)
		return -EIO;
	unlinkat(dir, NEW, 0);
	fd = openat(dir, NEW, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
	if (fd < 0)
		return -errno;
	if (write(fd, key, IPC_KEY_LEN) != IPC_KEY_LEN || fsync(fd) < 0)
		return -EIO;
	if (renameat(dir, NEW, dir, NAME) < 0 || fsync(dir) < 0)
		return -errno;
	return 0;
}

int
key_read(struct sup *s)
{
	int err = read_key(s->state, s->key);

	if (err == -EPERM) {
		log_warn("start.key", "path=%s/" NAME " is not a file that bpfd made: there is a new one, and "
			"what was loaded to come back after a reboot does not", s->paths.state);
		unlinkat(s->state, NAME, 0);
	}
	if (err == -ENOENT || err == -EPERM)
		err = make_key(s->state, s->key);
	return err ? (log_err(err, "start.key", "path=%s/" NAME, s->paths.state), EXIT_FAILED) : 0;
}
