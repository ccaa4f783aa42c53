/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ENRICHER_CONTAINERS_H
#define BPFD_ENRICHER_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/runtimes.h"

struct span { const char *s; size_t len; };	/* no NUL */

/* What the path of a cgroup says about the container in it. */
#define CONTAINER_ID_MAX 256
struct container {
	enum runtime runtime;		/* RT_NOT_FOUND: none */
	bool claim;			/* below a user's own cgroup, where he may make any name */
	uint32_t dir_len;		/* the container's own directory: path[0..dir_len) */
	uint32_t id_len, pod_len;
	char id[CONTAINER_ID_MAX];
	char pod[40];			/* uid with '-'; pod_len 0: none */
};

/*
 * path: from the root of its hierarchy, any bytes.  The innermost component that an engine would
 * have made tells the container; the engines' own monitors are none.  Pure.
 */
void	container_of(const char *path, size_t len, struct container *out);

#endif
