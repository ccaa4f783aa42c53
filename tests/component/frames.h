/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_FRAMES_H
#define BPFD_TESTS_FRAMES_H

#include <stddef.h>
#include <stdint.h>

/* HTTP/2 frames as bytes, for conversations that no library would hold. */
enum { F_DATA, F_HEADERS, F_PRIORITY, F_RST_STREAM, F_SETTINGS, F_PUSH_PROMISE, F_PING, F_GOAWAY,
	F_WINDOW_UPDATE, F_CONTINUATION };
enum { F_END_STREAM = 1, F_ACK = 1, F_END_HEADERS = 4 };

struct frames {
	size_t len;
	uint8_t bytes[256 * 1024];
};

void	frames_put(struct frames *f, int type, int flags, uint32_t stream, const void *payload,
		size_t len);
void	frames_put_u32(struct frames *f, int type, uint32_t stream, uint32_t value);
void	frames_start(struct frames *f);		/* preface and an empty SETTINGS */
/* HEADERS of a gRPC request. */
void	frames_request(struct frames *f, uint32_t stream, const char *path, int flags);
/* A conversation that has something of everything, after frames_start(). */
void	frames_conversation(struct frames *f);

#endif
