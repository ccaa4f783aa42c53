/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_TOKEN_H
#define BPFD_LOADER_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/messages.h"

/*
 * What an administrator asked to be there after a reboot, with a code that only a holder of the key
 * can make: the API keeps it and shows it when there is no client any more.  HMAC-SHA256 (RFC 2104)
 * over every field that counts, each with its length, so that it does not depend on how this
 * version lays out its messages.  Flags and time limits are not part of it.
 */
void	token_key(const uint8_t key[IPC_KEY_LEN]);	/* once, at the start */

/* object: sealed already.  Negative errno of reading it. */
int	token_load(const struct msg_load *m, int object, uint32_t uid, struct msg_token *out);
void	token_attach(const struct msg_attach *m, uint32_t uid, struct msg_token *out);
/* That this link was made for this wish, and no other way. */
void	token_wish_link(uint64_t wish_id, uint64_t link_id, struct msg_token *out);

/* Of the object alone, as verdicts name it. */
int	token_sha256(int object, uint8_t out[32]);

bool	token_same(const struct msg_token *a, const struct msg_token *b);	/* in constant time */

#endif
