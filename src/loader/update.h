/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_UPDATE_H
#define BPFD_LOADER_UPDATE_H

#include "loader/attach.h"
#include "loader/loader.h"

/* What the files update*.c share: a link that is being changed. */
struct change {
	struct msg_attach m;		/* the link as it is to be */
	const struct attach_who *who;
	struct msg_link_facts was;
	char suffix[ATTACH_SUFFIX_MAX];
	bool linkless;
	int prog_fd, old_fd, link_fd;	/* of the new program, the old one, the link; -1: none */
	uint32_t prog_type, attach_type;
	uint64_t gid;
};

static inline bool
change_program(const struct change *c)
{
	return c->m.prog_id != c->was.prog_id;
}

static inline bool
change_priority(const struct change *c)
{
	return c->m.priority && c->m.priority != c->was.priority;
}

/* As attach() would get it; points into c. */
void	change_attach_in(struct loader *ld, const struct change *c, struct attach_in *in);
/* The new attachment is made before the old one is taken off. */
int	change_anew(struct loader *ld, const struct change *c, struct attach_out *out, struct msg_result *res);
/* In the kernel's link, or by a stand-in, or anew. */
int	change_link(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res);

/* update_tc.c: at traffic control, where there may be a stub. */
int	change_tc(struct loader *ld, struct change *c, struct attach_out *out, struct msg_result *res);

#endif
