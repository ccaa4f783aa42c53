/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/grpc.h"

#include <errno.h>
#include <stdio.h>

#include "common/auto.h"

void
grpc_prefix_put(uint8_t out[GRPC_PREFIX_LEN], uint32_t len)
{
	out[0] = 0;
	out[1] = (uint8_t)(len >> 24);
	out[2] = (uint8_t)(len >> 16);
	out[3] = (uint8_t)(len >> 8);
	out[4] = (uint8_t)len;
}

uint32_t
grpc_prefix_len(const uint8_t p[GRPC_PREFIX_LEN])
{
	return (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 8 | p[4];
}

const char *
grpc_status_name(unsigned int code)
{
	static const char *const names[] = {
		"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
		"ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
		"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
		"UNAUTHENTICATED",
	};

	return code < ARRAY_SIZE(names) ? names[code] : "UNKNOWN";
}

/* HTTP field values lose a space at either end (RFC 9113 section 8.2.1 forbids it). */
static int
is_plain(const char *text, size_t len, size_t i)
{
	unsigned char c = (unsigned char)text[i];

	if (c == ' ')
		return i > 0 && i + 1 < len;
	return c > 0x20 && c < 0x7f && c != '%';
}

/* Bytes of the UTF-8 character at text[i]; 1 for a stray byte. */
static size_t
char_len(const char *text, size_t len, size_t i)
{
	size_t n = 1;

	if ((unsigned char)text[i] >= 0xc0)
		while (i + n < len && ((unsigned char)text[i + n] & 0xc0) == 0x80)
			n++;
	return n;
}

size_t
grpc_percent_encode(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		size_t chars = char_len(text, len, i);

		if (n + (is_plain(text, len, i) ? 1 : 3 * chars) >= size)
			break;
		for (; chars > 0; chars--, i++) {
			if (is_plain(text, len, i))
				out[n++] = text[i];
			else
				n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)text[i]);
		}
	}
	/* A cut may have left a space at the end. */
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
	return n;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t
grpc_percent_decode(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < size; i++) {
		int high = text[i] == '%' && len - i > 2 ? hex(text[i + 1]) : -1;
		int low = high >= 0 ? hex(text[i + 2]) : -1;

		if (low < 0) {
			out[n++] = text[i];
			continue;
		}
		out[n++] = (char)(high << 4 | low);
		i += 2;
	}
	out[n] = '\0';
	return n;
}

int
grpc_timeout_parse(const char *s, size_t len, uint64_t *ns)
{
	static const struct {
		char unit;
		uint64_t ns;
	} units[] = {
		{ 'n', 1 }, { 'u', 1000 }, { 'm', 1000000 }, { 'S', 1000000000 },
		{ 'M', 60000000000 }, { 'H', 3600000000000 },
	};
	uint64_t value = 0;

	if (len < 2 || len > 9)
		return -EINVAL;
	for (size_t i = 0; i + 1 < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(s[i] - '0');
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (units[i].unit != s[len - 1])
			continue;
		if (__builtin_mul_overflow(value, units[i].ns, &value))
			value = UINT64_MAX;
		*ns = value;
		return 0;
	}
	return -EINVAL;
}

void
grpc_timeout_format(uint64_t ms, char out[GRPC_TIMEOUT_SIZE])
{
	static const struct {
		char unit;
		uint64_t ms;
	} units[] = { { 'm', 1 }, { 'S', 1000 }, { 'M', 60000 }, { 'H', 3600000 } };
	const uint64_t max = 99999999;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t v = ms / units[i].ms + (ms % units[i].ms != 0);

		if (v > max && i + 1 < ARRAY_SIZE(units))
			continue;
		snprintf(out, GRPC_TIMEOUT_SIZE, "%u%c", (unsigned int)(v > max ? max : v),
			units[i].unit);
		return;
	}
}
