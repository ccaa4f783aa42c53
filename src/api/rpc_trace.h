/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_TRACE_H
#define BPFD_API_RPC_TRACE_H

#include "api/rpc.h"

/* bpfd.v1.Trace and grpc.API, see rpcs.def. */
rpc_handler rpc_trace_events, rpc_trace_tracers, rpc_trace_stats;
rpc_handler rpc_seed_create, rpc_seed_remove, rpc_seed_list, rpc_seed_live_trace;

#endif
