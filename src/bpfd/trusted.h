/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFD_TRUSTED_H
#define BPFD_BPFD_TRUSTED_H

#include <stdbool.h>

/* Opened read-only, the caller's.  -EPERM: not a file of root's, or others may write it; secret: or
 * read it.  What open(2) says. */
int	trusted_open(const char *path, bool secret);
/* What to do about that, behind the path in a log line; "" for other errors. */
const char *trusted_want(int err, bool secret);
/* The distribution's certificates.  -ENOENT. */
int	trusted_ca(void);

#endif
