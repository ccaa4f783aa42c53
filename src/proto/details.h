/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_PROTO_DETAILS_H
#define BPFD_PROTO_DETAILS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The value of grpc-status-details-bin: a google.rpc.Status with one detail, a
 * google.rpc.DebugInfo whose detail is a log (the verifier's).
 */

/* base64 text, allocated, the caller frees it; NULL: no memory. */
char	*details_encode(unsigned int code, const char *text, const void *log, size_t log_len);

/* The log of such a value, allocated and NUL-terminated; NULL: there is none. */
char	*details_log(const char *base64, size_t len);

#endif
