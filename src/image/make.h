/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IMAGE_MAKE_H
#define BPFD_IMAGE_MAKE_H

#include "oci/oci.h"

/*
 * Bytecode images from objects, as bytes.  The same objects make the same image, with the same digest:
 * nothing of the machine or the time goes into it.
 */
#define MAKE_ARCHS_MAX 16
#define MAKE_BLOBS_MAX (3 * MAKE_ARCHS_MAX + 1)

enum make_compression { MAKE_GZIP, MAKE_ZSTD, MAKE_PLAIN, N_MAKE_COMPRESSIONS };

struct make_input {
	const char *arch;		/* Go's name */
	const char *name;		/* of the file in the layer */
	const void *object;
	size_t len;
};

struct make_pair { const char *name, *value; };

struct make_recipe {
	const struct make_input *inputs;	/* one for each architecture; more than one make an index */
	size_t n_inputs;
	enum make_compression compression;
	int64_t created_s;			/* since 1970 */
	const struct make_pair *labels;		/* further ones */
	size_t n_labels;
	const struct make_pair *kinds;		/* of programs whose section does not tell */
	size_t n_kinds;
};

struct made_blob {
	struct oci_desc desc;
	void *bytes;
};

struct made {
	struct made_blob blobs[MAKE_BLOBS_MAX];	/* each manifest behind what it names; the last is the image */
	size_t n;
};

int	make_image(const struct make_recipe *recipe, struct made *out, struct oci_why *why);	/* -EINVAL, -ENOMEM */
void	made_free(struct made *m);

/* make_layer.c: the bytes as a layer's media type has them.  *out is allocated.  -ENOMEM, -EINVAL. */
int	make_compress(enum make_compression c, const void *bytes, size_t len, void **out, size_t *out_len);
const char *make_media(enum make_compression c);

#endif
