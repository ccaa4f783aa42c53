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
	uint8_t *object;
	char *path;
	Bpfd__V1__LoadResponse *reply;
	Bpfd__V1__AttachResponse **attached;
	size_t n_attach, n_attached;
};

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
