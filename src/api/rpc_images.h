/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_RPC_IMAGES_H
#define BPFD_API_RPC_IMAGES_H

#include "api/rpc_parts.h"
#include "bpfd_v1.pb-c.h"

/* bpfd.v1.Images, see rpcs.def. */
rpc_handler rpc_images_pull, rpc_images_list, rpc_images_get, rpc_images_verify, rpc_images_remove, rpc_images_prune;

/* An image that a client names, with its credentials, checked.  NULL: refused, naming the field. */
struct load_image *rpc_image_source(struct call *call, const Bpfd__V1__ImageSource *rq);
struct load_image *rpc_image_take(struct call *call, const char *url, int policy, const char *username,
		const char *password);

/* Pulls as that says, or takes it from the cache.  Ends the call by reply(), or by an error. */
struct image_facts;
void	rpc_image_pull(struct call *call, struct load_image *take, bool dry_run,
		void (*progress)(struct call *call, const char *what, uint64_t done, uint64_t total),
		void (*reply)(struct call *call, const struct image_facts *f, bool dry_run));

#endif
