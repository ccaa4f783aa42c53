/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_FETCH_FETCH_H
#define BPFD_FETCH_FETCH_H

#include "common/auto.h"
#include "ipc/chan.h"
#include "ipc/image.h"
#include "oci/oci.h"
#include "registry/registry.h"
#include "signature/signature.h"

/* A blob of the image, with the memory that its bytes are in. */
struct fetched {
	struct oci_blob blobs[OCI_BUNDLE_BLOBS_MAX];
	void *owned[OCI_BUNDLE_BLOBS_MAX];	/* NULL: it lies in the stored bundle */
	size_t n;
	uint64_t bytes;
};

struct fetch {
	struct chan *sup, *api;
	struct registry *registry;
	struct msg_start_fetch limits;
	const struct image_request *request;
	const struct image_trust *trust;
	void *ca;
	size_t ca_len;
	struct oci_auth auth;
	bool has_auth;
	bool own_network;		/* the registry that the user named is there, so its others may be, too */
	struct oci_ref ref;
	struct fetched got;
	int64_t told_ms;		/* when progress was told last */
	struct oci_why why;
};

/* ---- given.c: what came as descriptors, checked and read.  Negative errno with f->why ---- */
struct given {
	struct msg_start_fetch limits;
	int request, bundle, api;
	int ca, auth, trust, root;
};
int	given_take(struct given *g, struct chan *sup);	/* until everything is there: before the sandbox */
int	given_read(struct fetch *f, struct given *g);
int	given_bundle(struct fetch *f, int fd, const void **bytes, size_t *len);

/* ---- connect.c ---- */
/* registry_setup.connect: by the supervisor, who has a process for it. */
int	fetch_connect(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why);

/* ---- pull.c: everything of the image, and its signatures where they are wanted, into f->got ---- */
int	pull(struct fetch *f);
/* One more; takes bytes. */
int	pull_keep(struct fetch *f, enum oci_role role, const struct oci_desc *d, void *bytes, size_t len);

/* ---- signatures.c ---- */
int	pull_signatures(struct fetch *f, const char *digest);

/* ---- answer.c ---- */
void	answer_progress(void *arg, const char *what, uint64_t done, uint64_t total);
/* What there is, looked at whole, to the API; the verdict to the supervisor before.  Negative errno with f->why. */
int	answer_image(struct fetch *f);
void	answer_failure(struct fetch *f, int err);

#endif
