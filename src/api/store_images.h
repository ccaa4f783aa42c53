/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_STORE_IMAGES_H
#define BPFD_API_STORE_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/image.h"

/*
 * The cache of images: a database file of its own beside the store's, because it may be dropped at any
 * time and the store may not.  Files of its own for each bundle would need open(2) and unlink(2) in
 * bpfd-api; here a bundle and what is known of it change in one transaction.
 * Errors are the store's.
 */
struct store;

/* facts: what image_pb.h packs.  Pointers are valid during the call that gives them. */
struct stored_image {
	const char *digest;		/* "sha256:..." of what its references are */
	const void *facts;
	size_t facts_len;
	uint64_t bundle_bytes;
	int64_t pulled_ns, used_ns;	/* since 1970 */
};

/* Opens or creates it; one that is damaged or another bpfd's is put aside as PATH.unknown.  Before the
 * sandbox, after store_open(). */
int	store_images_open(struct store *st, const char *path);

/* Adds an image or replaces it, used and pulled now.  refs: up to NULL; each means this image from now on. */
int	store_put_image(struct store *st, const struct stored_image *image, const void *bundle,
		const char *const *refs);
/* It was used, or verified: what is known of it changes.  used_ns 0: stays. */
int	store_touch_image(struct store *st, const char *digest, const void *facts, size_t len, int64_t used_ns);
int	store_del_image(struct store *st, const char *digest);

/* The digest that a reference in full means, or the digest itself if it is there.  -ENOENT. */
int	store_find_image(struct store *st, const char *what, char digest[IMAGE_DIGEST_MAX]);
int	store_bundle(struct store *st, const char *digest, void **out, size_t *len);	/* -ENOENT */

/* Calls fn for each, the one that was used longest ago first; digest: only that one, NULL: all.  What fn
 * returns other than 0 ends it and is returned.  fn must not change the cache. */
int	store_each_image(struct store *st, const char *digest, int (*fn)(void *arg, const struct stored_image *i),
		void *arg);
int	store_each_image_ref(struct store *st, const char *digest, int (*fn)(void *arg, const char *ref), void *arg);

/*
 * Removes what was used longest ago, but not keep, until no more than that is left; those that are in use
 * only when no other is left.  The number removed.
 */
struct trim_images {
	const char *keep;
	uint64_t max_bytes, max_n;
	bool (*in_use)(const void *arg, const char *digest);
	const void *arg;
};
int	store_trim_images(struct store *st, const struct trim_images *t, unsigned int *removed);

#endif
