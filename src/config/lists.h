/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_LISTS_H
#define BPFD_CONFIG_LISTS_H

#include <stddef.h>
#include <stdio.h>

#include "ipc/config.h"

#define KFUNC_PATTERNS_MAX 256

/* What names are resolved by: opened before the sandbox. */
struct names {
	FILE *passwd, *group;		/* NULL: only numbers can be given */
	void *btf;			/* the kernel's, btf_size bytes; NULL: no kernel function */
	size_t btf_size;
	struct kfunc_pattern {
		char glob[64];
		size_t literal;		/* characters before the first special one */
	} kfuncs[KFUNC_PATTERNS_MAX];	/* of the list that is being read */
	size_t n_kfuncs;
};

/*
 * One item of a CONF_LIST key, by the kind's name.  dst is the struct conf_KIND, zeroed before the
 * first item.  0, or -EINVAL with words for a person in why.
 */
#define LIST_ADD(kind)                                                                             \
	int list_add_##kind(struct names *names, void *dst, const char *item, char *why,     \
		size_t room)
LIST_ADD(WHO);
LIST_ADD(PROG_TYPES);
LIST_ADD(MAP_TYPES);
LIST_ADD(TRACERS);
LIST_ADD(HELPERS);
LIST_ADD(PATTERNS);
LIST_ADD(SECRETS);
LIST_ADD(NETS);
LIST_ADD(KFUNCS);

/* A user by name or number, with its group (of a bare number: the same).  0, or -EINVAL with words. */
int	lists_user(struct names *names, const char *who, uint32_t *uid, uint32_t *gid, char *why, size_t room);

/* Before the first item: forgets those of the default.  The other kinds need no beginning. */
void	list_begin_KFUNCS(struct names *names);
/* At last: looks the patterns up, and what bpfd's own tracers call, in one walk over the kernel's BTF.
 * A function that this kernel does not have is no error. */
void	lists_kfuncs(const struct names *names, struct config *out);

#endif
