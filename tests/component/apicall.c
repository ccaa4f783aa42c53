/* SPDX-License-Identifier: Apache-2.0 */
#include "component/apicall.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/grpc.h"

int
apicall_setup(void **state)
{
	struct apicall *t = calloc(1, sizeof(*t));

	if (!t || apirig_open(&t->rig) < 0 || apirig_start(&t->rig) != 0)
		return -1;
	t->base = event_base_new();
	apirig_loader(&t->rig);
	*state = t;
	return 0;
}

void
apicall_hang_up(struct apicall *t)
{
	if (t->client)
		client_free(t->client);
	t->client = NULL;
}

int
apicall_teardown(void **state)
{
	struct apicall *t = *state;

	apicall_hang_up(t);
	if (t->answer)
		protobuf_c_message_free_unpacked(t->answer, NULL);
	apirig_close(&t->rig);
	event_base_free(t->base);
	free(t);
	return 0;
}

void
apicall_restart(struct apicall *t)
{
	apicall_hang_up(t);
	apirig_kill(&t->rig);
	assert_int_equal(apirig_start(&t->rig), 0);
	apirig_loader(&t->rig);
}

int32_t
apicall_start(struct apicall *t, const char *method, const ProtobufCMessage *rq)
{
	size_t len = protobuf_c_message_get_packed_size(rq);
	uint8_t *body = malloc(len + GRPC_PREFIX_LEN);
	int32_t stream;

	assert_non_null(body);
	grpc_prefix_put(body, (uint32_t)len);
	protobuf_c_message_pack(rq, body + GRPC_PREFIX_LEN);
	if (!t->client || client_eof(t->client)) {
		apicall_hang_up(t);
		t->client = client_new(t->base, t->rig.sock);
	}
	stream = client_start(t->client, method, NULL, body, len + GRPC_PREFIX_LEN, true);
	free(body);
	return stream;
}

int
apicall_finish(struct apicall *t, int32_t stream, const ProtobufCMessageDescriptor *rs)
{
	const struct reply *r = client_wait(t->client, stream);
	int status = r->status;

	strcpy(t->text, r->message);
	strcpy(t->details, r->details);
	if (t->answer)
		protobuf_c_message_free_unpacked(t->answer, NULL);
	t->answer = NULL;
	if (status == 0 && rs) {
		assert_true(r->len >= GRPC_PREFIX_LEN);
		t->answer = protobuf_c_message_unpack(rs, NULL, r->len - GRPC_PREFIX_LEN,
			r->body + GRPC_PREFIX_LEN);
		assert_non_null(t->answer);
	}
	return status;
}

int
apicall(struct apicall *t, const char *method, const ProtobufCMessage *rq,
	const ProtobufCMessageDescriptor *rs)
{
	return apicall_finish(t, apicall_start(t, method, rq), rs);
}

int
api_load(struct apicall *t, const char *content)
{
	Bpfd__V1__LoadRequest rq = BPFD__V1__LOAD_REQUEST__INIT;

	rq.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	rq.content.data = (uint8_t *)content;
	rq.content.len = strlen(content);
	rq.source = "/test.o";
	return apicall(t, "/bpfd.v1.Programs/Load", &rq.base, &bpfd__v1__load_response__descriptor);
}

uint32_t
api_loaded(struct apicall *t)
{
	const Bpfd__V1__LoadResponse *rs;

	assert_int_equal(api_load(t, "object"), 0);
	rs = (const void *)t->answer;
	assert_int_equal(rs->n_programs, 1);
	return rs->programs[0]->id;
}

int
api_attach(struct apicall *t, uint32_t program)
{
	Bpfd__V1__AttachRequest rq = BPFD__V1__ATTACH_REQUEST__INIT;

	rq.program = program;
	rq.kind = "xdp";
	rq.target = "eth0";
	return apicall(t, "/bpfd.v1.Programs/Attach", &rq.base, &bpfd__v1__attach_response__descriptor);
}

int
api_detach(struct apicall *t, uint64_t link)
{
	Bpfd__V1__DetachRequest rq = BPFD__V1__DETACH_REQUEST__INIT;

	rq.link = link;
	return apicall(t, "/bpfd.v1.Programs/Detach", &rq.base, NULL);
}

int
api_unload(struct apicall *t, uint64_t group)
{
	Bpfd__V1__UnloadRequest rq = BPFD__V1__UNLOAD_REQUEST__INIT;

	rq.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	rq.group = group;
	return apicall(t, "/bpfd.v1.Programs/Unload", &rq.base, &bpfd__v1__unload_response__descriptor);
}

const Bpfd__V1__ListResponse *
api_list(struct apicall *t)
{
	Bpfd__V1__ListRequest rq = BPFD__V1__LIST_REQUEST__INIT;

	assert_int_equal(apicall(t, "/bpfd.v1.Programs/List", &rq.base,
		&bpfd__v1__list_response__descriptor), 0);
	return (const void *)t->answer;
}

const Bpfd__V1__ListLinksResponse *
api_links(struct apicall *t)
{
	Bpfd__V1__ListLinksRequest rq = BPFD__V1__LIST_LINKS_REQUEST__INIT;

	assert_int_equal(apicall(t, "/bpfd.v1.Programs/ListLinks", &rq.base,
		&bpfd__v1__list_links_response__descriptor), 0);
	return (const void *)t->answer;
}

const Bpfd__V1__StatusResponse *
api_status(struct apicall *t)
{
	Bpfd__V1__StatusRequest rq = BPFD__V1__STATUS_REQUEST__INIT;

	assert_int_equal(apicall(t, "/bpfd.v1.System/Status", &rq.base,
		&bpfd__v1__status_response__descriptor), 0);
	return (const void *)t->answer;
}
