/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_SIGNATURE_TRUST_H
#define BPFD_SIGNATURE_TRUST_H

/* Whom the administrator trusts, for which registries: opaque here until it is written. */
struct image_trust;

#endif
