/* SPDX-License-Identifier: Apache-2.0 */
#include "common/glob.h"

/* One of [...] at p (behind the bracket); *next is behind the closing one, or p without one. */
static bool
in_set(const char *p, const char *end, char c, const char **next)
{
	const char *at = p;
	bool negate = at < end && (*at == '!' || *at == '^'), found = false;

	if (negate)
		at++;
	for (bool first = true; at < end && (*at != ']' || first); first = false) {
		unsigned char low = (unsigned char)*at++, high = low;

		if (low == '\\' && at < end)
			low = high = (unsigned char)*at++;
		if (at + 1 < end && *at == '-' && at[1] != ']') {
			high = (unsigned char)at[1];
			at += 2;
		}
		found |= (unsigned char)c >= low && (unsigned char)c <= high;
	}
	*next = at < end ? at + 1 : p;
	return found != negate;
}

/* Whether the one pattern element at *p takes c; *p moves behind it. */
static bool
one(const char **p, const char *end, char c, bool path)
{
	char want = *(*p)++;

	if (want == '?')
		return !path || c != '/';
	if (want == '[') {
		const char *next;
		bool in = in_set(*p, end, c, &next);

		if (next != *p) {
			*p = next;
			return in && !(path && c == '/');
		}
		return c == '[';
	}
	if (want == '\\' && *p < end)
		want = *(*p)++;
	return c == want;
}

bool
glob_match(const char *p, size_t plen, const char *text, size_t len, bool path)
{
	const char *end = p + plen, *tend = text + len;
	/* Where to go on when what follows the last star does not fit: one byte later.  A star within
	 * a component that runs out falls back to the last star that takes slashes. */
	const char *star = NULL, *star_text = NULL, *wide = NULL, *wide_text = NULL;

	while (text < tend || p < end) {
		if (p < end && *p == '*') {
			bool takes_all = !path || (p + 1 < end && p[1] == '*');

			while (p < end && *p == '*')
				p++;
			if (takes_all) {
				wide = p;
				wide_text = text;
				star = NULL;
			} else {
				star = p;
				star_text = text;
			}
			continue;
		}
		if (p < end && text < tend) {
			const char *next = p;

			if (one(&next, end, *text, path)) {
				p = next;
				text++;
				continue;
			}
		}
		if (star && star_text < tend && *star_text != '/') {
			p = star;
			text = ++star_text;
			continue;
		}
		if (wide && wide_text < tend) {
			star = NULL;
			p = wide;
			text = ++wide_text;
			continue;
		}
		return false;
	}
	return true;
}
