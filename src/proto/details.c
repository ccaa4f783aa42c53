/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/details.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/base64.h"
#include "proto/wire.h"

#define DEBUG_INFO "type.googleapis.com/google.rpc.DebugInfo"

/* Field numbers of google/rpc/{status,error_details}.proto and google/protobuf/any.proto */
enum { STATUS_CODE = 1, STATUS_MESSAGE = 2, STATUS_DETAILS = 3 };
enum { ANY_TYPE_URL = 1, ANY_VALUE = 2 };
enum { DEBUG_INFO_STACK_ENTRIES = 1, DEBUG_INFO_DETAIL = 2 };

#define ID_DIGITS_MAX 20

AUTO_DEFINE(wire_buf, struct wire_buf, wire_buf_free)

char *
details_encode(unsigned int code, const char *text, const void *log, size_t log_len,
	uint64_t log_id)
{
	char id[sizeof(DETAILS_LOG_ID) + ID_DIGITS_MAX];
	AUTO(wire_buf) struct wire_buf info = { 0 };
	AUTO(wire_buf) struct wire_buf any = { 0 };
	AUTO(wire_buf) struct wire_buf status = { 0 };
	char *out;

	snprintf(id, sizeof(id), DETAILS_LOG_ID "%llu", (unsigned long long)log_id);
	if (log_id)
		wire_put_bytes(&info, DEBUG_INFO_STACK_ENTRIES, id, strlen(id));
	wire_put_bytes(&info, DEBUG_INFO_DETAIL, log, log_len);
	wire_put_bytes(&any, ANY_TYPE_URL, DEBUG_INFO, strlen(DEBUG_INFO));
	wire_put_bytes(&any, ANY_VALUE, info.data, info.len);
	wire_put_uint(&status, STATUS_CODE, code);
	wire_put_bytes(&status, STATUS_MESSAGE, text, strlen(text));
	wire_put_bytes(&status, STATUS_DETAILS, any.data, any.len);
	if (info.failed || any.failed || status.failed)
		return NULL;

	out = malloc(BASE64_SIZE(status.len));
	if (out)
		base64_encode(out, status.data, status.len);
	return out;
}

/* Finds the first length-delimited field of that number in data. */
static int
find(struct wire w, uint32_t number, struct wire_field *out)
{
	struct wire_field f;

	while (wire_next(&w, &f) > 0) {
		if (f.number != number || f.type != WIRE_LEN)
			continue;
		*out = f;
		return 1;
	}
	return 0;
}

/* The number in a DebugInfo's first stack entry; 0: it is not ours. */
static uint64_t
find_id(struct wire info)
{
	const size_t prefix = strlen(DETAILS_LOG_ID);
	struct wire_field f;
	uint64_t id = 0;

	if (!find(info, DEBUG_INFO_STACK_ENTRIES, &f) || f.len <= prefix ||
	    f.len > prefix + ID_DIGITS_MAX || memcmp(f.data, DETAILS_LOG_ID, prefix) != 0)
		return 0;
	for (size_t i = prefix; i < f.len; i++)
		if (f.data[i] < '0' || f.data[i] > '9' || __builtin_mul_overflow(id, 10, &id) ||
		    __builtin_add_overflow(id, f.data[i] - '0', &id))
			return 0;
	return id;
}

char *
details_log(const char *base64, size_t len, uint64_t *log_id)
{
	AUTO(mem) uint8_t *bytes = malloc(len / 4 * 3 + 3);
	struct wire_field f;
	struct wire info;
	long n;

	if (!bytes)
		return NULL;
	n = base64_decode(bytes, base64, len);
	if (n < 0 || !find((struct wire)WIRE(bytes, n), STATUS_DETAILS, &f))
		return NULL;
	/* f is the Any, then its value: DebugInfo, then its text. */
	if (!find((struct wire)WIRE(f.data, f.len), ANY_VALUE, &f))
		return NULL;
	info = (struct wire)WIRE(f.data, f.len);
	if (!find(info, DEBUG_INFO_DETAIL, &f))
		return NULL;
	*log_id = find_id(info);
	return strndup((const char *)f.data, f.len);
}
