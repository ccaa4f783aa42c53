/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_IMAGE_CACHE_H
#define BPFD_BPFCTL_IMAGE_CACHE_H

#include "bpfctl/ctl.h"

/* Words of `image` about what the daemon pulls and keeps. */
int	image_run_pull(struct ctl *ctl, const struct args *args);
int	image_run_inspect(struct ctl *ctl, const struct args *args);
int	image_run_verify(struct ctl *ctl, const struct args *args);
int	image_run_list(struct ctl *ctl, const struct args *args);
int	image_run_rm(struct ctl *ctl, const struct args *args);
int	image_run_prune(struct ctl *ctl, const struct args *args);

#endif
