/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_OBJECT_H
#define BPFD_BPFCTL_OBJECT_H

#include "bpfctl/ctl.h"

/*
 * Reads an object file, for `load` (what, in messages): a regular file, not empty, not over the daemon's limit (which
 * is asked for when the file is large enough to matter).  The caller frees *data and *path, the
 * absolute name.  CTL_DONE, or an exit status, reported.
 */
int	object_read(struct ctl *ctl, const char *what, const char *file, uint8_t **data, size_t *len, char **path);

#endif
