/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/challenge.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* token of RFC 9110, 5.6.2, and token68 of 11.2 */
#define TOKEN_CHARS "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

struct word { const char *at; size_t len; };

static const char *
skip(const char *p, const char *set)
{
	return p + strspn(p, set);
}

static bool
is(const struct word *w, const char *text)
{
	return strlen(text) == w->len && strncasecmp(w->at, text, w->len) == 0;
}

/* A token or a quoted string to out, NULL: to nowhere.  The place behind it; NULL: there is none, or no room. */
static const char *
value(const char *p, char *out, size_t room)
{
	bool quoted = *p == '"';
	size_t n = 0;

	if (!quoted && !strchr(TOKEN_CHARS, *p))
		return NULL;
	for (p += quoted; quoted ? *p != '"' : *p && strchr(TOKEN_CHARS, *p); p++) {
		if (quoted && *p == '\\')
			p++;
		if (*p < 0x20 || *p == 0x7f || n + 1 >= room)
			return NULL;
		if (out)
			out[n] = *p;
		n++;
	}
	if (out)
		out[n] = '\0';
	return p + quoted;
}

/* One name=value of a scheme that is, or is not, Bearer. */
static const char *
parameter(const char *p, const struct word *name, bool bearer, struct challenge *out)
{
	p = skip(skip(p, " \t") + 1, " \t");
	if (bearer && is(name, "realm"))
		return value(p, out->realm, sizeof(out->realm));
	if (bearer && is(name, "service"))
		return value(p, out->service, sizeof(out->service));
	return value(p, NULL, 4096);
}

static bool
line_parse(const char *p, const char *end, struct challenge *out)
{
	bool bearer = false;

	for (p = skip(p, " \t,"); p && p < end; p = p ? skip(p, " \t,") : NULL) {
		struct word w = { p, strspn(p, TOKEN_CHARS) };
		const char *next = skip(p + w.len, " \t");

		if (!w.len)
			return false;
		/* "name = value", or the next scheme, which may have a token68 behind it. */
		if (*next == '=' && next[1] != '=' && next[1] != '\n') {
			p = parameter(p + w.len, &w, bearer, out);
			continue;
		}
		bearer = is(&w, "Bearer");
		out->bearer |= bearer;
		out->basic |= is(&w, "Basic");
		p = skip(p + w.len, "= \t");
	}
	return p;
}

bool
challenge_parse(const char *headers, struct challenge *out)
{
	*out = (struct challenge){ 0 };
	while (*headers) {
		const char *end = strchrnul(headers, '\n');

		if (!line_parse(headers, end, out))
			return false;
		headers = *end ? end + 1 : end;
	}
	return true;
}
