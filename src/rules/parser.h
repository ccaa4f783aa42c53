/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PARSER_H
#define BPFD_RULES_PARSER_H

#include "config/toml.h"
#include "rules/model.h"
#include "rules/parse.h"

/* What the files of the parser share: one rule file that is being read. */
#define LIST_NAME_MAX 64

struct rule_lists {
	struct rule_list { char name[LIST_NAME_MAX]; struct rule_node values; } *list;
	size_t n;
};

struct parser {
	const char *stem;
	struct rule *r;
	const struct rule_lists *lists;	/* global ones */
	struct rule_lists own;
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

void	parse_seed(struct parser *p, const struct toml_doc *doc);	/* format 1 */
void	parse_rule(struct parser *p, const struct toml_doc *doc);	/* format 2 */
void	parse_match(struct parser *p, const struct toml_value *v);	/* [match] */
void	parse_exceptions(struct parser *p, const struct toml_value *v);
void	parse_lists(struct parser *p, const struct toml_value *v, struct rule_lists *to);
void	parse_limit(struct parser *p, const char *what, const struct toml_value *v, struct rule_limit *l);

/* The words that a key has to be one of are said when it is none. */
struct parser_key {
	const char *name;
	void (*read)(struct parser *p, const char *name, const struct toml_value *v);
};

void	parser_lists_clear(struct rule_lists *lists);
const struct rule_list *parser_list(const struct parser *p, const char *name);

#endif
