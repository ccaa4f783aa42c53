/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_PROTO_WIRECHECK_H
#define BPFD_PROTO_WIRECHECK_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#define WIRECHECK_DEPTH	16	/* messages in messages */
#define WIRECHECK_WHY	256	/* room that is always enough for why */

/*
 * Checks a message against its descriptor before protobuf-c sees it: varints and lengths in
 * bounds, the wire type that each known field must have, nesting depth, and every string field
 * UTF-8 without NUL (protobuf-c would cut it silently).  Unknown fields need only be well formed.
 * 0, or -EINVAL with a sentence that names the field in why.
 */
int	wirecheck(const ProtobufCMessageDescriptor *desc, const void *data, size_t len,
		char *why, size_t why_size);

#endif
