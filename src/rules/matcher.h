/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_MATCHER_H
#define BPFD_RULES_MATCHER_H

#include "rules/grams.h"
#include "rules/limit.h"
#include "rules/match.h"
#include "rules/nnf.h"
#include "rules/regex.h"
#include "rules/sequence.h"
#include "rules/table.h"

/*
 * A compiled set.  For each tracer:
 *
 *   slots    the fields that its rules look at, each seen as they need it (joined, lower, ...)
 *   atoms    single conditions
 *   code     each rule's tree as a program of jumps: atom true or false leads to the next one
 *   indices  for each rule some of its atoms are anchors: the rule can only match when one of
 *            them holds.  All anchors on one slot are answered by one lookup in an index, so that
 *            an event meets only the rules that it has something in common with, however many
 *            there are.  Rules without anchors are tried for every event.
 */
enum view {
	VIEW_PLAIN,		/* number, or bytes as they are */
	VIEW_JOINED,		/* a list's items with a space between them */
	VIEW_TEXT,		/* any type as people see it: format 1 */
	VIEW_BASENAME, VIEW_LOWER, VIEW_LEN,
};

struct slot {
	const struct field *field;
	enum view view;
	bool text;		/* bytes that may be cut, not an address */
	bool own;		/* of the tracer's record: EV_TRUNCATED speaks of it */
	char *scratch;		/* SLOT_ROOM bytes for the views that need them */
	/* of the event with this epoch */
	uint32_t epoch;
	bool present;
	bool cut;		/* known in its beginning only */
	bool headless;		/* with cut: not even there */
	uint64_t u;
	const char *data;
	size_t len;
};
#define SLOT_ROOM	(EV_RECORD_MAX + 1)

enum atom_kind {
	ATOM_EXISTS, ATOM_NUMBER, ATOM_RANGE, ATOM_ALL_BITS, ATOM_ANY_BITS, ATOM_BYTES,
	ATOM_PREFIX, ATOM_SUFFIX, ATOM_PATH_PREFIX, ATOM_CIDR, ATOM_REF, ATOM_CONTAINS, ATOM_ICONTAINS,
	 ATOM_LIST_ALL, ATOM_LIST_ANY, ATOM_GLOB, ATOM_REGEX,
};

enum truth { IS_FALSE, IS_TRUE, IS_UNKNOWN };

struct atom_value {
	uint64_t u, hi;
	const char *data;	/* borrowed from the matcher's arena */
	uint32_t len, bits;
	struct regex *regex;
};
struct atom {
	enum atom_kind kind;
	enum rule_op op;	/* ATOM_REF */
	bool is_signed, path;
	bool anchor;		/* an index answers it: stamps */
	uint32_t slot, ref;
	uint32_t rule;		/* of its tracer, in order of evaluation */
	uint32_t n;
	struct atom_value *values;
	struct table set;	/* of more than ATOM_SCAN_MAX numbers or texts */
	struct grams grams;	/* of more than ATOM_SCAN_MAX substrings */
};
#define ATOM_SCAN_MAX	4

#define CODE_MATCH	0xffffffffu
#define CODE_FAIL	0xfffffffeu
struct code { uint32_t atom : 31, negate : 1; uint32_t yes, no; };

enum index_kind { INDEX_NUMBER, INDEX_BYTES, INDEX_PATH, INDEX_GRAMS };
struct index {
	enum index_kind kind;
	uint32_t slot;
	struct table table;	/* to atoms */
	struct grams grams;
};

struct what {			/* one rule or stream, whatever its tracers */
	const char *name;
	uint32_t name_len, severity, flags;
	uint64_t actions, stream;
	bool stop;
	uint64_t *redact;		/* for each tracer: bits of its secrets; NULL: none */
	struct limit *limit;
	uint64_t id;			/* rule_id() */
	uint64_t matched;
	struct limit_counts held;
	struct sequence *sequence;	/* of a rule that follows another */
	uint32_t *followers, n_followers;	/* rules that follow this one */
	bool noted;			/* is in the list of those that matched the event and have some */
	struct what *next_noted;
};
struct crule { uint32_t entry, what; };

struct tracer_set {
	struct slot *slots;
	struct atom *atoms;
	uint32_t *stamps;	/* epoch in which an anchor was hit */
	struct code *code;
	struct index *indices;
	struct crule *rules;
	uint64_t *candidates, *summary;	/* a bit per rule; per word of candidates */
	uint64_t *always, *cut;	/* rules without anchors; with anchors in text that may be cut */
	uint32_t n_slots, n_atoms, n_code, n_indices, n_rules, n_always, n_cut, n_words;
	uint64_t streams;	/* that want everything of this tracer */
	struct redact_item *secrets;
	uint32_t n_secrets;
	uint64_t always_redacted;	/* bits of secrets */
	uint32_t epoch;
};

struct matcher {
	uint32_t generation;
	uint64_t default_actions, defaults, urgent;
	struct tracer_set tracers[N_TRACERS];
	struct what *whats;
	size_t n_whats;
	struct regex_engine *engine;
	struct matcher_stats stats;
	struct sequence_counts sequences;
	struct what *noted;		/* of the event that is looked at */
	struct arena { struct arena *next; size_t used, room; char data[]; } *arena;
};

/* ---- follow.c ---- */
/* Which rule follows which, once all are known.  after[i]: the name that whats[i] follows, or NULL. */
int	follow_link(struct matcher *m, const char *const *after);
/* The flags of those that matched are set when all rules have been asked: "after" is a later event. */
static inline void
follow_note(struct matcher *m, struct what *w)
{
	if (!w->n_followers || w->noted)
		return;
	w->noted = true;
	w->next_noted = m->noted;
	m->noted = w;
}
void	follow_set(struct matcher *m, const struct event *e);

/* ---- secrets.c ---- */
int	secrets_of_set(struct matcher *m, const struct ruleset *head);
int	secrets_of_rule(struct matcher *m, const struct rule *r, struct what *w);

/* ---- compile.c ---- */
struct source {			/* what a rule or stream looks for; in the order of evaluation */
	struct rule_node *match;	/* NULL: every event */
	uint64_t tracers;
	uint32_t format, what;
};
int	compile_tracer(struct matcher *m, unsigned int tracer, const struct source *sources, size_t n);
void	compile_clear(struct tracer_set *t);
/* Memory that lives as long as the matcher; NULL without. */
void	*arena_take(struct matcher *m, size_t len);

/* ---- compile_atom.c ---- */
/* The atom for a test without its negation: its slot and values; -ENOMEM, -EINVAL. */
int	compile_atom(struct matcher *m, unsigned int tracer, const struct nnf *test, uint32_t format,
		struct atom *out);
void	compile_atom_clear(struct atom *a);

/* ---- slots.c ---- */
/* Fills in the slot for the event when it is not yet. */
void	slot_load(struct slot *s, const struct event *e);
static inline const struct slot *
slot_get(struct tracer_set *t, uint32_t i, const struct event *e)
{
	struct slot *s = &t->slots[i];

	if (s->epoch != t->epoch) {
		s->epoch = t->epoch;
		slot_load(s, e);
	}
	return s;
}

/* ---- atoms.c ---- */
enum truth atom_test(struct matcher *m, struct tracer_set *t, const struct atom *a, const struct event *e);
/* Hash of a path's first len bytes, component by component. */
static inline uint64_t
path_step(uint64_t h, const char *component, size_t len)
{
	return hash_bytes(component, len, h);
}
uint64_t path_hash(const char *path, size_t len);
#define PATH_HASH_INIT 0x452821e638d01377ULL

/* ---- index.c ---- */
void	index_run(struct tracer_set *t, const struct index *x, const struct event *e);
static inline void
index_hit(struct tracer_set *t, uint32_t atom)
{
	uint32_t rule = t->atoms[atom].rule;

	t->stamps[atom] = t->epoch;
	t->candidates[rule / 64] |= 1ULL << (rule % 64);
	t->summary[rule / 4096] |= 1ULL << (rule / 64 % 64);
}

#endif
