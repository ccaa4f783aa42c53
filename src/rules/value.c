/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/value.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/closest.h"
#include "rules/model.h"

#define T(t)	(1u << (t))
#define NUMBERS	(T(F_U64) | T(F_I64) | T(F_TIME) | T(F_FLAGS) | T(F_ENUM))
#define TEXTS	(T(F_STR) | T(F_PATH) | T(F_LIST))
#define ANY	0xffffffffu
#define ERRNO_MAX 4095

static const uint32_t fits[N_OPS] = {
	[OP_eq] = ANY, [OP_ne] = ANY, [OP_in] = ANY, [OP_notin] = ANY, [OP_exists] = ANY,
	[OP_lt] = NUMBERS, [OP_le] = NUMBERS, [OP_gt] = NUMBERS, [OP_ge] = NUMBERS,
	[OP_inrange] = NUMBERS,
	[OP_prefix] = TEXTS, [OP_suffix] = TEXTS, [OP_contains] = TEXTS, [OP_icontains] = TEXTS,
	[OP_glob] = TEXTS, [OP_regex] = TEXTS,
	[OP_pathprefix] = T(F_STR) | T(F_PATH),
	[OP_cidr] = T(F_IP),
	[OP_hasall] = T(F_FLAGS) | T(F_LIST), [OP_hasany] = T(F_FLAGS) | T(F_LIST),
	[OP_hasnone] = T(F_FLAGS) | T(F_LIST),
};

enum field_type
value_type(const struct field *f, enum rule_fn fn)
{
	switch (fn) {
	case FN_LEN:
		return F_U64;
	case FN_BASENAME:
	case FN_LOWER:
		return F_STR;
	case FN_NONE:
		break;
	}
	return f->type;
}

bool
value_is_number(enum field_type t)
{
	return T(t) & (NUMBERS | T(F_BOOL));
}

bool
value_is_text(enum field_type t)
{
	return T(t) & TEXTS;
}

bool
op_fits(enum rule_op op, enum field_type t, uint32_t format)
{
	return (fits[op] & T(t)) || (format == 1 && op == OP_contains);
}

static bool
read_digits(const char *s, const struct field *f, bool is_signed, uint64_t *out)
{
	char *end;

	errno = 0;
	if (s[0] == '-' && isdigit((unsigned char)s[1])) {
		long long n = strtoll(s, &end, 0);

		if (errno || *end)
			return false;
		*out = (uint64_t)n;
		/* What is all ones in the kernel (no login uid, say) may be written as -1. */
		if (!is_signed && f->size && f->size < 8)
			*out &= (1ULL << (8 * f->size)) - 1;
		return is_signed || n == -1;
	}
	if (!isdigit((unsigned char)s[0]))
		return false;
	*out = strtoull(s, &end, 0);
	return !errno && !*end && (!is_signed || *out <= INT64_MAX);
}

static bool
read_word(const struct field *f, const char *word, size_t len, struct closest *near, uint64_t *out)
{
	for (const struct field_word *w = f->words; w && w->word; w++) {
		if (strlen(w->word) == len && strncasecmp(w->word, word, len) == 0) {
			*out = w->value;
			return true;
		}
		closest_offer(near, w->word);
	}
	return false;
}

/* "ENOENT" is what a call returns then: -ENOENT. */
static bool
read_errno(const char *s, uint64_t *out)
{
	s += s[0] == '-';
	for (int i = 1; s[0] == 'E' && i <= ERRNO_MAX; i++) {
		const char *name = strerrorname_np(i);

		if (name && strcmp(name, s) == 0) {
			*out = (uint64_t)-(int64_t)i;
			return true;
		}
	}
	return false;
}

/* "O_WRONLY|O_CREAT|0x80" */
static bool
read_flags(const struct field *f, const char *s, struct closest *near, uint64_t *out)
{
	uint64_t sum = 0;

	for (;;) {
		size_t len = strcspn(s, "|"), skip = strspn(s, " ");
		char part[64];
		uint64_t one;

		while (len > skip && s[len - 1] == ' ')
			len--;
		if (len <= skip || len - skip >= sizeof(part))
			return false;
		memcpy(part, s + skip, len - skip);
		part[len - skip] = '\0';
		if (!read_digits(part, f, false, &one) && !read_word(f, part, len - skip, near, &one))
			return false;
		sum |= one;
		s += strcspn(s, "|");
		if (!*s++)
			break;
	}
	*out = sum;
	return true;
}

static bool
read_number(const struct field *f, enum field_type t, const char *s, struct closest *near, uint64_t *out)
{
	switch (t) {
	case F_BOOL:
		*out = strcmp(s, "true") == 0 || strcmp(s, "1") == 0;
		return *out || strcmp(s, "false") == 0 || strcmp(s, "0") == 0;
	case F_FLAGS:
		return read_flags(f, s, near, out);
	case F_ENUM:
		return read_digits(s, f, false, out) || read_word(f, s, strlen(s), near, out);
	case F_I64:
		return read_digits(s, f, true, out) || read_errno(s, out) ||
		       read_word(f, s, strlen(s), near, out);
	case F_U64:
	case F_TIME:
		return read_digits(s, f, false, out) || read_word(f, s, strlen(s), near, out);
	case F_STR:
	case F_PATH:
	case F_LIST:
	case F_IP:
	case F_MAC:
		break;
	}
	return false;
}

static bool
read_range(const struct field *f, enum field_type t, const char *s, struct closest *near, struct typed *out)
{
	const char *dots = strstr(s, "..");
	char low[64];

	if (!dots || (size_t)(dots - s) >= sizeof(low))
		return false;
	memcpy(low, s, (size_t)(dots - s));
	low[dots - s] = '\0';
	return read_number(f, t, low, near, &out->u) && read_number(f, t, dots + 2, near, &out->hi);
}

static bool
read_ip(const char *s, bool net, struct typed *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const char *slash = net ? strchr(s, '/') : NULL;
	char text[INET6_ADDRSTRLEN];
	size_t len = slash ? (size_t)(slash - s) : strlen(s);
	unsigned long bits;
	bool v4;
	char *end;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	v4 = inet_pton(AF_INET, text, out->bytes + 12) == 1;
	if (v4)
		memcpy(out->bytes, mapped, sizeof(mapped));
	else if (inet_pton(AF_INET6, text, out->bytes) != 1)
		return false;
	bits = v4 ? 32 : 128;
	if (slash) {
		unsigned long n = strtoul(slash + 1, &end, 10);

		if (!isdigit((unsigned char)slash[1]) || *end || n > bits)
			return false;
		bits = n;
	}
	out->bits = (unsigned int)bits + (v4 ? 96 : 0);
	out->data = (const char *)out->bytes;
	out->len = sizeof(out->bytes);
	return true;
}

static bool
read_mac(const char *s, struct typed *out)
{
	unsigned int b[6];
	int used = 0;

	if (sscanf(s, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &used) != 6 ||
	    s[used])
		return false;
	for (int i = 0; i < 6; i++)
		out->bytes[i] = (uint8_t)b[i];
	out->data = (const char *)out->bytes;
	out->len = 6;
	return true;
}

static const char *
type_words(enum field_type t, enum rule_op op)
{
	if (op == OP_inrange)
		return "a range LOW..HIGH";
	if (op == OP_cidr)
		return "a network ADDRESS/BITS";
	switch (t) {
	case F_I64:
		return "a number or the name of an error";
	case F_BOOL:
		return "true or false";
	case F_FLAGS:
		return "a number or names of flags";
	case F_ENUM:
		return "one of its words or a number";
	case F_IP:
		return "an IP address";
	case F_MAC:
		return "a MAC address";
	case F_U64:
	case F_TIME:
	case F_STR:
	case F_PATH:
	case F_LIST:
		break;
	}
	return "a number";
}

int
value_read(const struct field *f, enum rule_fn fn, enum rule_op op, const struct rule_value *v,
	bool text, struct typed *out, char *why, size_t room)
{
	enum field_type t = value_type(f, fn);
	struct closest near;
	bool ok;

	memset(out, 0, sizeof(*out));
	out->data = v->data;
	out->len = v->len;
	if (text || value_is_text(t))
		return 0;
	closest_init(&near, v->data);
	if (t == F_IP)
		ok = read_ip(v->data, op == OP_cidr, out);
	else if (t == F_MAC)
		ok = read_mac(v->data, out);
	else if (op == OP_inrange)
		ok = read_range(f, t, v->data, &near, out);
	else
		ok = read_number(f, t, v->data, &near, &out->u);
	if (ok)
		return 0;
	snprintf(why, room, "field %s: \"%.80s\" is not %s%s", f->name, v->data, type_words(t, op),
		CLOSEST_TEXT(&near));
	return -EINVAL;
}
