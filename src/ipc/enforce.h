/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_ENFORCE_H
#define BPFD_IPC_ENFORCE_H

#include <linux/types.h>
#include <stdint.h>

#include "bpf/enforce.h"

/* The table of what the kernel decides, as it travels from the API to the loader: a sealed memfd. */
extern const char *const enforce_hook_names[N_ENF_HOOKS];
extern const char *const enforce_hook_kinds[N_ENF_HOOKS];	/* attach kind that this hook needs */

/* Of the hooks of a rule those that it cannot do without. */
uint32_t enforce_hooks_needed(uint32_t hooks);

/* Checks a table from another process: every index within its array, counts, lengths.  -EINVAL. */
int	enforce_table_check(const struct enf_table *t);

#endif
