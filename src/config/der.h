/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_DER_H
#define BPFD_CONFIG_DER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Public keys and certificates as far as a reader of configuration looks: which they are, and that
 * they are whole.  What is in them only bpfd-fetch knows, which has OpenSSL.
 */

/* The next -----BEGIN LABEL----- block from *p on, which moves behind it.  Its length, 0: there is no
 * more; -EINVAL: not well-formed; -ENOSPC. */
long	der_pem(const char **p, const char *end, char label[32], uint8_t *out, size_t room);

/* What is wrong with it, for a person; NULL: nothing. */
const char *der_key_fault(const uint8_t *der, size_t len);		/* SubjectPublicKeyInfo, RFC 5280 */
const char *der_certificate_fault(const uint8_t *der, size_t len);

#endif
