/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_OWN_H
#define BPFD_API_OWN_H

#include "api/api.h"

/*
 * What others took off of bpfd's own: each time an event of the tracer bpfd.  A persistent link is attached
 * again where detach.links says so: at once, after the next times 1, 2, 4, ... seconds later, and after
 * detach.tries times within detach.within_s no more.
 */
int	own_new(struct api *api, struct own **out);
void	own_free(struct own *o);		/* NULL is fine */

/* A link that came off; flags: LINK_DETACHED, ... of the loader's facts, none when its target is gone. */
void	own_link_gone(struct api *api, struct link *l, uint32_t flags);

#endif
