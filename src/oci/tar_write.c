/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oci/tar.h"

#define END_BYTES (2 * TAR_BLOCK)	/* zeros */
#define SIZE_MAX_OCTAL (1ull << 33)	/* 11 digits */

int
tar_of_file(const char *name, const void *file, size_t file_len, uint64_t mtime_s, void **tar, size_t *len)
{
	struct tar_header h = { .mode = "0000644", .uid = "0000000", .gid = "0000000", .type = '0',
		.magic = "ustar", .version = { '0', '0' } };
	const size_t padded = (file_len + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
	uint8_t *p;

	if (!*name || strlen(name) >= sizeof(h.name) || file_len >= SIZE_MAX_OCTAL || mtime_s >= SIZE_MAX_OCTAL)
		return -EINVAL;
	strcpy(h.name, name);
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)file_len);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo", (unsigned long long)mtime_s);
	snprintf(h.checksum, sizeof(h.checksum) - 1, "%06llo", (unsigned long long)tar_checksum(&h));
	h.checksum[7] = ' ';
	p = calloc(1, sizeof(h) + padded + END_BYTES);
	if (!p)
		return -ENOMEM;
	memcpy(p, &h, sizeof(h));
	memcpy(p + sizeof(h), file, file_len);
	*tar = p;
	*len = sizeof(h) + padded + END_BYTES;
	return 0;
}
