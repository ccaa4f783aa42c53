/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_BUF_H
#define BPFD_BPFCTL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/auto.h"

/*
 * Text that grows.  Zeroed is empty.  When memory ends, failed is set and stays, what is added
 * later is dropped, and the one who prints the text reports it.
 */
struct buf {
	char *data;		/* len bytes and a NUL; NULL when nothing was added */
	size_t len, size;
	bool failed;
};

void	buf_add(struct buf *b, const void *data, size_t len);
void	buf_str(struct buf *b, const char *s);
void	buf_char(struct buf *b, char c);
void	buf_fill(struct buf *b, char c, size_t n);	/* c, n times */
void	buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	buf_hex(struct buf *b, const uint8_t *data, size_t len);
const char *buf_text(const struct buf *b);		/* never NULL; valid until the next change */
void	buf_free(struct buf *b);			/* the memory; b is empty again */

static inline __attribute__((unused)) void
auto_buf(struct buf *b)
{
	buf_free(b);
}

#endif
