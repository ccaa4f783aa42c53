/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/checkpoint.h"

int
reason_set(struct reason *r, int err, const char *format, ...)
{
	va_list ap;

	r->err = err;
	r->outcome = OUTCOME_FAILED;
	va_start(ap, format);
	vsnprintf(r->text, sizeof(r->text), format, ap);
	va_end(ap);
	return -1;
}

static bool
has(const char *line, size_t len, const char *word)
{
	return memmem(line, len, word, strlen(word)) != NULL;
}

void
reason_of_output(const char *output, size_t len, char *line, size_t room)
{
	const char *last = output, *end = output + len;
	size_t last_len = 0, n = 0;
	bool error = false;

	for (const char *at = output; at < end;) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		size_t one = (size_t)((nl ? nl : end) - at);

		/* criu says last of all that it failed; why is said before. */
		if (one && !has(at, one, "Dumping FAILED") && (has(at, one, "Error") || !error)) {
			error = has(at, one, "Error");
			last = at;
			last_len = one;
		}
		at += one + 1;
	}
	for (size_t i = 0; i < last_len && n + 1 < room; i++)
		if (last[i] >= 0x20 && last[i] < 0x7f)
			line[n++] = last[i];
	line[n] = '\0';
}
