/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_IMAGE_PROGRAM_H
#define BPFD_BPFCTL_IMAGE_PROGRAM_H

#include "bpfctl/ctl.h"

/* Becomes bpfctl-image with the words and the options of "image" that were given, and the time limit.
 * Returns only when that fails: an exit status, reported. */
int	image_program(struct ctl *ctl, const struct args *args);

#endif
