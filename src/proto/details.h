/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_PROTO_DETAILS_H
#define BPFD_PROTO_DETAILS_H

#include <stddef.h>
#include <stdint.h>

/*
 * The value of grpc-status-details-bin: a google.rpc.Status with one detail, a
 * google.rpc.DebugInfo whose detail is a log (the verifier's), or its end.  Then its stack_entries
 * hold DETAILS_LOG_ID and the number by which VerifierLog gives the whole log.
 */
#define DETAILS_LOG_ID "bpfd.verifier_log:"

/* base64 text, allocated, the caller frees it; NULL: no memory.  log_id 0: there is no more. */
char	*details_encode(unsigned int code, const char *text, const void *log, size_t log_len,
		uint64_t log_id);

/* The log of such a value, allocated and NUL-terminated; NULL: there is none.  log_id: of the whole
 * log, 0 when there is no more. */
char	*details_log(const char *base64, size_t len, uint64_t *log_id);

#endif
