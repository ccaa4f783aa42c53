/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_CONTAINER_H
#define BPFD_CONFIG_CONTAINER_H

#include "ipc/container.h"

/*
 * What a runtime's own file says of a container.  id: which one, for the index of a store.
 * -ENOENT: it is not in the index; -EBADMSG: no JSON, or not of that shape.
 */
int	container_read(enum container_store store, const char *id, const char *text, size_t len,
		struct container_facts *out);

#endif
