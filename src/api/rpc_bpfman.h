/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_BPFMAN_H
#define BPFD_API_RPC_BPFMAN_H

#include "api/rpc_parts.h"
#include "bpfman_v1.pb-c.h"

/* bpfman.v1.Bpfman, see rpcs.def. */
rpc_handler rpc_bpfman_load, rpc_bpfman_attach, rpc_bpfman_detach, rpc_bpfman_unload;
rpc_handler rpc_bpfman_get, rpc_bpfman_list, rpc_bpfman_pull;

/* Parts of answers; strings point into the model: reply before anything changes it. NULL: failed. */
Bpfman__V1__ProgramInfo *rpc_bpfman_info(struct scratch *s, const struct api *api,
		const struct prog *p);
Bpfman__V1__KernelProgramInfo *rpc_bpfman_kernel_info(struct scratch *s,
		const struct msg_prog_facts *f);

#endif
