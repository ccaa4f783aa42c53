/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_SIGNATURE_TRUST_H
#define BPFD_SIGNATURE_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whom the administrator trusts, for which images: what bpfd-config makes of trust.d, flat and in a
 * sealed memfd, for bpfd-fetch.  A policy is one file; what belongs to it carries its number.
 */
#define TRUST_MAGIC		0x54667062u
#define TRUST_POLICIES_MAX	64
#define TRUST_PLACES_MAX	256
#define TRUST_KEYS_MAX		128
#define TRUST_IDENTITIES_MAX	128
#define TRUST_ANCHORS_MAX	128
#define TRUST_DER_MAX		(256 << 10)

enum trust_need {
	TRUST_ALLOW,		/* who signed is shown, and an image without a signature is taken */
	TRUST_REQUIRE,		/* one good signature, or nothing */
	N_TRUST_NEEDS
};

struct trust_policy { char name[64]; uint32_t need, unused; };

/* [HOST[:PORT][/NAME...]], without a slash at its end: itself and all below it; "": every image.  The
 * most exact one decides. */
struct trust_place { char prefix[256]; uint32_t policy, unused; };

/* DER in image_trust.der, and when it is good, seconds since 1970; until_s 0: for ever. */
struct trust_der { int64_t from_s, until_s; uint32_t at, len; };

struct trust_key { struct trust_der der; char name[128]; uint32_t policy, unused; };	/* a public key (SPKI) */

enum { TRUST_SUBJECT_PATTERN = 1 << 0, TRUST_ISSUER_PATTERN = 1 << 1, TRUST_IDENTITY_FLAGS = (1 << 2) - 1 };
struct trust_identity { char subject[512], issuer[256]; uint32_t policy, flags; };

enum trust_use {
	TRUST_FULCIO,		/* a certificate: root, or an intermediate of it */
	TRUST_REKOR,		/* public key of a log of signatures */
	TRUST_CTLOG,		/* public key of a log of certificates */
	N_TRUST_USES
};
struct trust_anchor { struct trust_der der; uint32_t policy, use; };

struct image_trust {
	uint32_t magic, n_policies, n_places, n_keys, n_identities, n_anchors, der_len, unused;
	/* Not "": the file, or folder, that could not be understood.  Then no image is taken. */
	char broken[256];
	struct trust_policy policies[TRUST_POLICIES_MAX];
	struct trust_place places[TRUST_PLACES_MAX];
	struct trust_key keys[TRUST_KEYS_MAX];
	struct trust_identity identities[TRUST_IDENTITIES_MAX];
	struct trust_anchor anchors[TRUST_ANCHORS_MAX];
	uint8_t der[TRUST_DER_MAX];
};

/* Nobody is asked for: every image is taken. */
void	trust_init(struct image_trust *t);

/* 0, or -EINVAL: magic, counts, numbers of policies, places of DER, strings. */
int	trust_check(const struct image_trust *t);

/* Whether two prefixes mean the same: "docker.io" and "index.docker.io". */
bool	trust_same_place(const char *a, const char *b);

/* The policy for a reference in full (host/name:tag, host/name@digest); -1: none. */
int	trust_policy_of(const struct image_trust *t, const char *ref);

#endif
