/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpctable.h"

#include "bpfd_v1.pb-c.h"
#include "bpfman_v1.pb-c.h"
#include "common/auto.h"
#include "grpc_api.pb-c.h"
#include "health.pb-c.h"
#include "reflection_v1.pb-c.h"
#include "reflection_v1alpha.pb-c.h"

#define RPC(service, method, request, role, handler) rpc_handler handler;
#include "api/rpcs.def"

#define RPC(service, method, request, role, handler)                                               \
	{ service, method, "/" service "/" method, &request##__descriptor, role, handler },
const struct rpc rpc_table[] = {
#include "api/rpcs.def"
};
const size_t rpc_table_len = ARRAY_SIZE(rpc_table);
