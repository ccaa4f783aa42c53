/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_RESTORE_STEP_H
#define BPFD_API_PROGRAMS_RESTORE_STEP_H

#include "api/programs_restore.h"

/*
 * After a reboot the rows are there and the pins are not.  Groups come back one after the other, in
 * the order in which they were loaded, so that one whose maps are shared is there first; then the
 * links of each.  A row is marked before its kernel work begins; whoever dies in between leaves
 * the mark, and the next reconciliation undoes what there is of it and begins again.
 */
struct restore {
	struct api *api;
	uint64_t gid, link_id;		/* at work on; everything before is done */
	bool one;			/* the link link_id alone */
	bool tried;			/* the group itself: its links are next */
	struct image_get *check;	/* of the image of the group gid */
	size_t n_progs, n_links, failed;
	void (*fn)(void *arg, bool whole);
	void *arg;
};

/* Goes on with what is next; ends the restoration when there is nothing, and frees it. */
void	restore_step(struct restore *r);
void	restore_end(struct restore *r, bool whole);	/* whole: not because the loader is gone */
void	restore_undone(struct api *api, bool lost);	/* for programs_undo_*(): either of these */

/* Logs and counts why a group or link ("what") is not back, and keeps the text; forgets that text. */
void	restore_failed(struct restore *r, char **reason, const char *what, uint64_t id, const char *fmt, ...)
		__attribute__((format(printf, 5, 6)));
void	restore_worked(char **reason);

/* programs_restore_image.c: with policy.signed_only the loader takes no object whose image was not found
 * signed since it started.  1: that is looked at, restore_checked() follows; 0: no need; negative errno: it stays lost. */
int	restore_check_image(struct restore *r, struct group *g);
void	restore_checked(struct restore *r, struct group *g);

/* programs_restore_links.c: the next link of a group that is to be restored.  1: its answer comes. */
int	restore_next_link(struct restore *r, const struct group *g);
int	restore_link(struct restore *r, struct link *l);	/* this one; -ESRCH: it is not lost, or its program is */

#endif
