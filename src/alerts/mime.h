/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_MIME_H
#define BPFD_ALERTS_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "events/text.h"

/* A header field whose text is UTF-8 without controls: folded, and where it is not ASCII in encoded
 * words (RFC 2047). */
void	mime_header(struct text *t, const char *name, const char *s, size_t len);
/* "Date: Sun, 22 Nov 2026 00:12:29 +0000" and the line's end. */
void	mime_date(struct text *t, int64_t s);
/* Quoted-printable (RFC 2045, 6.7): any bytes, '\n' ends a line.  A '.' that begins one is encoded,
 * so that nothing has to be stuffed. */
void	mime_qp(struct text *t, const char *s, size_t len);

#endif
