/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_ACTIONS_H
#define BPFD_CONFIG_ACTIONS_H

#include <stdio.h>

#include "config/lists.h"
#include "ipc/actions.h"

/*
 * A bundle (ipc/bundle.h) of actions.d/NAME.toml as the table of actions, the standard ones first.
 * A file with a mistake is left out; the mistakes are said on errors, a line for each.  0 or a
 * negative errno.
 */
int	actions_read_bundle(struct names *names, const void *bytes, size_t len, FILE *errors,
		struct action_table *out);

#endif
