/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/rpc.h"

#include <errno.h>
#include <string.h>

static ProtobufCMessage *
refuse(struct client_error *e, int code, const char *text)
{
	client_error_clear(e);
	e->code = code;
	e->text = strdup(text);
	return NULL;
}

static ProtobufCMessage *
call(struct client *c, const char *method, const ProtobufCMessage *req,
	const ProtobufCMessageDescriptor *reply, struct client_error *e)
{
	AUTO(mem) uint8_t *out = malloc(protobuf_c_message_get_packed_size(req) + 1);
	AUTO(mem) uint8_t *in = NULL;
	ProtobufCMessage *msg;
	size_t in_len;

	if (!out)
		return refuse(e, CLIENT_NO_MEMORY, "no memory for the request");
	if (client_unary(c, method, out, protobuf_c_message_pack(req, out), &in, &in_len, e))
		return NULL;
	msg = protobuf_c_message_unpack(reply, NULL, in_len, in);
	return msg ? msg : refuse(e, CLIENT_PROTOCOL, "the answer is malformed");
}

#define RPC(function, method, Name, name)                                                          \
	int rpc_##function(struct client *c, const Bpfd__V1__##Name##Request *req,                 \
		Bpfd__V1__##Name##Response **out, struct client_error *e)                          \
	{                                                                                          \
		ProtobufCMessage *msg = call(c, method, &req->base,                                \
			&bpfd__v1__##name##_response__descriptor, e);                              \
                                                                                                   \
		if (!msg)                                                                          \
			return -EIO;                                                               \
		*out = (Bpfd__V1__##Name##Response *)msg;                                          \
		return 0;                                                                          \
	}
#include "bpfctl/rpcs.def"
