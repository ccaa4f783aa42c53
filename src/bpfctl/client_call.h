/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_CLIENT_CALL_H
#define BPFD_BPFCTL_CLIENT_CALL_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpfctl/buf.h"
#include "bpfctl/client.h"
#include "proto/grpc.h"

/* One call on an HTTP/2 session: the request going out, the answer coming in. */
#define CALL_MESSAGE_MAX (64u << 20)

struct call_state {
	int32_t stream;			/* -1: none runs */

	uint8_t prefix[GRPC_PREFIX_LEN];
	const uint8_t *msg;		/* the request, borrowed */
	size_t msg_len, sent;		/* sent: of prefix and msg together */

	struct buf in;			/* DATA not yet taken as messages */
	size_t taken;			/* of in */
	int http_status;
	bool is_grpc;			/* content-type says so */
	int grpc_status;		/* -1: not seen */
	struct buf text, details;	/* grpc-message, grpc-status-details-bin as they came */
	bool pong;			/* the daemon has answered a PING */
	uint32_t reset;			/* HTTP/2 error code of the stream's end */
	bool closed;
};

int	call_session_new(struct call_state *call, nghttp2_session **out);	/* nghttp2 error */
int	call_submit(struct call_state *call, nghttp2_session *h2, const char *method,
		const void *msg, size_t len, uint64_t timeout_ms);	/* -ENOMEM */
bool	call_is_sent(const struct call_state *call);	/* the whole request is on its way */
/* Takes the next complete message: 1, 0 when there is none yet, -EIO for one that is no message
 * (call_result() says why). */
int	call_message(struct call_state *call, uint8_t **msg, size_t *len);
int	call_result(struct call_state *call, struct client_error *e);	/* of a closed call: 0, -EIO */
void	call_clear(struct call_state *call);	/* frees and forgets the answer */

#endif
