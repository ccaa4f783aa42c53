/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wirecheck.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "common/utf8.h"
#include "proto/wire.h"

struct check {
	char *why;
	size_t why_size;
};

static int __attribute__((format(printf, 2, 3)))
refuse(const struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, c->why_size, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static enum wire_type
wire_type_of(ProtobufCType type)
{
	switch (type) {
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_FIXED64;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_FIXED32;
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_LEN;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		break;
	}
	return WIRE_VARINT;
}

static bool
packed_ok(enum wire_type type, const struct wire_field *f)
{
	struct wire w = WIRE(f->data, f->len);
	uint64_t ignored;

	if (type == WIRE_FIXED64)
		return f->len % 8 == 0;
	if (type == WIRE_FIXED32)
		return f->len % 4 == 0;
	while (w.p < w.end)
		if (wire_varint(&w, &ignored) < 0)
			return false;
	return true;
}

static int message(const struct check *c, const ProtobufCMessageDescriptor *desc, struct wire w,
		unsigned int depth);

static int
field(const struct check *c, const ProtobufCMessageDescriptor *desc,
		const ProtobufCFieldDescriptor *fd, const struct wire_field *f, unsigned int depth)
{
	enum wire_type want = wire_type_of(fd->type);

	if (f->type == WIRE_LEN && want != WIRE_LEN && fd->label == PROTOBUF_C_LABEL_REPEATED)
		return packed_ok(want, f) ? 0 : refuse(c,
			"%s.%s: its packed numbers are malformed", desc->name, fd->name);
	if (f->type != want)
		return refuse(c, "%s.%s: has another type here than in the contract", desc->name,
			fd->name);
	if (fd->type == PROTOBUF_C_TYPE_STRING && !utf8_ok(f->data, f->len))
		return refuse(c, "%s.%s: not UTF-8 text without NUL", desc->name, fd->name);
	if (fd->type == PROTOBUF_C_TYPE_MESSAGE)
		return message(c, fd->descriptor, (struct wire)WIRE(f->data, f->len), depth + 1);
	return 0;
}

/* Recursion is bounded by WIRECHECK_DEPTH. */
static int
message(const struct check *c, const ProtobufCMessageDescriptor *desc, struct wire w,
		unsigned int depth)
{
	struct wire_field f;
	int more, err;

	if (depth > WIRECHECK_DEPTH)
		return refuse(c, "%s: more than %d messages inside each other", desc->name,
			WIRECHECK_DEPTH);
	while ((more = wire_next(&w, &f)) > 0) {
		const ProtobufCFieldDescriptor *fd =
			protobuf_c_message_descriptor_get_field(desc, f.number);

		err = fd ? field(c, desc, fd, &f, depth) : 0;
		if (err)
			return err;
	}
	return more < 0 ? refuse(c, "%s: not a well-formed protobuf message", desc->name) : 0;
}

int
wirecheck(const ProtobufCMessageDescriptor *desc, const void *data, size_t len, char *why,
		size_t why_size)
{
	const struct check c = { why, why_size };
	struct wire w = WIRE(data, len);

	return message(&c, desc, w, 1);
}
