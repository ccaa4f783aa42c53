/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TRACERS_H
#define BPFD_CONFIG_TRACERS_H

#include <stdio.h>

#include "config/lists.h"
#include "ipc/declared.h"

/*
 * A bundle (ipc/bundle.h) of tracers.d/NAME.toml as the table of declared tracers; what a tracepoint's
 * fields are comes from names->btf.  A file with a mistake is left out; the mistakes are said on
 * errors, a line for each.  0 or a negative errno.
 */
int	tracers_read_bundle(struct names *names, const void *bytes, size_t len, FILE *errors,
		struct declared_table *out);

#endif
