/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_RULE_H
#define BPFD_RULES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/redact.h"

/*
 * One rule, as read from a file or a request, and its packed form: flat bytes without pointers
 * that travel between processes and lie in the store.
 *
 *   text --rules_parse()--> struct rule --rule_pack()--> bytes --rule_unpack()--> struct rule
 *                                              ruleset_pack() of many --> matcher_new()
 */
#define RULE_NAME_MAX	128		/* with NUL */
#define RULE_TEXT_MAX	(256 << 10)	/* a rule file */
#define RULE_PACKED_MAX	(4 << 20)
#define RULES_MAX	16384
#define RULE_PREDICATES_MAX 256
#define RULE_DEPTH_MAX	16
#define RULE_LIST_MAX	262144		/* values of one predicate */
#define RULE_ACTIONS_MAX 16
#define RULE_ACTION_NAME_MAX 64

enum rule_op {
	OP_NONE,
#define OP(name, help) OP_##name,
#include "rules/ops.def"
	N_OPS
};
extern const char *const op_names[N_OPS];	/* [OP_NONE] is "" */
enum rule_op op_by_name(const char *name);	/* OP_NONE: unknown */

enum node_kind { NODE_ALL, NODE_ANY, NODE_NOT, NODE_TEST };

struct rule_value { char *data; size_t len; };	/* as written; typed by the field when compiled */

struct rule_node {
	enum node_kind kind;
	uint32_t n_children;		/* NODE_NOT: 1, NODE_TEST: 0 */
	struct rule_node *children;
	/* NODE_TEST */
	enum rule_op op;
	char field[64];			/* name or alias; resolved for each tracer of the rule */
	char ref[64];			/* compare with this field instead of values; "" */
	uint32_t fn;			/* enum rule_fn applied to the field first */
	uint32_t n_values;
	struct rule_value *values;
};
enum rule_fn { FN_NONE, FN_BASENAME, FN_LOWER, FN_LEN };

enum rule_mode { RULE_OBSERVE, RULE_ENFORCE };
enum rule_origin { RULE_FROM_FILE, RULE_FROM_API };

struct rule_action { char name[RULE_ACTION_NAME_MAX]; uint32_t min_severity; };

struct rule_limit {			/* ratelimit and dedup; rate 0 / window 0: none */
	uint64_t rate_per_hour, burst;
	uint64_t window_ns;
	uint32_t n_keys;
	char keys[8][64];		/* fields */
};

struct rule {
	char name[RULE_NAME_MAX];
	uint32_t format;		/* 1: genuinetools/bpfd, 2 */
	uint32_t mode, severity, order;
	bool enabled, stop, urgent;
	bool shared;			/* has values of lists, or conditions of macros, that are for all rules */
	uint64_t tracers;		/* bit per enum ev_tracer */
	uint64_t runtimes;		/* bit per enum runtime (runtimes.h); 0: any */
	struct rule_action actions[RULE_ACTIONS_MAX];
	uint32_t n_actions;
	struct rule_limit ratelimit, dedup;
	char after[RULE_NAME_MAX];	/* matches only after that rule, "": no matter */
	struct rule_limit sequence;	/* of after: window_ns is within, keys are by */
	uint32_t n_redact;
	char redact[16][REDACT_ITEM_MAX];	/* taken out of the events that match */
	struct rule_limit budget;	/* of acts that the kernel stops (enforce.h); a rate, no keys */
	bool fail_closed;		/* what the kernel cannot tell it stops */
	struct rule_node *match;	/* NULL: every event; exceptions are in it already */
	char *description, *tags, *mitre;	/* tags and mitre: NUL-separated, "" ends */
};

void	rule_free(struct rule *r);	/* NULL is fine */

/* "/etc/bpfd/rules/a.toml" -> "a": the name of what a file holds when it says none.  Cut at room. */
void	rule_stem(const char *path, char *out, size_t room);

/* *out is allocated.  -E2BIG over RULE_PACKED_MAX. */
int	rule_pack(const struct rule *r, void **out, size_t *len);
/* Checks everything: sizes, counts, depth, strings, tracers, fields known to each tracer of the
 * rule, operators that fit the field's type, values that can be read as that type.  -EBADMSG, with
 * the reason in why (room bytes). */
int	rule_unpack(const void *bytes, size_t len, struct rule **out, char *why, size_t room);

/* Checks a rule made in memory the same way.  0 or -EINVAL. */
int	rule_check(const struct rule *r, char *why, size_t room);

/* From a request of grpc.API: format 1. */
struct rule_seed_filter { const char *key; const char *const *values; size_t n_values; };
struct rule_seed {
	const char *name, *tracer;
	const struct rule_seed_filter *filters;
	size_t n_filters;
	const char *const *runtimes, *const *actions;
	size_t n_runtimes, n_actions;
};
int	rule_from_seed(const struct rule_seed *in, struct rule **out, char *why, size_t room);

/* What it does, for a person: fields, operators, what the kernel filters, what happens then. Text
 * is allocated. */
char	*rule_explain(const struct rule *r);
/* NULL when an action of this name is there without a file of its own; else why not, in a static buffer. */
const char *rule_action_missing(const char *name);

#endif
