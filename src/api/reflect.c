/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc.reflection from the embedded descriptor set.  A question is handled as its wire bytes: the
 * two versions of the service have different types and the same encoding.
 */
#include "api/reflect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/descset.h"
#include "api/rpctable.h"
#include "common/auto.h"
#include "proto/wire.h"

/* Field numbers of proto/reflection_v1.proto. */
enum { Q_HOST = 1, Q_FILE = 3, Q_SYMBOL = 4, Q_EXTENSION = 5, Q_EXTENSIONS_OF = 6, Q_SERVICES = 7 };
enum { A_HOST = 1, A_QUESTION = 2, A_FILES = 4, A_EXTENSIONS = 5, A_SERVICES = 6, A_ERROR = 7 };
enum { ERROR_CODE = 1, ERROR_TEXT = 2 };
enum { FILES_FILE = 1, SERVICES_SERVICE = 1, SERVICE_NAME = 1, EXTENSIONS_TYPE = 1 };

AUTO_DEFINE(wire_buf, struct wire_buf, wire_buf_free)

static void
put_error(struct wire_buf *answer, enum ipc_code code, const char *what, const struct wire_field *q)
{
	AUTO(wire_buf) struct wire_buf err = { 0 };
	char text[320];

	snprintf(text, sizeof(text), "there is no %s \"%.*s\"", what,
		q->len < 200 ? (int)q->len : 200, (const char *)q->data);
	wire_put_uint(&err, ERROR_CODE, code);
	wire_put_bytes(&err, ERROR_TEXT, text, strlen(text));
	wire_put_bytes(answer, A_ERROR, err.data, err.len);
	answer->failed |= err.failed;
}

static void
put_file(struct wire_buf *answer, const struct descset_file *file)
{
	AUTO(wire_buf) struct wire_buf files = { 0 };

	wire_put_bytes(&files, FILES_FILE, file->bytes, file->len);
	wire_put_bytes(answer, A_FILES, files.data, files.len);
	answer->failed |= files.failed;
}

static void
answer_file(struct wire_buf *answer, const struct wire_field *q)
{
	struct descset_file file;

	if (descset_file((const char *)q->data, q->len, &file))
		put_file(answer, &file);
	else
		put_error(answer, IPC_NOT_FOUND, "file", q);
}

static void
answer_symbol(struct wire_buf *answer, const struct wire_field *q)
{
	struct descset_file file;

	if (descset_symbol((const char *)q->data, q->len, &file))
		put_file(answer, &file);
	else
		put_error(answer, IPC_NOT_FOUND, "symbol", q);
}

/* proto3 has no extensions: no type has any, and each known type has none. */
static void
answer_extension(struct wire_buf *answer, const struct wire_field *q)
{
	const struct wire_field none = { .data = (const uint8_t *)"" };

	put_error(answer, IPC_NOT_FOUND, "extension", &none);
}

static void
answer_extensions_of(struct wire_buf *answer, const struct wire_field *q)
{
	AUTO(wire_buf) struct wire_buf list = { 0 };
	struct descset_file file;

	if (!descset_symbol((const char *)q->data, q->len, &file)) {
		put_error(answer, IPC_NOT_FOUND, "type", q);
		return;
	}
	wire_put_bytes(&list, EXTENSIONS_TYPE, q->data, q->len);
	wire_put_bytes(answer, A_EXTENSIONS, list.data, list.len);
	answer->failed |= list.failed;
}

static void
answer_services(struct wire_buf *answer, const struct wire_field *q)
{
	AUTO(wire_buf) struct wire_buf list = { 0 };
	const char *last = "";

	for (size_t i = 0; i < rpc_table_len; i++) {	/* methods of a service stand together */
		AUTO(wire_buf) struct wire_buf one = { 0 };
		const char *name = rpc_table[i].service;

		if (strcmp(name, last) == 0)
			continue;
		last = name;
		wire_put_bytes(&one, SERVICE_NAME, name, strlen(name));
		wire_put_bytes(&list, SERVICES_SERVICE, one.data, one.len);
		list.failed |= one.failed;
	}
	wire_put_bytes(answer, A_SERVICES, list.data, list.len);
	answer->failed |= list.failed;
}

/* Host and the question itself come first in an answer.  False: it asks for nothing. */
static bool
answer_question(struct wire_buf *answer, const uint8_t *bytes, size_t len)
{
	static void (*const answers[])(struct wire_buf *answer, const struct wire_field *q) = {
		[Q_FILE] = answer_file, [Q_SYMBOL] = answer_symbol, [Q_EXTENSION] = answer_extension,
		[Q_EXTENSIONS_OF] = answer_extensions_of, [Q_SERVICES] = answer_services,
	};
	struct wire w = WIRE(bytes, len);
	struct wire_field f, q = { 0 };

	while (wire_next(&w, &f) > 0) {
		if (f.number == Q_HOST)
			wire_put_bytes(answer, A_HOST, f.data, f.len);
		else if (f.number < ARRAY_SIZE(answers) && answers[f.number])
			q = f;
	}
	wire_put_bytes(answer, A_QUESTION, bytes, len);
	if (q.number)
		answers[q.number](answer, &q);
	return q.number != 0;
}

static void
reflect(struct call *call, const ProtobufCMessage *request)
{
	AUTO(wire_buf) struct wire_buf answer = { 0 };
	AUTO(mem) uint8_t *bytes = NULL;
	size_t len;

	if (!request) {
		call_finish(call);
		return;
	}
	len = protobuf_c_message_get_packed_size(request);
	bytes = malloc(len + 1);
	if (bytes)
		protobuf_c_message_pack(request, bytes);
	if (bytes && !answer_question(&answer, bytes, len))
		call_error(call, IPC_INVALID_ARGUMENT, "the request asks for nothing that is known here");
	else if (!bytes || answer.failed)
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the answer");
	else
		call_send_packed(call, answer.data, answer.len);
}

void
rpc_reflection_v1(struct call *call, const ProtobufCMessage *request)
{
	reflect(call, request);
}

void
rpc_reflection_v1alpha(struct call *call, const ProtobufCMessage *request)
{
	reflect(call, request);
}
