/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IMAGE_LAYOUT_H
#define BPFD_IMAGE_LAYOUT_H

#include "image/make.h"

/*
 * An OCI image layout: a directory with blobs by their digests and an index of images by their tags, as
 * skopeo, umoci and buildah read and write it (image-spec 1.1, image-layout.md).
 */
#define LAYOUT_INDEX_MAX (4u << 20)

/* Adds the image, in place of one with that tag; makes the directory where it is missing.  An image that
 * was there stays whole until the last step. */
int	layout_write(const char *dir, const char *tag, const struct made *m, struct oci_why *why);

/* The image of a tag, or the only one where tag is NULL.  -ENOENT. */
int	layout_find(int dir_fd, const char *tag, struct oci_desc *out, struct oci_why *why);
/* Of at most max bytes, with the digest and size that d says.  *bytes is allocated.  -EBADMSG, -ENOENT. */
int	layout_blob(int dir_fd, const struct oci_desc *d, uint64_t max, void **bytes, struct oci_why *why);

#endif
