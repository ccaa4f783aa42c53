/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_IO_H
#define BPFD_COMMON_IO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole reads and writes of files, over signals.  0 or a negative errno. */

int	io_read(int fd, void *to, size_t size, size_t *len);	/* as much as there is, up to size */
int	io_write(int fd, const void *from, size_t len);

/* Exactly len bytes at that offset; -EIO where the file ends before. */
int	io_read_at(int fd, void *to, size_t len, uint64_t at);
int	io_write_at(int fd, const void *from, size_t len, uint64_t at);

/*
 * Puts a file into the folder dir (AT_FDCWD), in the place of one of that name: whoever looks sees the one
 * or the other, whole, after a power loss too.
 */
int	io_put(int dir, const char *name, const void *from, size_t len, mode_t mode);

#endif
