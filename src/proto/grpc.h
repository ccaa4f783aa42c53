/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_PROTO_GRPC_H
#define BPFD_PROTO_GRPC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The small parts of gRPC over HTTP/2 that both ends need.  Source: the protocol description
 * "gRPC over HTTP2" (PROTOCOL-HTTP2.md).
 */
#define GRPC_PREFIX_LEN	5	/* flag byte (1: compressed), length big-endian */
#define GRPC_TIMEOUT_SIZE 12

void	grpc_prefix_put(uint8_t out[GRPC_PREFIX_LEN], uint32_t len);	/* flag 0 */
uint32_t grpc_prefix_len(const uint8_t prefix[GRPC_PREFIX_LEN]);

/* grpc-status: "Status codes and their use in gRPC" (statuscodes.md). */
enum grpc_status {
	GRPC_OK, GRPC_CANCELLED, GRPC_UNKNOWN, GRPC_INVALID_ARGUMENT, GRPC_DEADLINE_EXCEEDED, GRPC_NOT_FOUND,
	GRPC_ALREADY_EXISTS, GRPC_PERMISSION_DENIED, GRPC_RESOURCE_EXHAUSTED, GRPC_FAILED_PRECONDITION, GRPC_ABORTED,
	GRPC_OUT_OF_RANGE, GRPC_UNIMPLEMENTED, GRPC_INTERNAL, GRPC_UNAVAILABLE, GRPC_DATA_LOSS, GRPC_UNAUTHENTICATED
};
const char *grpc_status_name(unsigned int code);	/* "NOT_FOUND"; "UNKNOWN" over 16 */

/*
 * grpc-message: every byte outside printable ASCII, '%', and a space at either end become %XX.
 * Encode cuts at a whole character when out (size bytes, with the NUL) is too small; decode
 * leaves a malformed escape as it is.  Both terminate out and return its length.
 */
size_t	grpc_percent_encode(char *out, size_t size, const char *text, size_t len);
size_t	grpc_percent_decode(char *out, size_t size, const char *text, size_t len);

/* grpc-timeout: 1 to 8 digits and one of H M S m u n.  -EINVAL.  Format rounds up to its unit. */
int	grpc_timeout_parse(const char *s, size_t len, uint64_t *ns);
void	grpc_timeout_format(uint64_t ms, char out[GRPC_TIMEOUT_SIZE]);

#endif
