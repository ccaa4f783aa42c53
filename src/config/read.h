/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_READ_H
#define BPFD_CONFIG_READ_H

#include <stddef.h>
#include <stdio.h>

#include "config/lists.h"
#include "ipc/config.h"

/*
 * Reads TOML text into *out, which is filled with the defaults first.  Every mistake is one line
 * "file:line:column: words" on errors.  The number of mistakes; *out counts only when it is 0.
 */
unsigned int config_read(struct names *names, const char *file, const char *text, size_t len,
		FILE *errors, struct config *out);

/* Writes a configuration file with every key, its default and what it is for. */
void	config_print(FILE *out);

#endif
