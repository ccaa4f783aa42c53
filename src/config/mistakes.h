/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_MISTAKES_H
#define BPFD_CONFIG_MISTAKES_H

#include <stdio.h>

#include "config/toml.h"

/* What is wrong in a file: a line each, "FILE:LINE:COLUMN: text". */
struct mistakes {
	FILE *to;
	const char *file;
	unsigned int n;
};

void	mistake(struct mistakes *m, struct toml_place at, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
/* toml_read() of the file's text; NULL: a mistake more. */
struct toml_doc *mistakes_toml(struct mistakes *m, const char *text, size_t len);

#endif
