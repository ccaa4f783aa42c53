/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_ALERT_H
#define BPFD_ALERTS_ALERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/record.h"

/*
 * One event that a rule wants to be told of, as it lies in a queue (alerts/queue.h): everything that
 * a message may show, as text, so that whoever sends it hours later needs no table of the day.
 */
enum alert_text {
#define ALERT_TEXT(id, name, bytes, help) ALERT_##id,
#include "alerts/alert.def"
	N_ALERT_TEXTS
};
extern const char *const alert_text_names[N_ALERT_TEXTS];

struct alert_str { const char *s; size_t len; };	/* not ended by NUL; s is never NULL */
struct alert {
	uint64_t epoch, seq;		/* together an event's name, unique on this host */
	int64_t time_ns;		/* since 1970 */
	uint32_t severity;		/* enum severity */
	uint32_t pid, uid;
	uint32_t suppressed;		/* events like this one that dedup or ratelimit held back */
	struct alert_str text[N_ALERT_TEXTS];
};

/* What is not in the event. */
struct alert_from {
	const char *host;
	int64_t boot_offset_ns;
	uint64_t epoch;
};

/* No alert is longer; QUEUE_ITEM_MAX is not either. */
#define ALERT_MAX	(160 << 10)

/* The event, asked for by m (or NULL), into out (ALERT_MAX bytes): the length. */
size_t	alert_pack(const struct alert_from *from, const struct event *e, const struct rec_match *m, void *out);
/* Checks all of it (it was on a disk).  Texts point into bytes.  -EBADMSG. */
int	alert_unpack(const void *bytes, size_t len, struct alert *out);
/* Name of the event: "1f0c...-123", for a message's id.  out has room for 40. */
void	alert_id(const struct alert *a, char out[40]);

#endif
