/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_SIGNATURE_SIGNATURE_H
#define BPFD_SIGNATURE_SIGNATURE_H

#include "oci/oci.h"
#include "signature/trust.h"

/*
 * Signatures of images, as cosign makes them: checked offline, from bytes alone.  Opens nothing.
 * Among the blobs OCI_ROLE_SIGNATURE are manifests (tag sha256-HEX.sig, or referrers), with their
 * layers as OCI_ROLE_SIGNATURE_BLOB; which lie beside an image, signature_tag() and
 * signature_referrers() say.
 */
#define SIGNATURE_TRIES_MAX	128	/* signatures of one image that are looked at */

/* Before the sandbox: has libcrypto and libc open now what they would open later.  -ENOMEM. */
int	signature_start(void);

/*
 * Decides by the policy for facts->ref.  One good signature of facts->digest, or of facts->manifest,
 * is enough.  Fills in signature, signer, issuer, signed_s.  -EKEYREJECTED: one is required and none
 * is good; why says of each what is wrong with it.
 */
int	signature_decide(const struct image_trust *trust, const struct oci_blob *blobs, size_t n,
		struct image_facts *facts, struct oci_why *why);

/* True: the policy for the place asks for signatures, or names who may sign: they are worth fetching. */
bool	signature_wanted(const struct image_trust *trust, const char *ref);

/* The tag under which cosign puts the signatures of a digest: "sha256-HEX.sig". */
#define SIGNATURE_TAG_MAX	(IMAGE_DIGEST_MAX + 4)
void	signature_tag(const char *digest, char out[SIGNATURE_TAG_MAX]);

/*
 * Of an index of referrers (registry_referrers()) the manifests that may be signatures, at most *n of
 * them; *n is how many.  Attestations of other kinds that say so are left out.  -EINVAL.
 */
int	signature_referrers(const void *index, size_t len, struct oci_desc *out, size_t *n, struct oci_why *why);

#endif
