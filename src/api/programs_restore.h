/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_PROGRAMS_RESTORE_H
#define BPFD_API_PROGRAMS_RESTORE_H

#include "api/api.h"
#include "api/programs.h"

/*
 * Loads and attaches again what was persistent and is lost, each once.  What fails stays lost, with
 * its reason.  fn, which may be NULL, runs at the end, perhaps at once; whole is false when the loader
 * went away: the next one brings another restoration.  -EBUSY: one is going on; -ENOMEM.
 */
int	programs_restore(struct api *api, void (*fn)(void *arg, bool whole), void *arg);

/* One link alone, which was persistent and came off.  fn runs later, unless an error is returned. */
int	programs_restore_link(struct api *api, struct link *l, void (*fn)(void *arg, bool whole), void *arg);

bool	programs_group_lost(const struct group *g);	/* none of its programs is there */
bool	programs_object_whole(const struct group *g, const void *object, size_t len);

/* The request that would attach it once more, as it was asked for; p: its program. */
void	programs_wanted_attach(const struct link *l, const struct prog *p, struct msg_attach *out);
struct prog *programs_prog_of(const struct link *l);	/* lost ones too; NULL */

#endif
