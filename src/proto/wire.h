/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_PROTO_WIRE_H
#define BPFD_PROTO_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The protobuf wire format without a schema: https://protobuf.dev/programming-guides/encoding/ */
enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2, WIRE_FIXED32 = 5 };

struct wire {			/* what is left to read, borrowed */
	const uint8_t *p, *end;
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;		/* varint or fixed */
	const uint8_t *data;	/* WIRE_LEN: len bytes */
	size_t len;
};

#define WIRE(data, len) { (const uint8_t *)(data), (const uint8_t *)(data) + (len) }

/* 1: *out is the next field; 0: the end; -EBADMSG: malformed (groups too: proto3 has none). */
int	wire_next(struct wire *w, struct wire_field *out);
int	wire_varint(struct wire *w, uint64_t *out);	/* 0 or -EBADMSG */

/* A message being written; starts as {0}.  After a failed allocation, failed stays set and
 * puts do nothing. */
struct wire_buf {
	uint8_t *data;
	size_t len, size;
	bool failed;
};

void	wire_put_uint(struct wire_buf *b, uint32_t number, uint64_t value);
void	wire_put_bytes(struct wire_buf *b, uint32_t number, const void *data, size_t len);
void	wire_buf_free(struct wire_buf b);

#endif
