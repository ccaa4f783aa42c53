/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_ENFORCE_PARTS_H
#define BPFD_RULES_ENFORCE_PARTS_H

#include "rules/enforce.h"
#include "rules/nnf.h"

/* What enforce*.c have of each other. */

/* ---- enforce_fields.c: what the kernel can tell, by tracer and field ---- */
struct enforce_subject {
	const char *tracer;
	uint32_t verb;			/* enum enforce_verb */
	enum enf_hook hook;
	const char *event;		/* of the tracer's events the one that it is; NULL: it may be several */
};
/* The subject behind after (NULL: the first) of a rule; NULL: there are no more. */
const struct enforce_subject *enforce_subject(const struct rule *r, const struct enforce_subject *after);

/* The kernel's field, or -1 with the reason. */
int	enforce_field(const struct enforce_subject *s, const struct field *f, char *why, size_t room);

int	enforce_bpf_command(const char *event);
bool	enforce_never(enum enf_hook hook, const struct enf_step *step);

/* ---- enforce_paths.c ---- */
enum enforce_path_kind { PATH_EXACT, PATH_BELOW, PATH_PREFIX, PATH_NAME };
struct enforce_paths {
	struct { char text[EV_PATH_MAX]; enum enforce_path_kind kind; } *v;	/* of ENF_PATHS */
	uint32_t n;
};
/* The number of a path, known or new; -EINVAL with the reason; -ENOSPC: no more. */
int	enforce_path(struct enforce_paths *p, const struct rule_value *v, enum enforce_path_kind kind,
		char *why, size_t room);
int	enforce_paths_fill(const struct enforce_paths *p, struct enf_table *t);	/* chooses the key too */
void	enforce_paths_clear(struct enforce_paths *p);

/* ---- enforce_steps.c ---- */
struct enforce_making {
	struct enf_table *t;
	struct enforce_paths paths;
	uint32_t n_steps;
	const struct enforce_subject *s;	/* of the row at hand */
	unsigned int tracer;
	uint8_t row;
	char *why;
	size_t room;
};
/* Where the tree begins when it goes on to yes or no; -EINVAL, -ENOSPC, -ENOMEM. */
int	enforce_tree(struct enforce_making *m, const struct nnf *n, uint16_t yes, uint16_t no);

#endif
