/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_UNDO_H
#define BPFD_API_PROGRAMS_UNDO_H

#include "api/programs.h"

/*
 * Undoes what the loader made, then forgets the row and its part of the model, then runs then(),
 * which may be NULL.  Where that fails the row stays an intent, which the next reconciliation
 * undoes.  Negative errno: then() will not run.
 */
int	programs_undo_group(struct api *api, struct group *g,
		void (*then)(struct api *api, bool lost));
int	programs_undo_link(struct api *api, struct link *l,
		void (*then)(struct api *api, bool lost));

#endif
