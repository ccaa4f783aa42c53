/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_IMAGES_H
#define BPFD_API_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/image.h"
#include "ipc/messages.h"

/*
 * Images for who wants to load one, or have it in the cache: by the pull policy from its registry or from the
 * cache, in either case checked by a bpfd-fetch against the policy of now.
 */
struct api;
struct images;		/* of the process: what is counted */
struct image_get;	/* one that is being got */

int	images_new(struct api *api, struct images **out);
void	images_free(struct images *im);		/* NULL is fine */
void	images_counters(struct api *api, void (*each)(void *arg, const char *name, uint64_t value), void *arg);

struct image_got {
	const struct image_facts *facts;	/* valid during the call */
	int object;			/* a sealed memfd; may be taken */
	bool pulled;			/* from the registry, not the cache */
};

struct image_want {
	const char *ref, *username, *password;	/* username, password: "" for none */
	enum image_pull policy;
	bool check_only;		/* a cached one anew, ref: a digest too */
	bool dry_run;			/* the cache stays as it is */
	void (*progress)(void *arg, const char *what, uint64_t done, uint64_t total);	/* NULL: nobody looks */
	/* Once, later; not after images_cancel().  got NULL: code and text say why. */
	void (*done)(void *arg, struct image_got *got, enum ipc_code code, const char *text);
	void *arg;
};

/* IPC_OK: it is on its way; else done() will not run and text says why.  Strings are copied. */
enum ipc_code images_get(struct api *api, const struct image_want *want, struct image_get **out, char *text,
		size_t size);
void	images_cancel(struct image_get *g);	/* NULL is fine */

/* The digest of the cached image that a reference, in whatever form, or a digest means.  IPC_NOT_FOUND, ..., with text. */
enum ipc_code images_find(struct api *api, const char *what, char digest[IMAGE_DIGEST_MAX], char *text, size_t size);

#endif
