/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_TABLES_H
#define BPFD_EVENTS_TABLES_H

#include "events/schema.h"

/* Between the files of this folder. */

/* A field of the tracer's own table, whatever the case of its name, or NULL. */
const struct field *schema_own(unsigned int tracer, const char *name);
/* A common field, or what an alias stands for, or NULL. */
const struct field *common_find(unsigned int tracer, const char *name);

/* Names of errno values as the kernel has them: "ENOENT"; NULL for an unknown one. */
const char *common_errno(int64_t ret);

/* What record_check() goes by: the strings of each tracer's record, and how many events it has. */
struct record_shape {
	size_t min_size;
	uint32_t n_events, n_strs;
	uint16_t strs[32];		/* offset of each struct ev_str */
};

#endif
