/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_PLAN_H
#define BPFD_BPFCTL_APPLY_PLAN_H

#include "bpfctl/apply_want.h"

/* What the daemon has: messages of List, ListLinks and, with their text, of rules. */
struct apply_actual {
	Bpfd__V1__Program *const *programs;
	Bpfd__V1__Link *const *links;
	Bpfd__V1__Rule *const *rules;
	size_t n_programs, n_links, n_rules;
};

enum apply_act {
	APPLY_LOAD,		/* load */
	APPLY_UPDATE,		/* link gets program, priority or set of results, in one step where the kernel can */
	APPLY_REATTACH,		/* attached anew, then link is detached: what an update cannot change */
	APPLY_ATTACH,
	APPLY_DETACH,		/* link */
	APPLY_UNLOAD,		/* group */
	APPLY_RULE,		/* created, or replaced */
	APPLY_UNRULE,
	APPLY_KEEP,		/* nothing is done: not in the files, and no --prune */
};

struct apply_step {
	enum apply_act act;
	char sign;				/* '+', '~', '-'; ' ' for APPLY_KEEP */
	const char *set;
	char *name;				/* of load or rule */
	char *what;				/* "load", "attach PROGRAM KIND:TARGET", "rule" */
	char *why;				/* what differs, or what becomes of it; "" */
	struct apply_load *load;		/* NULL: it is not in the files */
	struct spec_attach *attach;
	struct apply_rule *rule;
	const Bpfd__V1__Link *link;		/* of the actual state */
	const Bpfd__V1__Rule *old;		/* the same; NULL: a new rule */
	uint64_t group;				/* to be unloaded, kept or replaced */
	bool new_program;			/* APPLY_UPDATE: these differ */
	bool new_priority, new_proceed_on;
	const char *result;			/* of who carries it out; NULL until then */
	char *error;
};

struct apply_plan {
	struct apply_step *steps;		/* in the order in which they are to be done */
	size_t n;
	size_t n_changes;			/* without those that are kept */
	bool conflict;				/* a problem is that something is somebody else's */
};

/*
 * Compares.  Names of rules and digests of objects must be known.  Only what is marked with a set of
 * the files is changed or taken away; something equal that nobody marked is as good.  Fills in now of
 * each load.  What cannot be goes to w->problems: then nothing of it may be done.  Pure: nothing is
 * asked of the daemon.  -ENOMEM only; out is to be freed in any case.
 */
int	apply_plan(struct apply_want *w, const struct apply_actual *a, bool prune, struct apply_plan *out);
void	apply_plan_free(struct apply_plan *p);

static inline __attribute__((unused)) void
auto_apply_plan(struct apply_plan *p)
{
	apply_plan_free(p);
}

/* ---- comparing, for the planner ---- */

/* A group of the daemon's with its marks; "" where it has none. */
struct apply_group {
	uint64_t id;
	const char *set, *name;
	Bpfd__V1__Program **programs;
	size_t n_programs;
	bool lost;
};
/* "" when it is not there. */
const char *apply_metadata(Bpfd__V1__Program__MetadataEntry *const *all, size_t n, const char *key);
const char *apply_link_metadata(const Bpfd__V1__Link *l, const char *key);
/* Writes to *why, with commas, what of a load differs from a group; true when something does. */
bool	apply_load_differs(const struct apply_load *want, const struct apply_group *g, uint64_t owner,
		struct buf *why);
bool	apply_link_holds(const Bpfd__V1__Link *l);	/* it is what it was made for */
/* Links: the same hook; what can only be had by attaching anew; what differs of the rest. */
bool	apply_same_place(const struct spec_attach *want, const Bpfd__V1__Link *l);
bool	apply_same_details(const struct spec_attach *want, const Bpfd__V1__Link *l);
bool	apply_same_metadata(const struct spec_attach *want, const Bpfd__V1__Link *l);
bool	apply_same_proceed_on(const struct spec_attach *want, const Bpfd__V1__Link *l);
/* The results that are wanted; of kinds of which the daemon names its own choice, that when there are none. */
size_t	apply_proceed_on(const struct spec_attach *want, char *const **words);
int32_t	apply_priority(const struct spec_attach *want);
/* The set that marked a rule's text: its name, len bytes; NULL: none.  *body: bytes before the mark,
 * without newlines at the end. */
const char *apply_rule_set(const char *text, size_t *len, size_t *body);

#endif
