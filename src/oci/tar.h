/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_OCI_TAR_H
#define BPFD_OCI_TAR_H

#include "oci/oci.h"

#define TAR_BLOCK 512

struct tar_header {	/* tar(5): POSIX ustar */
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
	char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "tar is made of blocks");

uint64_t tar_checksum(const struct tar_header *h);

/*
 * The one regular file of a tar archive, within it.  Directories are passed over; links, devices, sparse
 * files, a second file, names that lead out, and bytes behind the end are refused: nothing of it is ever
 * written to a disk, but what is odd is not what it says it is.  -EINVAL, -EFBIG (over object_bytes).
 */
int	tar_one_file(const uint8_t *tar, size_t len, uint64_t object_bytes, const void **file, size_t *file_len,
		struct oci_why *why);

/* An archive of one file, root's, readable by all; the same for the same.  name: below 100 bytes.  -ENOMEM, -EINVAL. */
int	tar_of_file(const char *name, const void *file, size_t file_len, uint64_t mtime_s, void **tar, size_t *len);

#endif
