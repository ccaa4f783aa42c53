/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PARSE_H
#define BPFD_RULES_PARSE_H

#include "rules/rule.h"

/* Rule files.  Linked by bpfd-config and bpfctl only: no other process parses TOML. */
struct rule_problem {
	unsigned int line, column;	/* from 1; 0: the file as a whole */
	bool warning;			/* W001...: read as something else than written */
	char code[8];			/* "W001" or "" */
	char text[512];
};

struct rules_parsed {
	struct rule *rule;		/* NULL when there is an error: the file is skipped */
	struct rule_problem *problems;
	size_t n_problems;
};

/* Lists and macros for all rules, from lists.d; NULL for none. */
struct rule_lists;
#define RULE_LISTS_TEXT_MAX (4 << 20)		/* a file of them */
#define RULE_LIST_DEFAULT 65536			/* values of one list, where nothing else is configured */

struct rule_lists *rule_lists_new(uint32_t values_max);	/* of one list; NULL: no memory */
/* Adds what is in one file.  Problems go to *out, whose rule stays NULL; a name that has some is known,
 * and rules that use it are refused with the first.  -ENOMEM only. */
int	rule_lists_read(struct rule_lists *lists, const char *file, const char *text, size_t len,
		struct rules_parsed *out);
/* A file that is not read at all: rules that use an unknown name are told. */
int	rule_lists_refused(struct rule_lists *lists, const char *file, const char *why);
void	rule_lists_free(struct rule_lists *lists);	/* NULL is fine */

/* stem: the file's name without .toml, the rule's name when the text has none.  -ENOMEM only. */
int	rules_parse(const char *stem, const char *text, size_t len, const struct rule_lists *lists,
		struct rules_parsed *out);
void	rules_parsed_free(struct rules_parsed *p);

/*
 * What bpfd-config gives for many files at once (RULES_PARSED, START_RULES): for each file its
 * name, its text, its problems and the packed rule.  Flat, checked by the reader.
 */
struct parsed_file {
	const char *file;		/* path as shown to people */
	const char *text;
	size_t text_len;
	const struct rule_problem *problems;
	size_t n_problems;
	const void *packed;		/* NULL: refused */
	size_t packed_len;
};
int	parsed_pack(const struct parsed_file *files, size_t n, void **out, size_t *len);
/* Calls fn for each; pointers are into bytes.  -EBADMSG, or the first result that is not 0. */
int	parsed_each(const void *bytes, size_t len, int (*fn)(void *arg, const struct parsed_file *f),
		void *arg);

#endif
