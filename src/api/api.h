/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_API_H
#define BPFD_API_API_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "api/logs.h"
#include "api/model.h"
#include "api/rules.h"
#include "ipc/config.h"

struct ctl;
struct ctl_loader;
struct images;
struct kernel_list;
struct restore;
struct server;
struct store;
struct ctl_enricher;
struct sets;
struct streams;
struct own;
struct wishes;

/* The state of bpfd-api: one per process, passed to every handler. */
struct api {
	struct event_base *base;
	const struct config *cfg;
	struct store *store;
	struct model model;
	struct server *server;
	struct ctl *ctl;		/* to the supervisor */
	struct ctl_loader *loader;
	struct ctl_enricher *enricher;
	struct images *images;
	struct rules rules;
	const struct action_table *actions;	/* never NULL */
	struct sets *sets;		/* what is in force of rules and streams */
	struct streams *streams;
	struct logs logs;		/* of refused loads */
	const char *bpffs;		/* before the name of a pin: absolute where that is known */
	uint64_t dry_runs;		/* number of the last: dry runs have no row */
	char kernel[72];		/* release of the running kernel */
	char host[72];			/* name of the machine */
	struct kernel_list *kernel_next;	/* who waits for the next list of programs */
	bool kernel_busy;		/* one is being made */
	unsigned int undos;		/* of the reconciliation that is in progress */
	struct own *own;		/* what others took off */
	struct wishes *wishes;		/* attachments to interfaces that are still to come */
	struct restore *restore;	/* one that is going on; NULL */
	bool reconciled;		/* the model has met a loader's inventory */
	bool broken;			/* a peer broke the protocol: exit status 1 */
	bool forget;			/* everything is detached at the end: leave no row either */
};

#endif
