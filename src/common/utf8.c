/* SPDX-License-Identifier: Apache-2.0 */
#include "common/utf8.h"

#include <stdint.h>

/* Continuation bytes after lead, and the range of the first of them; 0 for what is no lead. */
static size_t
follow(uint8_t lead, uint8_t *low, uint8_t *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef) {
		if (lead == 0xe0)
			*low = 0xa0;
		if (lead == 0xed)
			*high = 0x9f;
		return 2;
	}
	if (lead >= 0xf0 && lead <= 0xf4) {
		if (lead == 0xf0)
			*low = 0x90;
		if (lead == 0xf4)
			*high = 0x8f;
		return 3;
	}
	return 0;
}

bool
utf8_ok(const void *s, size_t len)
{
	const uint8_t *p = s, *end = p + len;

	while (p < end) {
		uint8_t low, high;
		size_t n;

		if (*p < 0x80) {
			if (*p++ == 0)
				return false;
			continue;
		}
		n = follow(*p++, &low, &high);
		if (n == 0 || (size_t)(end - p) < n || *p < low || *p > high)
			return false;
		for (p++; --n > 0; p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}
