/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_WISHES_PARTS_H
#define BPFD_API_WISHES_PARTS_H

#include <event2/event_struct.h>

#include "api/wishes.h"
#include "api/wishes_ifaces.h"

/* Which interfaces there are: not asked on this loader's channel, asked, known. */
enum knowledge { IFACES_UNKNOWN, IFACES_ASKED, IFACES_KNOWN };

struct waiter {
	TAILQ_ENTRY(waiter) in;
	struct wishes *w;
	bool settled;			/* until nothing is left to do; else until nothing is being done */
	void (*fn)(void *arg, bool ready);
	void *arg;
};
TAILQ_HEAD(waiter_list, waiter);

/* One attachment at a time: a row, the loader's work, the row's end. */
struct wishes {
	struct api *api;
	struct ifaces ifaces;
	enum knowledge knowledge;
	bool stepping;
	bool busy;			/* an answer of the loader's is awaited, for: */
	uint64_t wish, link_id;
	struct group *group;
	uint32_t ifindex, changes;	/* of the interface until then */
	struct waiter_list waiters;
	struct event timer;		/* failures whose interface has changed */
	uint64_t attached, detached, failed, overruns;
};

/* wishes.c: goes on with what is to be done, if nothing is being done. */
void	wishes_step(struct wishes *w);
void	wishes_again(struct wishes *w, int64_t in_ms);	/* with failures whose interface changed */

/* wishes_attach.c.  True: something is being done for this interface, and wishes_step() is called at its end. */
bool	wishes_act_on(struct wishes *w, struct iface *it);
void	wishes_drop_row(struct api *api, struct link *l);

#endif
