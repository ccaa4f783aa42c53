/* SPDX-License-Identifier: Apache-2.0 */
#include "common/closest.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Optimal string alignment distance, case ignored; both are shorter than CLOSEST_NAME. */
static unsigned int
distance(const char *a, size_t la, const char *b, size_t lb)
{
	uint8_t rows[3][CLOSEST_NAME + 1];

	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = (uint8_t)j;
	for (size_t i = 1; i <= la; i++) {
		const uint8_t *up = rows[(i + 2) % 3], *upup = rows[(i + 1) % 3];
		uint8_t *row = rows[i % 3];

		row[0] = (uint8_t)i;
		for (size_t j = 1; j <= lb; j++) {
			unsigned int d = up[j - 1] + (strncasecmp(a + i - 1, b + j - 1, 1) != 0);

			if (d > up[j] + 1u)
				d = up[j] + 1u;
			if (d > row[j - 1] + 1u)
				d = row[j - 1] + 1u;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d > upup[j - 2] + 1u)
				d = upup[j - 2] + 1u;
			row[j] = (uint8_t)d;
		}
	}
	return rows[la % 3][lb];
}

void
closest_init(struct closest *c, const char *word)
{
	memset(c, 0, sizeof(*c));
	snprintf(c->word, sizeof(c->word), "%s", word);
}

void
closest_offer(struct closest *c, const char *candidate)
{
	size_t la = strlen(c->word), lb = strlen(candidate), shorter = la < lb ? la : lb;
	unsigned int d, i;

	if (shorter == 0 || lb >= CLOSEST_NAME)
		return;
	/* A far longer or shorter one is near only when it begins alike. */
	if (shorter >= 3 && strncasecmp(c->word, candidate, shorter) == 0)
		d = la == lb ? 0 : 1 + (unsigned int)(la + lb - 2 * shorter) / 8;
	else if (la + lb - 2 * shorter > 2 + la / 4)
		return;
	else
		d = distance(c->word, la, candidate, lb);
	if (d > 1 + la / 5 || d >= la)
		return;
	for (i = 0; i < c->n && c->best[i].distance <= d; i++)
		if (strcmp(c->best[i].name, candidate) == 0)
			return;		/* several tables may have it */
	if (i == CLOSEST_MAX)
		return;
	if (c->n < CLOSEST_MAX)
		c->n++;
	memmove(&c->best[i + 1], &c->best[i], (c->n - 1 - i) * sizeof(c->best[0]));
	c->best[i].distance = d;
	memcpy(c->best[i].name, candidate, lb + 1);
}

const char *
closest_text(const struct closest *c, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < c->n; i++) {
		int n = snprintf(out + len, size - len, "%s%s%s", i ? ", " : "; did you mean ",
			c->best[i].name, i + 1 == c->n ? "?" : "");

		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
	}
	return out;
}
