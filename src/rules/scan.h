/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_SCAN_H
#define BPFD_RULES_SCAN_H

#include "rules/parser.h"

/* The tokens of a condition in one line, one after another. */
enum token { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_OP, TOKEN_PUNCT };

struct scan {
	struct parser *p;
	struct parser_where where;	/* of the token */
	struct toml_place at;
	const char *pos, *end;
	enum token token;
	char *word;			/* the token's text, with a NUL; room for all of the condition */
	size_t len;
	bool failed;
};

/* Said once: what follows the first mistake is not understood any more. */
void	scan_say(struct scan *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The next token; value: a word may have = ! < > in it, but not at its beginning. */
void	scan_next(struct scan *s, bool value);
bool	scan_is(const struct scan *s, enum token token, const char *text);
const char *scan_shown(const struct scan *s);		/* for a mistake */
/* Goes past it, or says that it is not there. */
bool	scan_expect(struct scan *s, const char *punct, bool value);
struct toml_value scan_value(const struct scan *s);	/* the token as the file's */

#endif
