/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_LIST_H
#define BPFD_API_RPC_LIST_H

#include "api/rpc_parts.h"

/* A list of programs, from what is known here or from the kernel too; the handlers embed it. */
struct list_query {
	struct query q;			/* from rpc_query() */
	bool asks;			/* the kernel, by the loader */
	uint32_t kernel;		/* what is asked beyond the list: KERNEL_* */
	struct kvs metadata;		/* that a program must have */
	void (*reply)(const struct list_query *l, const struct answer *a);	/* a NULL: nobody was asked */
};

/* entries: of a map<string, string>.  False: the call has its error. */
bool	rpc_list_metadata(struct list_query *l, size_t n, void *entries);
void	rpc_list_run(struct list_query *l);	/* calls reply once, or fails the call; takes l */
void	rpc_list_free(struct list_query *l);

#endif
