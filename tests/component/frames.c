/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <assert.h>
#include <string.h>

static void
add(struct frames *f, const void *data, size_t len)
{
	assert(len <= sizeof(f->bytes) - f->len);
	if (len)
		memcpy(f->bytes + f->len, data, len);
	f->len += len;
}

void
frames_put(struct frames *f, int type, int flags, uint32_t stream, const void *payload, size_t len)
{
	const uint8_t head[9] = {
		(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)type, (uint8_t)flags,
		(uint8_t)(stream >> 24), (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream,
	};

	add(f, head, sizeof(head));
	add(f, payload, len);
}

void
frames_put_u32(struct frames *f, int type, uint32_t stream, uint32_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
		(uint8_t)(value >> 8), (uint8_t)value };

	frames_put(f, type, 0, stream, bytes, sizeof(bytes));
}

void
frames_start(struct frames *f)
{
	f->len = 0;
	add(f, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	frames_put(f, F_SETTINGS, 0, 0, NULL, 0);
}

/* RFC 7541 section 6.2.2: a literal that goes into no table, lengths below 127. */
static size_t
literal(uint8_t *out, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	out[0] = 0;
	out[1] = (uint8_t)n;
	memcpy(out + 2, name, n);
	out[2 + n] = (uint8_t)v;
	memcpy(out + 3 + n, value, v);
	return 3 + n + v;
}

void
frames_request(struct frames *f, uint32_t stream, const char *path, int flags)
{
	uint8_t block[512];
	size_t n = literal(block, ":method", "POST");

	n += literal(block + n, ":scheme", "http");
	n += literal(block + n, ":path", path);
	n += literal(block + n, ":authority", "localhost");
	n += literal(block + n, "content-type", "application/grpc");
	n += literal(block + n, "te", "trailers");
	n += literal(block + n, "grpc-timeout", "5S");
	frames_put(f, F_HEADERS, flags, stream, block, n);
}

void
frames_conversation(struct frames *f)
{
	const int last = F_END_STREAM;

	frames_request(f, 1, "/bpfd.v1.System/Version", F_END_HEADERS);
	frames_put(f, F_DATA, last, 1, "\0\0\0\0\0", 5);
	frames_request(f, 3, "/bpfd.v1.Programs/Load", F_END_HEADERS);
	frames_put(f, F_DATA, 0, 3, "\0\0\0\0\x1a\x0a\6\177ELF\1\1", 13);
	frames_put(f, F_DATA, last, 3, "\x22\4\x0a\2xy\x2a\6\x0a\1k\x12\1v\x40\1", 16);
	frames_put(f, F_PING, 0, 0, "12345678", 8);
	frames_request(f, 5, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", F_END_HEADERS);
	frames_put(f, F_DATA, 0, 5, "\0\0\0\0\2\x3a\0" "\0\0\0\0\x0e\x1a\x0chealth.proto", 26);
	frames_put_u32(f, F_WINDOW_UPDATE, 0, 1 << 20);
	frames_put_u32(f, F_WINDOW_UPDATE, 5, 1 << 20);
	frames_put(f, F_DATA, last, 5, "\0\0\0\0\5\x22\3x.y", 10);
	frames_request(f, 7, "/grpc.health.v1.Health/Watch", F_END_HEADERS);
	frames_put(f, F_DATA, last, 7, "\0\0\0\0\0", 5);
	frames_put(f, F_SETTINGS, 0, 0, "\0\4\0\1\0\0\0\5\0\0\x80\0", 12);
	frames_request(f, 9, "/bpfd.v1.System/Counters", F_END_HEADERS);
	frames_put(f, F_DATA, last, 9, "\0\0\0\0\0", 5);
	frames_put_u32(f, F_RST_STREAM, 9, 8);
	frames_request(f, 11, "/bpfd.v1.Programs/Unload", 0);
	frames_put(f, F_CONTINUATION, F_END_HEADERS, 11, "\0\1x\1y", 5);
	frames_put(f, F_DATA, last, 11, "\0\0\0\0\2\x08\1", 7);
	frames_put(f, F_PRIORITY, 0, 13, "\0\0\0\1\x10", 5);
	frames_request(f, 13, "/bpfd.v1.Programs/Get", F_END_HEADERS | F_END_STREAM);
	frames_put(f, F_SETTINGS, F_ACK, 0, NULL, 0);
	frames_put(f, F_GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0bye", 11);
}
