/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_MEMFD_H
#define BPFD_COMMON_MEMFD_H

#include <stddef.h>

/*
 * Makes a memfd named name holding len bytes of data, sealed against every change.
 * Returns a CLOEXEC descriptor that the caller owns, or a negative errno.
 */
int	memfd_sealed(const char *name, const void *data, size_t len);

/*
 * Seals fd itself against every change (SEAL, SHRINK, GROW, WRITE) and then verifies it: a memfd,
 * no writable mapping left anywhere, size 1..max.  Never trusts seals that the sender claims.
 * Returns the size, -EBUSY (somebody can still write), -EINVAL (not a memfd, empty), -EFBIG.
 */
long	memfd_seal_received(int fd, size_t max);

/*
 * Maps a sealed memfd of exactly size bytes read-only and private.  Returns NULL with errno set.
 * The caller unmaps.
 */
const void *memfd_map(int fd, size_t size);

#endif
