/* SPDX-License-Identifier: Apache-2.0 */
#include "config/json.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

struct reader {
	const char *p, *end;
	char *room;			/* decoded strings of the way, one behind the other, and the value */
	size_t used;
	struct json_step way[JSON_DEPTH];
	size_t before[JSON_DEPTH];	/* what was used of room when the step was made */
	bool object[JSON_DEPTH];
	size_t depth;			/* containers that are open; the last step is way[depth - 1] */
	json_found *found;
	void *arg;
};

static void
blanks(struct reader *r)
{
	while (r->p < r->end && memchr(" \t\n\r", *r->p, 4))
		r->p++;
}

static bool
take(struct reader *r, char c)
{
	blanks(r);
	if (r->p == r->end || *r->p != c)
		return false;
	r->p++;
	return true;
}

static int
hex4(struct reader *r, uint32_t *out)
{
	*out = 0;
	if (r->end - r->p < 4)
		return -EBADMSG;
	for (int i = 0; i < 4; i++) {
		const char c = *r->p++;
		const uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') :
			c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) :
			c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10) : 16;

		if (digit == 16)
			return -EBADMSG;
		*out = *out << 4 | digit;
	}
	return 0;
}

/* What follows "\u".  Two of them are one character where the first is a high surrogate. */
static int
code_point(struct reader *r, uint32_t *out)
{
	uint32_t low;
	int err = hex4(r, out);

	if (err || *out < 0xd800 || *out > 0xdfff)
		return err;
	if (*out > 0xdbff || r->end - r->p < 2 || memcmp(r->p, "\\u", 2) != 0)
		return -EBADMSG;
	r->p += 2;
	err = hex4(r, &low);
	if (err || low < 0xdc00 || low > 0xdfff)
		return -EBADMSG;
	*out = 0x10000 + ((*out - 0xd800) << 10 | (low - 0xdc00));
	return 0;
}

static void
put_utf8(struct reader *r, uint32_t c)
{
	char *to = r->room + r->used;

	if (c < 0x80) {
		to[0] = (char)c;
		r->used += 1;
	} else if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		r->used += 2;
	} else if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		r->used += 3;
	} else {
		to[0] = (char)(0xf0 | c >> 18);
		to[1] = (char)(0x80 | (c >> 12 & 0x3f));
		to[2] = (char)(0x80 | (c >> 6 & 0x3f));
		to[3] = (char)(0x80 | (c & 0x3f));
		r->used += 4;
	}
}

/* Behind a backslash. */
static int
escape(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char c = r->p < r->end ? *r->p++ : '\0', *which = c ? strchr(from, c) : NULL;
	uint32_t code = 0;
	int err = 0;

	if (which)
		code = (unsigned char)to[which - from];
	else
		err = c == 'u' ? code_point(r, &code) : -EBADMSG;
	if (!err)
		put_utf8(r, code);
	return err;
}

/* Behind its first quote.  What is decoded is never longer than what it is written as. */
static int
string(struct reader *r, struct json_text *out)
{
	const size_t from = r->used;

	while (r->p < r->end && *r->p != '"') {
		const char c = *r->p++;
		int err = 0;

		if ((unsigned char)c < 0x20)
			return -EBADMSG;
		if (c == '\\')
			err = escape(r);
		else
			r->room[r->used++] = c;
		if (err)
			return err;
	}
	if (r->p == r->end)
		return -EBADMSG;
	r->p++;
	*out = (struct json_text){ r->room + from, r->used - from };
	return 0;
}

/* true, false, null or a number: what it is written with, not what it means. */
static int
literal(struct reader *r)
{
	const char *from = r->p;

	while (r->p < r->end && (*r->p == '-' || *r->p == '+' || *r->p == '.' ||
			(*r->p >= '0' && *r->p <= '9') || (*r->p >= 'a' && *r->p <= 'z') || *r->p == 'E'))
		r->p++;
	return r->p > from ? 0 : -EBADMSG;
}

static int
open_container(struct reader *r, bool object)
{
	if (r->depth == JSON_DEPTH)
		return -EBADMSG;
	r->before[r->depth] = r->used;
	r->object[r->depth] = object;
	r->way[r->depth++] = (struct json_step){ .index = SIZE_MAX };	/* the first is 0 */
	return 0;
}

/* The key of the next member, or the number of the next element. */
static int
next_step(struct reader *r)
{
	struct json_step *step = &r->way[r->depth - 1];
	int err;

	step->index++;
	if (!r->object[r->depth - 1])
		return 0;
	r->used = r->before[r->depth - 1];
	err = take(r, '"') ? string(r, &step->key) : -EBADMSG;
	return !err && !take(r, ':') ? -EBADMSG : err;
}

/* One value that is not a container is passed, a container is entered.  *done: a whole value is
 * behind us. */
static int
value(struct reader *r, bool *done)
{
	const size_t used = r->used;
	struct json_text text;
	int err;

	*done = true;
	if (take(r, '"')) {
		err = string(r, &text);
		if (!err)
			err = r->found(r->arg, r->way, r->depth, &text);
		r->used = used;
		return err;
	}
	if (r->p == r->end || (*r->p != '{' && *r->p != '['))
		return literal(r);
	const bool object = *r->p++ == '{';

	err = open_container(r, object);
	if (err || take(r, object ? '}' : ']')) {
		r->depth -= !err;
		return err;
	}
	*done = false;
	return next_step(r);
}

/* Behind a value: closes what it was the last of.  *more: another one follows. */
static int
after_value(struct reader *r, bool *more)
{
	*more = false;
	while (r->depth) {
		if (take(r, ',')) {
			*more = true;
			return next_step(r);
		}
		if (!take(r, r->object[r->depth - 1] ? '}' : ']'))
			return -EBADMSG;
		r->used = r->before[--r->depth];
	}
	blanks(r);
	return r->p == r->end ? 0 : -EBADMSG;
}

int
json_strings(const char *text, size_t len, json_found *found, void *arg)
{
	AUTO(mem) char *room = malloc(len + 1);
	struct reader r = { .p = text, .end = text + len, .room = room, .found = found, .arg = arg };
	bool done, more = true;
	int err = room ? 0 : -ENOMEM;

	while (!err && more) {
		err = value(&r, &done);
		if (!err && done)
			err = after_value(&r, &more);
	}
	return err;
}
