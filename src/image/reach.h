/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IMAGE_REACH_H
#define BPFD_IMAGE_REACH_H

#include "common/auto.h"
#include "oci/oci.h"

/* How the user who runs bpfctl reaches a registry: whom it trusts, who it is, and by which socket. */
struct reach {
	void *ca;			/* PEM */
	size_t ca_len;
	struct oci_auth *auth;
	bool has_auth;
};

/*
 * ca_file NULL: the system's.  auth_file NULL: the first that is there of $REGISTRY_AUTH_FILE, containers'
 * auth.json and docker's config.json, if any.
 */
int	reach_open(struct reach *r, const struct oci_ref *ref, const char *ca_file, const char *auth_file,
		struct oci_why *why);
void	reach_close(struct reach *r);	/* credentials are wiped */

/* struct registry_setup's: a connected socket.  -EHOSTUNREACH. */
int	reach_connect(void *arg, const char *host, uint16_t port, bool local, struct oci_why *why);

static inline __attribute__((unused)) void
auto_reach(struct reach *r)
{
	reach_close(r);
}

#endif
