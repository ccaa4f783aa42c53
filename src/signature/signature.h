/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_SIGNATURE_SIGNATURE_H
#define BPFD_SIGNATURE_SIGNATURE_H

#include "oci/oci.h"
#include "signature/trust.h"

/*
 * Signatures of images, as cosign makes them: checked offline, from bytes alone.  Adds to blobs' roles
 * nothing: OCI_ROLE_SIGNATURE are manifests (tag sha256-HEX.sig, or referrers), with their layers as
 * OCI_ROLE_SIGNATURE_BLOB.
 */

/*
 * Decides by the policy for facts->ref.  One good signature of facts->digest, or of facts->manifest,
 * is enough.  Fills in signature, signer, issuer, signed_s.  -EKEYREJECTED: one is required and none
 * is good; why says of each what is wrong with it.
 */
int	signature_decide(const struct image_trust *trust, const struct oci_blob *blobs, size_t n,
		struct image_facts *facts, struct oci_why *why);

/* True: the policy for the place asks for signatures, or names who may sign: they are worth fetching. */
bool	signature_wanted(const struct image_trust *trust, const char *ref);

#endif
