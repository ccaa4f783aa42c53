/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_MAPS_H
#define BPFD_API_RPC_MAPS_H

#include "api/model.h"

/* A map that a load brought and that is there; NULL: none. */
const struct map *rpc_maps_find(const struct model *m, uint32_t id);

#endif
