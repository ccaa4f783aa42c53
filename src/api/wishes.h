/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_WISHES_H
#define BPFD_API_WISHES_H

#include <stdbool.h>
#include <stddef.h>

#include "api/programs.h"

/*
 * A wish is a link with ATTACH_FUTURE: its program is attached to every interface of the host's
 * namespace whose name fits, as they come, by a link of its own, whose field wish says so.  Those
 * leave with the interface, and when it does not fit any more.  What is attached is never more than
 * what fits and never more than once; after the death of a process the two are compared anew.
 */
int	wishes_new(struct api *api, struct wishes **out);
void	wishes_free(struct wishes *w);		/* NULL is fine */

/* The model is true, and what is persistent is back: looks at all interfaces. */
void	wishes_begin(struct api *api);

/* There is a new one: fn runs when the interfaces that are there have been tried, or cannot be. */
void	wishes_added(struct api *api, void (*fn)(void *arg, bool ready), void *arg);

/* As ctl_loader_ready(), at a moment when no attachment of a wish is being made: groups are not busy by it. */
void	wishes_idle(struct api *api, void (*fn)(void *arg, bool ready), void *arg);

/* What the loader says unasked. */
void	wishes_iface(struct api *api, const struct msg_iface *m);

/* The interfaces that fit and have it not, with the reason: each() for those of one wish. */
void	wishes_failures(const struct api *api, uint64_t wish,
		void (*each)(void *arg, const char *name, const char *text), void *arg);
void	wishes_counters(const struct api *api, void (*add)(void *arg, const char *name, uint64_t value), void *arg);

#endif
