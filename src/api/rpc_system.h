/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_SYSTEM_H
#define BPFD_API_RPC_SYSTEM_H

#include "api/rpc.h"

/* bpfd.v1.System, see rpcs.def. */
rpc_handler rpc_system_version, rpc_system_status, rpc_system_counters, rpc_system_fsck, rpc_system_repair;

#endif
