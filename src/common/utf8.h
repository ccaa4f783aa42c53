/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_UTF8_H
#define BPFD_COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* True when s[0..len) is well-formed UTF-8 (RFC 3629: shortest form, no surrogates, at most
 * U+10FFFF) without a NUL. */
bool	utf8_ok(const void *s, size_t len);

#endif
