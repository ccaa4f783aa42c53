/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_ATTACH_GLOB_H
#define BPFD_BPFCTL_ATTACH_GLOB_H

#include "bpfctl/ctl.h"

/* A pattern of interfaces that are there now: the kind is attached to interfaces, and future is not set. */
bool	attach_is_glob(struct ctl *ctl, const Bpfd__V1__AttachRequest *req);

/* Attaches to each that fits, by a link of its own.  An exit status: CTL_PARTLY when some refused. */
int	attach_glob(struct ctl *ctl, const Bpfd__V1__AttachRequest *req);

#endif
