/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_OCI_LAYER_H
#define BPFD_OCI_LAYER_H

#include "oci/oci.h"

/*
 * The one regular file of a tar archive, within it.  Directories are passed over; links, devices, sparse
 * files, a second file, names that lead out, and bytes behind the end are refused: nothing of it is ever
 * written to a disk, but what is odd is not what it says it is.  -EINVAL, -EFBIG (over object_bytes).
 */
int	tar_one_file(const uint8_t *tar, size_t len, uint64_t object_bytes, const void **file, size_t *file_len,
		struct oci_why *why);

#endif
