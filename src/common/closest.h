/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_CLOSEST_H
#define BPFD_COMMON_CLOSEST_H

#include <stddef.h>

/*
 * "did you mean": keeps the candidates that are nearest to a word, by letters that differ, are
 * missing, added or swapped, or because one begins with the other.  Works within itself: no memory
 * is allocated, nothing is kept of the candidates but a copy of the best.
 */
#define CLOSEST_MAX 3
#define CLOSEST_NAME 128

struct closest {
	char word[CLOSEST_NAME];
	unsigned int n;
	struct { unsigned int distance; char name[CLOSEST_NAME]; } best[CLOSEST_MAX];
};

void	closest_init(struct closest *c, const char *word);
void	closest_offer(struct closest *c, const char *candidate);	/* too long a one is ignored */

/* Writes "; did you mean a, b?" to out, or "" when nothing is near.  Returns out. */
const char *closest_text(const struct closest *c, char *out, size_t size);
#define CLOSEST_TEXT(c) closest_text((c), (char[480]){0}, 480)

#endif
