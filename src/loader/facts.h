/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_FACTS_H
#define BPFD_LOADER_FACTS_H

#include "ipc/messages.h"
#include "loader/objects.h"

/* What the kernel and the tables say of an object.  fd is borrowed; negative errno. */
int	facts_prog(struct kernel *k, int fd, const struct obj_prog *p, struct msg_prog_facts *out);
int	facts_map(struct kernel *k, int fd, const struct obj_map *m, uint32_t n_cpus,
		struct msg_map_facts *out);

/* What a person calls it: a program that was loaded for a dispatcher of XDP programs is one of them. */
uint32_t facts_prog_type(uint32_t type, uint32_t attach_type);

#endif
