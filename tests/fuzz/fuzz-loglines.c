/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpfd/loglines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a child writes, a line that comes out is bounded and harmless. */
static void
check(void *arg, enum log_level level, const char *text)
{
	size_t len = strlen(text);

	*(unsigned int *)arg += 1;
	if (len > 4 * LOGLINES_LINE + 3 || level < LOG_LVL_ERR || level > LOG_LVL_DEBUG)
		abort();
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			abort();
}

/* The first byte says how long the pieces are in which the rest arrives. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct loglines l = { 0 };
	size_t piece = size ? 1u + data[0] * 16u : 1;
	unsigned int lines = 0;
	int64_t now_ms = 0;

	for (size_t at = 1; at < size; at += piece, now_ms += 7)
		loglines_feed(&l, (const char *)data + at, size - at < piece ? size - at : piece, now_ms,
			check, &lines);
	loglines_end(&l, check, &lines);
	/* At most a window's lines for each window that passed, and a word about those dropped. */
	if (lines > (1 + (uint64_t)now_ms / LOGLINES_WINDOW_MS) * (LOGLINES_MAX + 2))
		abort();
	return 0;
}
