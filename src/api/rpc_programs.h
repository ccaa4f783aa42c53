/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_PROGRAMS_H
#define BPFD_API_RPC_PROGRAMS_H

#include "api/rpc_parts.h"
#include "bpfd_v1.pb-c.h"

/* bpfd.v1.Programs, see rpcs.def. */
rpc_handler rpc_programs_load, rpc_programs_attach, rpc_programs_detach, rpc_programs_unload;
rpc_handler rpc_programs_list, rpc_programs_get, rpc_programs_list_links, rpc_programs_get_link;
rpc_handler rpc_programs_list_dispatchers, rpc_programs_update_link;
rpc_handler rpc_maps_read, rpc_maps_update, rpc_maps_delete;
rpc_handler rpc_programs_list_maps, rpc_programs_verifier_log, rpc_programs_read_iter;
rpc_handler rpc_programs_read_object;

/* Parts of answers; strings point into the model: reply before anything changes it. */
void	rpc_fill_program(struct scratch *s, const struct api *api, const struct prog *p,
		Bpfd__V1__Program *out);
/* Of an answer to KERNEL_LIST. */
void	rpc_fill_foreign(struct scratch *s, const struct msg_prog_facts *f, const struct answer *a,
		Bpfd__V1__Program *out);
void	rpc_fill_foreign_link(struct scratch *s, const struct msg_link_facts *f, const struct msg_prog_facts *p,
		Bpfd__V1__Link *out);
void	rpc_fill_link(struct scratch *s, const struct api *api, const struct link *l,
		Bpfd__V1__Link *out);
size_t	rpc_group_programs(struct scratch *s, const struct api *api, const struct group *g,
		Bpfd__V1__Program ***out);
size_t	rpc_group_maps(struct scratch *s, const struct api *api, const struct group *g,
		Bpfd__V1__Map ***out);
void	rpc_fill_map(struct scratch *s, const struct api *api, const struct map *map, Bpfd__V1__Map *out);

#endif
