/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_DECLARED_H
#define BPFD_IPC_DECLARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/declared.h"

/*
 * The tracers of tracers.d/NAME.toml, as bpfd-config made them: part of struct config, so that who
 * has that has the same table.  A place is empty when its kind is DECLARED_NONE.
 */

/* 0, or -EINVAL with the reason in why (room bytes): what can be wrong of one, by itself. */
int	declared_check(const struct declared *d, char *why, size_t room);
/* All of a table from another process: each of its places, no name twice or a built-in one's. */
bool	declared_table_ok(const struct declared_table *t);

/* A place of the table for a name: where it was before, if that can be; -ENOSPC, -EEXIST. */
int	declared_place(const struct declared_table *t, const struct declared_table *before, const char *name);
/* Fills in probe.tracer and probe.id, the last things to be known. */
void	declared_seal(struct declared *d, unsigned int place);

/* Bit per tracer that is declared and has all of flags. */
uint64_t declared_tracers(const struct declared_table *t, uint32_t flags);

/* Small letters, digits, _ and -, a letter in front: a tracer's name and those of its fields. */
bool	declared_name_ok(const char *name);
bool	declared_is_string(unsigned int type);		/* enum declared_type */
bool	declared_is_number(unsigned int type);

#endif
