/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_LOAD_ARGS_H
#define BPFD_BPFCTL_LOAD_ARGS_H

#include "bpfctl/ctl.h"
#include "bpfctl/spec.h"

/* One `load`, from the command line to the answer. */
struct load {
	Bpfd__V1__LoadRequest req;
	struct spec_attach *attach;
	char **copies;			/* of --program texts */
	size_t n_copies;
	uint8_t *object;
	char *path;
	Bpfd__V1__LoadResponse *reply;
	Bpfd__V1__AttachResponse **attached;
	size_t n_attach, n_attached;
};

/* Each takes a text as the option of `load` does: 0, -EINVAL with a sentence in *why, -ENOMEM. */
int	load_add_program(struct load *l, const char *text, struct buf *why);
int	load_add_global(struct load *l, const char *text, struct buf *why);
int	load_add_metadata(struct load *l, const char *text, struct buf *why);
int	load_add_attach(struct load *l, struct spec_attach **out);	/* an empty one; -ENOMEM */

/* Unloads what was loaded before something failed with status.  Returns status, or CTL_PARTLY when
 * that fails too, which is reported. */
int	load_take_back(struct ctl *ctl, const char *what, uint64_t group, int status);

/* Reads the options of `load` into l, which is zeroed.  CTL_DONE, or CTL_USAGE, reported; l is to be
 * freed in any case. */
int	load_args_read(struct ctl *ctl, const struct args *args, struct load *l);
void	load_args_free(struct load *l);

static inline __attribute__((unused)) void
auto_load(struct load *l)
{
	load_args_free(l);
}

#endif
