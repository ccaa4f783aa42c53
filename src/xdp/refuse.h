/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_XDP_REFUSE_H
#define BPFD_XDP_REFUSE_H

#include "xdp/chain.h"

/* Has libxdp's and libbpf's warnings kept for the text of a refusal. */
void	refuse_init(void);
void	refuse_forget(void);	/* what was kept */

/* Answers without a chain: IPC_OK too, where there is none. */
void	refuse(struct xdp *x, enum ipc_code code, int err, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
void	refuse_locked(struct xdp *x);
void	refuse_headless(struct xdp *x);
void	refuse_attach(struct xdp *x, const struct msg_xdp_add *m, int err);
void	refuse_detach(struct xdp *x, uint32_t prog_id, int err);

#endif
