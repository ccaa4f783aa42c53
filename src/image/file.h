/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IMAGE_FILE_H
#define BPFD_IMAGE_FILE_H

#include "oci/oci.h"

/* Files of the user who runs bpfctl. */

/* A regular file below dir_fd (AT_FDCWD) of at most max bytes.  *bytes is allocated, with a NUL behind.  -ENOENT,
 * -EFBIG, -EINVAL (no regular file), or why it cannot be read. */
int	file_read(int dir_fd, const char *path, uint64_t max, void **bytes, size_t *len, struct oci_why *why);

/* Puts a whole file in the place of what was there, if anything: who reads sees one or the other. */
int	file_write(int dir_fd, const char *path, const void *bytes, size_t len, struct oci_why *why);

#endif
