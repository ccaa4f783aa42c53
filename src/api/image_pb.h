/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_IMAGE_PB_H
#define BPFD_API_IMAGE_PB_H

#include "api/rpc_parts.h"
#include "api/store_images.h"
#include "bpfd_v1.pb-c.h"

/*
 * What is known of an image, as a message: so it is answered, and so, packed and without what changes
 * later, it is in the cache, where a newer bpfd reads what an older one wrote.
 */
const char *image_signature_name(enum image_signature signature);	/* "none", "key", ... */

/* The message of checked facts; it points into them. */
void	image_fill(struct scratch *s, const struct image_facts *f, Bpfd__V1__Image *out);
int	image_pack(const struct image_facts *f, void **out, size_t *len);	/* *out is allocated.  -ENOMEM */

/* A stored image with its references and the groups that were loaded from it.  NULL: failed. */
Bpfd__V1__Image *image_stored(struct scratch *s, struct api *api, const struct stored_image *i);
/* The same of the one with that digest. */
Bpfd__V1__Image *image_find(struct scratch *s, struct api *api, const char *digest);

bool	image_in_use(const void *model, const char *digest);	/* a group was loaded from it */

/* What a program says of the image that its group came from, if it did. */
void	image_of_program(const struct group *g, Bpfd__V1__Program *out);

#endif
