/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_XDP_CHAIN_H
#define BPFD_XDP_CHAIN_H

#include <stdint.h>

#include "ipc/chan.h"

#define XDP_BPFFS	"/sys/fs/bpf"
#define XDP_DIR		XDP_BPFFS "/xdp"	/* as libxdp has it */

/* One request, from its arrival on fd 3 to its answer. */
struct xdp {
	struct chan *ch;
	uint32_t seq;
};

/*
 * The requests of messages.def, in the interface's network namespace.  Each answers with the chain
 * as it is then and XDP_DONE; what was begun by one that dies is found by the XDP_STEPs before.
 */
void	chain_add(struct xdp *x, const struct msg_xdp_add *m, int prog_fd);
void	chain_del(struct xdp *x, const struct msg_xdp_del *m);
void	chain_list(struct xdp *x, const struct msg_xdp_list *m);
void	chain_find(struct xdp *x, const struct msg_xdp_find *m);

#endif
