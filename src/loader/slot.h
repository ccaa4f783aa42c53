/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_SLOT_H
#define BPFD_LOADER_SLOT_H

#include "loader/kernel.h"

/*
 * An XDP program that does nothing, int bpfd_slot(struct xdp_md *): what programs are loaded for
 * that are to run in a dispatcher (type EXT, freplace).  libxdp links them to its own later, whose
 * functions have the same shape.  It is never attached.  Returns its descriptor, or a negative errno
 * where this kernel refuses such programs; tried with one.
 */
#define SLOT_BTF_ID 5		/* of that function in the slot's BTF */
int	slot_open(struct kernel *k);

#endif
