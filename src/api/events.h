/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_EVENTS_H
#define BPFD_API_EVENTS_H

/* libevent has a struct event too: where both are needed, ours is struct bpfd_event. */
#define event bpfd_event
#include "api/event_pb.h"
#include "events/render.h"
#include "rules/match.h"
#include "rules/parse.h"
#undef event

#endif
