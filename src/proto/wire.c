/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_NUMBER_MAX ((1u << 29) - 1)

int
wire_varint(struct wire *w, uint64_t *out)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; shift < 70 && w->p < w->end; shift += 7) {
		uint8_t b = *w->p++;

		if (shift == 63 && b > 1)
			return -EBADMSG;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return 0;
		}
	}
	return -EBADMSG;
}

static int
fixed(struct wire *w, size_t size, uint64_t *out)
{
	uint64_t v = 0;

	if ((size_t)(w->end - w->p) < size)
		return -EBADMSG;
	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)*w->p++ << (8 * i);
	*out = v;
	return 0;
}

static int
delimited(struct wire *w, struct wire_field *out)
{
	uint64_t len;

	if (wire_varint(w, &len) < 0 || len > (uint64_t)(w->end - w->p))
		return -EBADMSG;
	out->data = w->p;
	out->len = (size_t)len;
	w->p += len;
	return 0;
}

int
wire_next(struct wire *w, struct wire_field *out)
{
	uint64_t tag;
	int err = -EBADMSG;

	if (w->p == w->end)
		return 0;
	if (wire_varint(w, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
		return -EBADMSG;
	*out = (struct wire_field){ .number = (uint32_t)(tag >> 3), .type = tag & 7 };
	if (out->type == WIRE_VARINT)
		err = wire_varint(w, &out->value);
	else if (out->type == WIRE_LEN)
		err = delimited(w, out);
	else if (out->type == WIRE_FIXED64)
		err = fixed(w, 8, &out->value);
	else if (out->type == WIRE_FIXED32)
		err = fixed(w, 4, &out->value);
	return err ? err : 1;
}

static void
put(struct wire_buf *b, const void *data, size_t len)
{
	if (b->failed)
		return;
	if (len > b->size - b->len) {
		size_t size = b->len + len + b->size + 64;
		uint8_t *grown = realloc(b->data, size);

		b->failed = !grown;
		if (!grown)
			return;
		b->data = grown;
		b->size = size;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void
put_varint(struct wire_buf *b, uint64_t v)
{
	uint8_t bytes[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		bytes[n++] = (uint8_t)(v | 0x80);
	bytes[n++] = (uint8_t)v;
	put(b, bytes, n);
}

void
wire_put_uint(struct wire_buf *b, uint32_t number, uint64_t value)
{
	put_varint(b, (uint64_t)number << 3 | WIRE_VARINT);
	put_varint(b, value);
}

void
wire_put_bytes(struct wire_buf *b, uint32_t number, const void *data, size_t len)
{
	put_varint(b, (uint64_t)number << 3 | WIRE_LEN);
	put_varint(b, len);
	put(b, data, len);
}

void
wire_buf_free(struct wire_buf b)
{
	free(b.data);
}
