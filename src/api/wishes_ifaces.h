/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_WISHES_IFACES_H
#define BPFD_API_WISHES_IFACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "api/idtab.h"
#include "ipc/messages.h"

/* The host's interfaces as the loader has told of them; for wishes.c. */
struct failure {
	SLIST_ENTRY(failure) next;
	uint64_t wish;
	enum ipc_code code;
	unsigned int tries;
	int64_t at_ms;			/* of the last try */
	bool again;			/* the interface has changed since */
	char text[IPC_TEXT_MAX];
};

struct iface {
	TAILQ_ENTRY(iface) in_all, in_dirty;
	SLIST_HEAD(, failure) failures;
	uint32_t ifindex;
	uint32_t changes;		/* so far */
	bool dirty, gone;
	bool seen;			/* in the dump that is being taken */
	char name[16];			/* "" when it was gone before it was seen */
};

struct ifaces {
	TAILQ_HEAD(iface_list, iface) all, dirty;	/* dirty: in the order of their changes */
	struct idtab by_index;
};

void	ifaces_init(struct ifaces *t);
void	ifaces_clear(struct ifaces *t);

/* It is there, is gone, or changed: it is dirty from now on.  A failure on another name is forgotten. */
struct iface *ifaces_put(struct ifaces *t, const struct msg_iface *m);	/* NULL: no memory */
void	ifaces_dirty(struct ifaces *t, struct iface *it);
void	ifaces_all_dirty(struct ifaces *t);
/* Nothing is to be done with it any more: it stays unless it is gone. */
void	ifaces_clean(struct ifaces *t, struct iface *it);
/* All that is there, and no other: what is missing here is gone. */
int	ifaces_take_all(struct ifaces *t, const struct msg_iface *all, size_t n);	/* -ENOMEM */

struct failure *ifaces_failure(const struct iface *it, uint64_t wish);	/* NULL: none */
struct failure *ifaces_failed(struct iface *it, uint64_t wish);		/* made if need be; NULL: no memory */
void	ifaces_forgive(struct iface *it, struct failure *f);
/* How long it is to rest after so many tries, from its last. */
int64_t	ifaces_rest_ms(const struct failure *f);

#endif
