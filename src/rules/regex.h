/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_REGEX_H
#define BPFD_RULES_REGEX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Regular expressions over bytes, PCRE2 without JIT.  One engine holds the memory that matching
 * needs; it allocates nothing afterwards, and a match ends at the limits below.
 */
#define REGEX_MATCH_LIMIT 50000		/* steps of backtracking */
#define REGEX_DEPTH_LIMIT 2000
#define REGEX_HEAP_KIB	256

struct regex_engine;
struct regex;				/* pcre2_code */

int	regex_engine_new(struct regex_engine **out);
void	regex_engine_free(struct regex_engine *e);	/* NULL is fine */

/* -EINVAL with PCRE2's words in why, -ENOMEM. */
int	regex_new(const char *pattern, size_t len, struct regex **out, char *why, size_t room);
void	regex_free(struct regex *r);			/* NULL is fine */

/* 1: matches, 0: does not, -E2BIG: a limit ended it. */
int	regex_match(struct regex_engine *e, const struct regex *r, const char *text, size_t len);

#endif
