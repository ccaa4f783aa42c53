/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_REGISTRY_H
#define BPFD_REGISTRY_REGISTRY_H

#include "oci/oci.h"

/*
 * A client of the OCI distribution API (distribution-spec 1.1) by libcurl, used by bpfd-fetch and by
 * bpfctl-image.  It opens no socket itself: who uses it gives one that is connected.
 */
struct registry;

struct registry_setup {
	/* A connected socket, the callee's to close, or a negative errno with the reason in why. local: the
	 * host is the one that the user named, not one that a server redirected to. */
	int	(*connect)(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why);
	void	(*progress)(void *arg, const char *what, uint64_t done, uint64_t total);	/* NULL: nobody looks */
	void *arg;
	const void *ca; size_t ca_len;	/* PEM, all that is trusted */
	const struct oci_auth *auth;	/* NULL: anonymous */
	bool plain;			/* http:// with this registry: the administrator listed it */
	bool push;			/* rights to ask for */
	uint64_t max_manifest, max_blob;
	unsigned int connect_ms, total_ms, retries;
};

/* Errors of all: -ENOENT, -EACCES (rights), -EPERM (credentials), -ETIMEDOUT, -EHOSTUNREACH, -EBADMSG
 * (digest, size, protocol), -EFBIG, -EAGAIN (429, 5xx to the end), each with why. */
int	registry_new(const struct oci_ref *ref, const struct registry_setup *setup, struct registry **out, struct oci_why *why);
void	registry_free(struct registry *r);

/* ref: a tag or digest.  *bytes allocated; digest: of what came, compared with ref if that is one. */
int	registry_manifest(struct registry *r, const char *ref, void **bytes, size_t *len, struct oci_desc *out, struct oci_why *why);
int	registry_blob(struct registry *r, const struct oci_desc *want, void **bytes, size_t *len, struct oci_why *why);
/* The index of what refers to the digest: by the API, or the fallback tag.  -ENOENT. */
int	registry_referrers(struct registry *r, const char *digest, void **bytes, size_t *len, struct oci_why *why);
int	registry_push_blob(struct registry *r, const struct oci_desc *d, const void *bytes, struct oci_why *why);	/* 1: was there */
int	registry_push_manifest(struct registry *r, const char *ref, const struct oci_desc *d, const void *bytes, struct oci_why *why);

#endif
