/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_REGISTRY_REGISTRY_H
#define BPFD_REGISTRY_REGISTRY_H

#include "oci/oci.h"

/*
 * A client of the OCI distribution API (distribution-spec 1.1) by libcurl, used by bpfd-fetch and by
 * bpfctl-image.  It opens no socket itself: who uses it gives one that is connected.
 */
struct registry;

/* What a text tells the user to change: settings of bpfd.toml, or options of bpfctl. */
struct registry_words { const char *plain, *ca, *auth, *time; };
extern const struct registry_words registry_settings;

struct registry_setup {
	/* A connected socket that does not block, and was connected so (libcurl 7.88 calls connect(2) again, which
	 * Linux takes once of such a one), the callee's to close, or a negative errno with the reason in why.  local: the
	 * host is the one that the user named, not one that a server sent us to. */
	int	(*connect)(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why);
	void	(*progress)(void *arg, const char *what, uint64_t done, uint64_t total);	/* NULL: nobody looks */
	void *arg;
	const struct registry_words *words;	/* NULL: registry_settings */
	int cancel_fd;			/* its other end is closed: -ECANCELED; -1: never */
	const void *ca; size_t ca_len;	/* PEM, all that is trusted */
	const struct oci_auth *auth;	/* NULL: anonymous */
	bool plain;			/* http:// with this registry: the administrator listed it */
	bool push;			/* rights to ask for */
	uint64_t max_manifest, max_blob;
	unsigned int idle_ms, total_ms, retries;	/* idle: a server that sends nothing for so long is given up */
};

/*
 * Makes what libcurl and OpenSSL need files and sockets for: before a sandbox is entered.  The first
 * call is the process's first thread's.  -ENOMEM.
 */
int	registry_new(struct registry **out);
void	registry_free(struct registry *r);	/* NULL is fine */

/*
 * Whom to ask.  ref, setup and what setup points to stay the caller's and there; connects to nobody
 * yet.  The time of total_ms begins.
 */
void	registry_open(struct registry *r, const struct oci_ref *ref, const struct registry_setup *setup);

/*
 * Errors of all: -ENOENT, -EACCES (rights), -EPERM (credentials), -ETIMEDOUT, -EHOSTUNREACH (no
 * connection, or one that is not trusted), -EBADMSG (digest, size, protocol), -EFBIG, -EAGAIN (429, 5xx to the
 * end), -ECANCELED, -ENOMEM, each with why.
 */

/* ref: a tag or digest.  *bytes allocated; out->digest: of what came, compared with ref if that is one. */
int	registry_manifest(struct registry *r, const char *ref, void **bytes, size_t *len, struct oci_desc *out, struct oci_why *why);
int	registry_blob(struct registry *r, const struct oci_desc *want, void **bytes, size_t *len, struct oci_why *why);
/* The index of what refers to the digest: by the API, or the fallback tag.  -ENOENT. */
int	registry_referrers(struct registry *r, const char *digest, void **bytes, size_t *len, struct oci_why *why);
int	registry_push_blob(struct registry *r, const struct oci_desc *d, const void *bytes, struct oci_why *why);	/* 1: was there */
int	registry_push_manifest(struct registry *r, const char *ref, const struct oci_desc *d, const void *bytes, struct oci_why *why);

#endif
