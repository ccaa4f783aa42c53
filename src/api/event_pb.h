/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_EVENT_PB_H
#define BPFD_API_EVENT_PB_H

#include <stddef.h>
#include <stdint.h>

#include "events/record.h"
#include "ipc/actions.h"

/*
 * Events as protobuf, written by hand straight from the record: protobuf-c would first have a tree
 * of them made.  Strings that are not UTF-8 get U+FFFD where they are not, or travel as raw.
 */
#define EVENT_PB_MAX	(256 << 10)

struct event_pb {
	const struct action_table *actions;
	int64_t boot_offset_ns;
};

/* bpfd.v1.Event without lost.  The length; what does not fit into room is left out, field by field. */
size_t	event_pb(const struct event_pb *pb, const struct event *e, uint8_t *out, size_t room);
/* One whose only field is line. */
size_t	event_pb_line(const char *line, size_t len, uint8_t *out, size_t room);
/* The field lost, to follow any of both; at most 12 bytes. */
size_t	event_pb_lost(uint64_t lost, uint8_t *out);
/* grpc.Event, of genuinetools/bpfd. */
size_t	event_pb_seed(const struct event *e, uint8_t *out, size_t room);

#endif
