/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_DESCSET_H
#define BPFD_API_DESCSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The descriptor set (google.protobuf.FileDescriptorSet) of every contract in proto/, embedded in
 * the program.  A few KiB: looked through on demand, nothing is kept.
 */
struct descset_file {
	const uint8_t *bytes;	/* the FileDescriptorProto */
	size_t len;
};

/* By name as in an import ("health.proto"), or by a symbol that the file defines: full name of a
 * message, field, enum, enum value, service or method. */
bool	descset_file(const char *name, size_t len, struct descset_file *out);
bool	descset_symbol(const char *symbol, size_t len, struct descset_file *out);

/* What streams in a method.  False: there is no such method. */
bool	descset_method(const char *service, const char *method, bool *client_streams,
		bool *server_streams);

#endif
