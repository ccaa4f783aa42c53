/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_RULES_H
#define BPFD_API_RPC_RULES_H

#include "api/rpc_parts.h"
#include "bpfd_v1.pb-c.h"

/* A rule as both lists and changes show it; explain: with its text and what it does. */
Bpfd__V1__Rule *rpc_fill_rule(struct scratch *s, const struct api *api, const struct api_rule *r,
		bool explain);

/* bpfd.v1.Rules, see rpcs.def. */
rpc_handler rpc_rules_create, rpc_rules_list, rpc_rules_get, rpc_rules_remove, rpc_rules_check;

#endif
