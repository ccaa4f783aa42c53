/* SPDX-License-Identifier: Apache-2.0 */
/* Names and paths as the kernel side hashes them. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "rules/push_items.h"

/* len: at most 8. */
static uint64_t
hash_word(uint64_t h, const char *p, size_t len)
{
	uint64_t word = 0;

	if (len)
		memcpy(&word, p, len);
	return EV_HASH_WORD(h, le64toh(word));
}

uint64_t
push_hash_comm(const char *p, size_t len)
{
	char comm[EV_COMM] = "";

	if (len)
		memcpy(comm, p, len < EV_COMM ? len : EV_COMM);
	return hash_word(hash_word(EV_HASH_INIT, comm, 8), comm + 8, 8);
}

static uint64_t
hash_component(uint64_t h, const char *p, size_t len)
{
	size_t i;

	h = EV_HASH_SLASH(h);
	for (i = 0; i + 8 <= len; i += 8)
		h = hash_word(h, p + i, 8);
	return hash_word(h, p + i, len - i);
}

/* What does not begin with a slash is never asked for. */
uint64_t
push_hash_path(const char *p, size_t len)
{
	uint64_t h = EV_HASH_INIT;

	for (size_t at = 0; at < len;) {
		const char *slash;

		at += p[at] == '/';
		slash = memchr(p + at, '/', len - at);
		h = hash_component(h, p + at, slash ? (size_t)(slash - p) - at : len - at);
		at = slash ? (size_t)(slash - p) : len;
	}
	return h;
}

/* Everything that begins with the first len bytes of a path lies below the directory in them. */
static void
add_directory(struct items *s, const char *path, size_t len)
{
	uint32_t depth = 0;
	size_t end = 0;

	if (!len || path[0] != '/')
		s->all |= !len;		/* the kernel lets every relative path through */
	for (size_t i = 0; i < len && path[0] == '/'; i++) {
		if (path[i] != '/' || i == 0)
			continue;
		if (depth == EV_PREFIX_MAX)
			break;
		depth++;
		end = i;
	}
	if (depth)
		items_add(s, (struct item){ .value = push_hash_path(path, end), .dim = DIM_PREFIX, .depth = depth });
	else if (len && path[0] == '/')
		s->all = true;
}

void
push_place(struct items *s, enum rule_op op, const char *v, size_t len)
{
	char *dir;

	switch (op) {
	case OP_eq:
		items_add(s, (struct item){ .value = push_hash_path(v, len), .dim = DIM_PATH });
		return;
	case OP_pathprefix:
		while (len && v[len - 1] == '/')
			len--;
		/* As if a slash followed, which ends the last directory. */
		dir = malloc(len + 1);
		if (!dir) {
			s->failed = true;
			return;
		}
		memcpy(dir, v, len);
		dir[len] = '/';
		add_directory(s, dir, len + 1);
		free(dir);
		return;
	case OP_prefix:
		add_directory(s, v, len);
		return;
	case OP_glob:
		add_directory(s, v, strcspn(v, "*?[\\"));
		return;
	default:
		s->all = true;
	}
}
