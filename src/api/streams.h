/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_STREAMS_H
#define BPFD_API_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/events.h"

/*
 * Live streams: each has a bit of rec_hdr.streams, and its filter is a pseudo rule in the set.  A
 * record is encoded once for each form that somebody wants; a client that does not keep up loses,
 * is told, and disturbs nobody.  The ring is read only while there is a stream.
 */
#define STREAMS_MAX	64

struct api;
struct call;
struct streams;

/* How an event is put on the wire. */
enum stream_form {
	FORM_EVENT,			/* bpfd.v1.Event, all of it */
	FORM_SEED,			/* grpc.Event */
	FORM_LINE,			/* bpfd.v1.Event with line: FORM_LINE + enum render_format */
	N_STREAM_FORMS = FORM_LINE + N_RENDER_FORMATS
};

struct stream_args {
	uint64_t tracers;		/* 0: those that configuration and rules ask for */
	uint64_t allowed;		/* of these; set by streams_add() from the peer's role */
	bool rules_only;		/* what a rule matched */
	bool defaults;			/* with rules_only: and events of enabled tracers without rule */
	unsigned int form;
	struct rule_node *filter;	/* NULL: none */
};

/* ring, cursor, wake: borrowed descriptors, -1 for none: then there are no streams.  Before the
 * process is sealed. */
int	streams_new(struct api *api, int ring, int cursor, int wake, struct streams **out);
void	streams_free(struct streams *ss);	/* NULL is fine */
/* The number of the last rule set, kept in the cursor; memory of its own without one. */
uint64_t *streams_last(struct streams *ss);

/* Takes the call: it ends by the client, or with an error that is sent here; and args' filter. */
void	streams_add(struct streams *ss, struct call *call, const struct stream_args *args);
void	streams_filter_free(struct rule_node *n);	/* NULL is fine */

/* For sets.c.  Those that the kernel filter must let pass come first: streams_pushed() of them. */
size_t	streams_entries(struct streams *ss, uint32_t generation, uint64_t base,
		struct ruleset_entry *out);
size_t	streams_pushed(const struct streams *ss);
uint64_t streams_tracers(const struct streams *ss);	/* that streams name */
void	streams_used(struct streams *ss, uint32_t generation);

/* Numbers of streams that name a tracer: fills up to STREAMS_MAX, the count. */
size_t	streams_of_tracer(const struct streams *ss, unsigned int tracer, unsigned int *bits);
void	streams_counters(const struct streams *ss,
		void (*each)(void *arg, const char *name, uint64_t value), void *arg);

#endif
