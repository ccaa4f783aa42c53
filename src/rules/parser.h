/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PARSER_H
#define BPFD_RULES_PARSER_H

#include "config/toml.h"
#include "rules/model.h"
#include "rules/parse.h"

/* What the files of the parser share: one rule file that is being read. */
#define LIST_NAME_MAX 64
#define RULE_GROUPS_MAX (RULE_DEPTH_MAX / 2)

/* wrong: why it cannot be used, with the place of the first mistake; NULL: it can. */
struct rule_lists {
	struct rule_list { char name[LIST_NAME_MAX]; struct rule_node values; char *wrong; } *list;
	struct rule_macro { char name[LIST_NAME_MAX]; char *text, *place, *wrong; size_t len; } *macro;
	size_t n, n_macros;
	uint32_t values_max;		/* of one list */
	char *unread;			/* the first mistake that hides the names of a file; NULL */
};

/* Within a text that stands in a value of the file: where a mistake is said to be. */
struct parser_where { const char *what, *text, *pos; };

struct parser {
	const char *stem;
	struct rule *r;
	const char *file;		/* of lists; NULL: a rule */
	const struct rule_lists *lists;	/* global ones */
	struct rule_lists own;
	const struct parser_where *where;
	unsigned int depth;		/* of brackets and macros within a condition */
	unsigned int n_tests;		/* of conditions in one line */
	bool checking_macro;		/* what names stand for is not known yet */
	struct rules_parsed *out;
	unsigned int errors;
	bool no_memory;
};

/* One line about the file; code: "" for an error, "W001"... for a warning. */
void	parser_say(struct parser *p, struct toml_place at, const char *code, const char *fmt, ...)
		__attribute__((format(printf, 4, 5)));
/* An error unless v is of the kind; what: the key, for the text. */
bool	parser_kind(struct parser *p, const char *what, const struct toml_value *v, enum toml_kind kind);
/* A string of at most size - 1 bytes without control characters. */
bool	parser_name(struct parser *p, const char *what, const struct toml_value *v, char *out, size_t size);
/* Result of a function that says why: -ENOMEM is remembered, the rest said. True: no error. */
bool	parser_ok(struct parser *p, struct toml_place at, int err, const char *why);

/* Every string of an array, or the one string itself.  fn says what is wrong with one. */
typedef void parser_item(struct parser *p, void *arg, const struct toml_value *v);
void	parser_strings(struct parser *p, const char *what, const struct toml_value *v, parser_item *fn, void *arg);
/* Adds a string, an integer or a boolean as text. */
void	parser_value(struct parser *p, const char *what, const struct toml_value *v, struct rule_node *to);

/* One condition on its way into the tree. */
struct parser_test {
	struct parser *p;
	struct rule_node node;		/* NODE_TEST */
	struct toml_place at, at_field, at_op;
	bool negate;
};
/* "exe" or "basename(exe)"; an operator's word. */
void	test_field(struct parser *p, const struct toml_value *v, struct rule_node *test);
void	test_op(struct parser *p, const struct toml_value *v, enum rule_op *out);
/* Adds a value, or those of a list: arg is the struct parser_test, whose field and operator are known. */
int	test_value(void *arg, const struct toml_value *v);
void	test_list(struct parser *p, void *arg, const struct toml_value *v);
/* Checks the whole, unless there are more errors than these, and moves it into the tree. */
void	test_end(struct parser_test *t, struct rule_node *to, unsigned int errors);

/* The text as TOML, of at most max bytes; NULL: said why. */
struct toml_doc *parser_open(struct parser *p, const char *text, size_t len, size_t max);
void	parse_seed(struct parser *p, const struct toml_doc *doc);	/* format 1 */
void	parse_rule(struct parser *p, const struct toml_doc *doc);	/* format 2 */
void	parse_match(struct parser *p, const struct toml_value *v);	/* [match] */
void	parse_condition(struct parser *p, const struct toml_value *v, struct rule_node *to);
void	parse_macro(struct parser *p, const struct toml_value *v, struct rule_node *to);	/* by its name */
/* Says what is wrong with it whatever the rule. */
void	parse_macro_check(struct parser *p, const struct rule_macro *m, struct toml_place at);
void	parse_actions(struct parser *p, const char *key, const struct toml_value *v);
void	parse_exceptions(struct parser *p, const struct toml_value *v);
void	parse_lists(struct parser *p, const struct toml_value *v);	/* into p->own */
void	parse_macros(struct parser *p, const struct toml_value *v);
struct rule_node *parser_root(struct parser *p);	/* what [match] and its like add to; NULL: no memory */
void	parse_within(struct parser *p, const struct toml_value *v);	/* of after */
void	parse_by(struct parser *p, const struct toml_value *v);
void	parse_limit(struct parser *p, const char *what, const struct toml_value *v, struct rule_limit *l);

/* The words that a key has to be one of are said when it is none. */
struct parser_key {
	const char *name;
	void (*read)(struct parser *p, const char *name, const struct toml_value *v);
};

void	parser_lists_clear(struct rule_lists *lists);
/* By its name, the file's own before global ones.  NULL: said, or p->checking_macro. */
const struct rule_list *parser_list(struct parser *p, const struct toml_value *name);
const struct rule_macro *parser_macro(const struct parser *p, const char *name);	/* NULL: none */
const struct rule_macro *parser_macro_or_say(struct parser *p, const struct toml_value *name);
bool	parser_is_bool(const struct parser *p, const char *field);	/* of one of the rule's tracers */

#endif
