/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_REFLECT_H
#define BPFD_API_REFLECT_H

#include "api/rpc.h"

/* grpc.reflection, see rpcs.def; both versions are the same on the wire. */
rpc_handler rpc_reflection_v1, rpc_reflection_v1alpha;

#endif
