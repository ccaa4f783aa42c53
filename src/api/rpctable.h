/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPCTABLE_H
#define BPFD_API_RPCTABLE_H

#include "api/rpc.h"

/* rpcs.def as a table.  The server takes what it is linked with, so a test brings its own. */
struct rpc {
	const char *service, *method;
	const char *path;		/* "/SERVICE/METHOD" */
	const ProtobufCMessageDescriptor *request;
	enum config_role role;
	rpc_handler *handler;
};

extern const struct rpc rpc_table[];
extern const size_t rpc_table_len;

#endif
