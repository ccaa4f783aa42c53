/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_RPC_H
#define BPFD_BPFCTL_RPC_H

#include "bpfctl/client.h"
#include "bpfd_v1.pb-c.h"

/*
 * The daemon's methods as functions, from rpcs.def:
 *   int rpc_load(client, const Bpfd__V1__LoadRequest *, Bpfd__V1__LoadResponse **, error)
 * 0 with the answer, which the caller owns (AUTO(reply)), or -EIO with *e filled.
 */
#define RPC(function, method, Name, name)                                                          \
	int rpc_##function(struct client *c, const Bpfd__V1__##Name##Request *req,                 \
		Bpfd__V1__##Name##Response **out, struct client_error *e);
#include "bpfctl/rpcs.def"

/* AUTO(reply): any message that was unpacked. */
static inline __attribute__((unused)) void
auto_reply(void *v)
{
	protobuf_c_message_free_unpacked(*(ProtobufCMessage **)v, NULL);
}

#endif
