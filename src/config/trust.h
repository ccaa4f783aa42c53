/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TRUST_H
#define BPFD_CONFIG_TRUST_H

#include <stdio.h>

#include "signature/trust.h"

/*
 * Reads a bundle of trust.d: NAME.toml are policies, the other files the keys and certificates that
 * they name.  Mistakes go to errors, a line each, and make the table broken: what one file was to
 * demand is not known then, so nothing is taken.  -EBADMSG: no bundle.
 */
int	trust_read_bundle(const void *bytes, size_t len, FILE *errors, struct image_trust *out);

#endif
