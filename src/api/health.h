/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_HEALTH_H
#define BPFD_API_HEALTH_H

#include "api/rpc.h"

/* grpc.health.v1.Health, see rpcs.def. */
rpc_handler rpc_health_check, rpc_health_watch;

#endif
