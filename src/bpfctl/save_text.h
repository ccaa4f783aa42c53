/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_SAVE_TEXT_H
#define BPFD_BPFCTL_SAVE_TEXT_H

#include "bpfctl/apply_plan.h"

#define SAVE_SET "saved"		/* of what nobody marked */
#define SAVE_OBJECTS "objects"		/* folder of the objects, beside the file */

struct save_object {
	uint64_t group;			/* one that was loaded from it */
	char *file;			/* below the file's folder */
	const char *digest;		/* of the actual state */
};

/* What the daemon has as a file for `apply`. */
struct save {
	struct buf text, notes;		/* notes: what could not be saved, a line each */
	struct save_object *objects;
	size_t n_objects, n_loads, n_links, n_rules;
};

/* set: NULL, or only what is marked with it.  with_objects: the file names objects below SAVE_OBJECTS,
 * which are listed; else those that the daemon was given.  -ENOMEM only; free it in any case. */
int	save_text(const struct apply_actual *a, Bpfd__V1__Map *const *maps, size_t n_maps, const char *set,
		bool with_objects, struct save *out);
void	save_free(struct save *s);

static inline __attribute__((unused)) void
auto_save(struct save *s)
{
	save_free(s);
}

#endif
