/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_BASE64_H
#define BPFD_COMMON_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Standard alphabet, as gRPC's "-bin" headers have it: written without padding, read with or
 * without. */
#define BASE64_SIZE(len) ((len) / 3 * 4 + 4)	/* room for encode's text, with the NUL */

size_t	base64_encode(char *out, const void *data, size_t len);	/* length of the text */

/* out has room for len / 4 * 3 + 3 bytes.  The number of bytes, or -EINVAL. */
long	base64_decode(uint8_t *out, const char *text, size_t len);

#endif
