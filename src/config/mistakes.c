/* SPDX-License-Identifier: Apache-2.0 */
#include "config/mistakes.h"

#include <stdarg.h>

void
mistake(struct mistakes *m, struct toml_place at, const char *fmt, ...)
{
	va_list ap;

	m->n++;
	fprintf(m->to, "%s:%u:%u: ", m->file, at.line, at.column);
	va_start(ap, fmt);
	vfprintf(m->to, fmt, ap);
	va_end(ap);
	fputc('\n', m->to);
}

struct toml_doc *
mistakes_toml(struct mistakes *m, const char *text, size_t len)
{
	struct toml_place at = { 0, 0 };
	char why[300];
	struct toml_doc *doc = toml_read(text, len, why, sizeof(why), &at);

	if (!doc)
		mistake(m, at, "%s", why);
	return doc;
}
