/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
scan_say(struct scan *s, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	if (s->failed)
		return;			/* the first mistake; what follows is not understood any more */
	s->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	parser_say(s->p, s->at, "", "%s", text);
}

static bool
ends_word(char c, bool value)
{
	return isspace((unsigned char)c) || strchr("(){},\"'", c) || (!value && strchr("=!<>", c));
}

static void
take(struct scan *s, enum token token, const char *from, size_t len)
{
	s->token = token;
	memcpy(s->word, from, len);
	s->word[len] = '\0';
	s->len = len;
}

/* In "" a backslash is before a quote or a backslash; in '' there is none. */
static void
take_quoted(struct scan *s)
{
	char quote = *s->pos++;

	s->token = TOKEN_TEXT;
	s->len = 0;
	for (; s->pos < s->end && *s->pos != quote; s->pos++) {
		if (quote == '"' && *s->pos == '\\' && ++s->pos < s->end && *s->pos != '"' && *s->pos != '\\') {
			scan_say(s, "in \"\" a backslash stands before \" or \\ only; '' takes every character as it is");
			return;
		}
		if (s->pos < s->end)
			s->word[s->len++] = *s->pos;
	}
	s->word[s->len] = '\0';
	if (s->pos >= s->end)
		scan_say(s, "the quoted text has no end");
	else
		s->pos++;
}

/* The next token; value: a word may have = ! < > in it, but not at its beginning. */
void
scan_next(struct scan *s, bool value)
{
	const char *from;

	while (s->pos < s->end && isspace((unsigned char)*s->pos))
		s->pos++;
	from = s->where.pos = s->pos;
	s->len = 0;
	s->word[0] = '\0';
	if (s->failed || from >= s->end) {
		s->token = TOKEN_END;
		return;
	}
	if (*from == '"' || *from == '\'') {
		take_quoted(s);
	} else if (strchr("(){},", *from)) {
		take(s, TOKEN_PUNCT, s->pos++, 1);
	} else if (strchr("=!<>", *from)) {
		s->pos += 1 + (s->pos + 1 < s->end && s->pos[1] == '=');
		take(s, TOKEN_OP, from, (size_t)(s->pos - from));
	} else {
		while (s->pos < s->end && !ends_word(*s->pos, value))
			s->pos++;
		take(s, TOKEN_WORD, from, (size_t)(s->pos - from));
	}
}

bool
scan_is(const struct scan *s, enum token token, const char *text)
{
	return !s->failed && s->token == token && strcmp(s->word, text) == 0;
}

const char *
scan_shown(const struct scan *s)
{
	return s->token == TOKEN_END ? "the end" : s->word;
}

bool
scan_expect(struct scan *s, const char *punct, bool value)
{
	if (!scan_is(s, TOKEN_PUNCT, punct)) {
		scan_say(s, "expected %s, not %.40s", punct, scan_shown(s));
		return false;
	}
	scan_next(s, value);
	return true;
}

struct toml_value
scan_value(const struct scan *s)
{
	return (struct toml_value){ .kind = TOML_STRING, .at = s->at, .text = s->word, .len = s->len };
}
