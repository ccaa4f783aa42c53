/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_API_IDTAB_H
#define BPFD_API_IDTAB_H

#include <stddef.h>
#include <stdint.h>

/* A table from number to pointer; starts as {0}.  Pointers are the caller's and never NULL. */
struct idtab {
	struct idslot *slots;
	size_t n, size;		/* size: 0 or a power of two */
};

int	idtab_put(struct idtab *t, uint64_t id, void *value);	/* replaces; -ENOMEM */
void	*idtab_get(const struct idtab *t, uint64_t id);		/* NULL when there is none */
void	idtab_del(struct idtab *t, uint64_t id);
void	idtab_clear(struct idtab *t);

#endif
