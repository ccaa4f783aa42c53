/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_KFILTER_H
#define BPFD_LOADER_KFILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/kfilter.h"

#define KFILTER_BYTES_MAX (sizeof(struct kfilter) + EV_FILTER_SET_MAX / 2 * sizeof(struct kfilter_entry))

/*
 * Checks all of what an API sent, len bytes, our copy; sorts its entries.  0, -EINVAL, or -EEXIST:
 * two entries are of the same key.
 */
int	kfilter_check(struct kfilter *k, size_t len);

#endif
