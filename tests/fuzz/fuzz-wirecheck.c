/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/call_arena.h"
#include "bpfd_v1.pb-c.h"
#include "bpfman_v1.pb-c.h"
#include "common/auto.h"
#include "proto/wirecheck.h"
#include "reflection_v1.pb-c.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The first byte chooses the message.  What the wire check lets pass, protobuf-c unpacks (but for
 * its budget, and a submessage given twice whose oneofs are both unset, which it refuses) and packs
 * again; what the check refuses is explained.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const ProtobufCMessageDescriptor *const descs[] = {
		&bpfd__v1__load_request__descriptor, &bpfd__v1__attach_request__descriptor,
		&bpfd__v1__list_response__descriptor, &bpfman__v1__load_request__descriptor,
		&bpfman__v1__attach_request__descriptor, &bpfman__v1__list_response__descriptor,
		&grpc__reflection__v1__server_reflection_request__descriptor,
	};
	static struct arena arena;
	ProtobufCAllocator alloc = arena_allocator(&arena);
	const ProtobufCMessageDescriptor *desc;
	char why[WIRECHECK_WHY] = "";
	ProtobufCMessage *m;
	AUTO(mem) uint8_t *packed = NULL;

	if (size < 1)
		return 0;
	desc = descs[data[0] % ARRAY_SIZE(descs)];
	data++;
	size--;
	if (wirecheck(desc, data, size, why, sizeof(why)) < 0) {
		if (!why[0])
			abort();
		return 0;
	}
	arena_start(&arena, 4 * size + (1 << 20));
	m = protobuf_c_message_unpack(desc, &alloc, size, data);
	if (m) {
		packed = malloc(protobuf_c_message_get_packed_size(m) + 1);
		if (packed)
			protobuf_c_message_pack(m, packed);
	}
	arena_end(&arena);
	return 0;
}
