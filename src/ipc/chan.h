/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_CHAN_H
#define BPFD_IPC_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ipc/messages.h"

/*
 * One end of a SOCK_SEQPACKET pair between two of bpfd's processes.  Who may be at the other end
 * is fixed when the channel is made; what they may say, and when, is messages.def.
 */
struct chan;

/* A received message.  payload points into the channel's buffer and is valid until the next
 * chan_recv() on it.  fds[0..n_fds) belong to the caller; chan_drop_fds() closes those left. */
struct chan_msg {
	struct msg_hdr hdr;
	const void *payload;
	int fds[IPC_MAX_FDS];
	unsigned int n_fds;
};

/* Takes fd.  peers: FROM_* of the roles at the other end.  -ENOMEM. */
int	chan_new(int take_fd, enum ipc_role self, unsigned int peers, struct chan **out);
void	chan_free(struct chan *c);	/* closes the descriptor; NULL is fine */
int	chan_fd(const struct chan *c);	/* borrowed, for poll */

/* A channel begins in PHASE_START; the receiver moves it on. */
void	chan_set_phase(struct chan *c, enum ipc_phase phase);
enum ipc_phase chan_phase(const struct chan *c);

/*
 * Sends one message; payload has the size that messages.def says, fds its number of descriptors
 * (NULL for none); they stay the caller's.  Blocks unless nonblock: then -EAGAIN when the peer's
 * queue is full.  -EPIPE or -ECONNRESET: the peer is gone.
 */
int	chan_send(struct chan *c, enum ipc_type type, uint32_t seq, const void *payload, const int *fds);
int	chan_send_nonblock(struct chan *c, enum ipc_type type, uint32_t seq, const void *payload,
		const int *fds);

/*
 * Receives one message without blocking.  1: *m is filled; 0: the peer closed; -EAGAIN: nothing
 * there; -EPROTO: the peer broke the protocol (logged, its descriptors closed) and must be ended.
 */
int	chan_recv(struct chan *c, struct chan_msg *m);

/* chan_recv() that waits up to timeout_ms (-1: for ever).  -ETIMEDOUT. */
int	chan_wait(struct chan *c, struct chan_msg *m, int timeout_ms);

void	chan_drop_fds(struct chan_msg *m);

const char *ipc_type_name(uint32_t type);	/* "LOAD"; "?" for an unknown one */
size_t	ipc_payload_size(uint32_t type);	/* 0 too for an unknown type */
unsigned int ipc_fd_count(uint32_t type);

/* True when s[0..size) holds a NUL and only bytes that UTF-8 text may have (no controls). */
bool	ipc_str_ok(const char *s, size_t size);
#define IPC_STR_OK(a) ipc_str_ok((a), sizeof(a))

/*
 * A receiver's dispatch: defines the handlers' calls from messages.def.
 *   switch (m.hdr.type) {
 *   #define TO_LOADER(NAME, from, payload, fds, phase) IPC_CASE(NAME, payload, ld, ch)
 *   #include "ipc/messages.def"
 *   }
 * calls on_NAME(ld, ch, &m.hdr, payload, m.fds): negative errno ends the peer.  A handler keeps a
 * descriptor by TAKE_FD(fds[i]).
 */
#define IPC_CASE(NAME, payload_, ctx, ch)                                                          \
	case IPC_##NAME:                                                                           \
		err = on_##NAME(ctx, ch, &m.hdr, (const struct msg_##payload_ *)m.payload, m.fds); \
		break;

#endif
