/* SPDX-License-Identifier: Apache-2.0 */
/* Notes of <sys/sdt.h>: three addresses and three texts, in a file that may be anybody's. */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "linker/usdt.h"

#define NOTE_NAME "stapsdt"
#define NOTE_TYPE 3

/* A text that ends within desc[*at..len); moves *at behind it.  NULL. */
static const char *
text(const char *desc, size_t len, size_t *at)
{
	const char *s = desc + *at;
	const char *end = *at < len ? memchr(s, '\0', len - *at) : NULL;

	if (!end)
		return NULL;
	*at += (size_t)(end - s) + 1;
	return s;
}

static bool
read_note(const char *desc, size_t len, struct usdt_note *out)
{
	size_t at = 3 * sizeof(uint64_t);

	if (len < at)
		return false;
	memcpy(&out->location, desc, 8);
	memcpy(&out->base, desc + 8, 8);
	memcpy(&out->semaphore, desc + 16, 8);
	out->provider = text(desc, len, &at);
	out->name = out->provider ? text(desc, len, &at) : NULL;
	out->args = out->name ? text(desc, len, &at) : NULL;
	return out->args;
}

/* Moves *at by n bytes and what fills up to a multiple of 4. */
static bool
skip(size_t *at, size_t len, uint32_t n)
{
	size_t all = ((size_t)n + 3) & ~(size_t)3;

	/* The last one may lack what fills. */
	if (n > len - *at)
		return false;
	*at = all > len - *at ? len : *at + all;
	return true;
}

int
usdt_note_next(const void *data, size_t len, size_t *at, struct usdt_note *out)
{
	const char *bytes = data;
	Elf64_Nhdr nh;

	while (*at < len) {
		size_t name, desc;

		if (len - *at < sizeof(nh))
			return -EINVAL;
		memcpy(&nh, bytes + *at, sizeof(nh));
		name = *at + sizeof(nh);
		desc = name;
		if (!skip(&desc, len, nh.n_namesz))
			return -EINVAL;
		*at = desc;
		if (!skip(at, len, nh.n_descsz))
			return -EINVAL;
		if (nh.n_type != NOTE_TYPE || nh.n_namesz != sizeof(NOTE_NAME) ||
		    memcmp(bytes + name, NOTE_NAME, sizeof(NOTE_NAME)) != 0)
			continue;
		return read_note(bytes + desc, nh.n_descsz, out) ? 1 : -EINVAL;
	}
	return 0;
}
