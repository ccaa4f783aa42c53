/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/btf_value.h"

#define DEPTH_MAX 32
#define LOOKED_MAX (1u << 20)

struct parse {
	const struct kbtf *k;
	const char *at, *text;
	uint8_t *data;
	size_t len;
	struct buf *why;
	uint32_t looked;		/* members: unions in unions multiply */
};

/* A place for a value: whole bytes, or n_bits of them from bit on. */
struct place {
	uint32_t type;
	uint64_t bit;
	uint32_t n_bits;		/* 0: as many as the type has */
};

#define REFUSE(p, ...) (buf_printf((p)->why, __VA_ARGS__), -EINVAL)

static void
space(struct parse *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool
take(struct parse *p, char c)
{
	space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

static int
hex4(struct parse *p, unsigned int *out)
{
	char digits[5] = "";

	for (int i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)p->at[i]))
			return REFUSE(p, "\\u takes four hexadecimal digits");
		digits[i] = p->at[i];
	}
	p->at += 4;
	*out = (unsigned int)strtoul(digits, NULL, 16);
	return 0;
}

static int
escape(struct parse *p, struct buf *out)
{
	static const char shorts[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	unsigned int c;
	int err;

	for (size_t i = 0; i < sizeof(shorts) - 1; i += 2)
		if (*p->at == shorts[i]) {
			buf_char(out, shorts[i + 1]);
			p->at++;
			return 0;
		}
	if (*p->at != 'u')
		return REFUSE(p, "there is no escape \\%.1s", p->at);
	p->at++;
	err = hex4(p, &c);
	if (err)
		return err;
	if (c >= 0xd800 && c < 0xe000)
		return REFUSE(p, "\\u%04x: write the character itself", c);
	if (c >= 0x800)
		buf_char(out, (char)(0xe0 | c >> 12));
	if (c >= 0x80)
		buf_char(out, (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6));
	buf_char(out, (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c));
	return 0;
}

/* One in quotes, or up to the next character that means something. */
static int
word(struct parse *p, struct buf *out)
{
	int err;

	space(p);
	if (*p->at != '"') {
		size_t n = strcspn(p->at, " \t\n,:{}[]\"");

		if (n == 3 && strncmp(p->at, "hex:", 4) == 0)
			n = 4 + strspn(p->at + 4, "0123456789abcdefABCDEF");
		if (n == 0)
			return REFUSE(p, *p->at ? "a value is missing before \"%.20s\"" : "a value is missing%.0s", p->at);
		buf_add(out, p->at, n);
		p->at += n;
		return 0;
	}
	for (p->at++; *p->at && *p->at != '"'; ) {
		if (*p->at == '\\') {
			p->at++;
			err = escape(p, out);
			if (err)
				return err;
		} else {
			buf_char(out, *p->at++);
		}
	}
	if (*p->at != '"')
		return REFUSE(p, "a \" is missing at the end");
	p->at++;
	return 0;
}

static int
put_hex(struct parse *p, const char *digits, size_t at, size_t bytes)
{
	if (strlen(digits) != 2 * bytes || strspn(digits, "0123456789abcdefABCDEF") != 2 * bytes)
		return REFUSE(p, "hex: takes %zu bytes here, two digits each", bytes);
	for (size_t i = 0; i < bytes; i++) {
		const char two[3] = { digits[2 * i], digits[2 * i + 1], '\0' };

		p->data[at + i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return 0;
}

static int
put_bits(struct parse *p, uint64_t bit, uint32_t n, uint64_t v)
{
	if (bit % 8 == 0 && (n == 8 || n == 16 || n == 32 || n == 64)) {
		uint32_t v4 = (uint32_t)v;
		uint16_t v2 = (uint16_t)v;
		uint8_t v1 = (uint8_t)v;

		memcpy(p->data + bit / 8, n == 64 ? (void *)&v : n == 32 ? (void *)&v4 : n == 16 ? (void *)&v2 :
			(void *)&v1, n / 8);
		return 0;
	}
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return REFUSE(p, "bitfields can be written as hex: only");
	for (uint32_t i = 0; i < n; i++, bit++) {
		p->data[bit / 8] = (uint8_t)(p->data[bit / 8] & ~(1u << bit % 8));
		p->data[bit / 8] = (uint8_t)(p->data[bit / 8] | (v >> i & 1) << bit % 8);
	}
	return 0;
}

/* A number of n bits; where bits are signed or may be. */
static int
number(struct parse *p, const char *text, uint32_t n, bool is_signed, uint64_t *out)
{
	bool minus = *text == '-';
	const char *digits = text + minus;
	int base = strncmp(digits, "0x", 2) == 0 || strncmp(digits, "0X", 2) == 0 ? 16 : 10;
	uint64_t v, top = is_signed ? 1ULL << (n - 1) : 0;
	char *end;

	if (!isxdigit((unsigned char)*digits))
		return REFUSE(p, "\"%.40s\" is no number", text);
	errno = 0;
	v = strtoull(digits, &end, base);
	if (*end)
		return REFUSE(p, "\"%.40s\" is no number", text);
	if (errno || (minus ? v > top : is_signed && base == 10 ? v >= top : n < 64 && v >> n))
		return REFUSE(p, "%.40s does not fit %u %sbits", text, n, is_signed ? "signed " : "");
	*out = minus ? 0 - v : v;
	return 0;
}

static int
enum_value(struct parse *p, const struct btf_type *t, const char *text, uint32_t n, uint64_t *out)
{
	bool wide = BTF_INFO_KIND(t->info) == BTF_KIND_ENUM64;
	const struct btf_enum *e = (const void *)(t + 1);
	const struct btf_enum64 *e64 = (const void *)(t + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		const char *name = kbtf_str(p->k, wide ? e64[i].name_off : e[i].name_off);

		if (*name && strcmp(name, text) == 0) {
			*out = wide ? (uint64_t)e64[i].val_hi32 << 32 | e64[i].val_lo32 :
				(uint64_t)(int64_t)e[i].val;
			return 0;
		}
	}
	if (!isdigit((unsigned char)*text) && *text != '-')
		return REFUSE(p, "the enum has no \"%.40s\"", text);
	return number(p, text, n, BTF_INFO_KFLAG(t->info), out);
}

static int
put_float(struct parse *p, const char *text, size_t at, uint32_t bytes)
{
	char *end;
	double d = strtod(text, &end);
	float f = (float)d;

	if (!*text || *end)
		return REFUSE(p, "\"%.40s\" is no number", text);
	if (bytes != sizeof(d) && bytes != sizeof(f))
		return REFUSE(p, "a float of %u bytes can be written as hex: only", bytes);
	memcpy(p->data + at, bytes == sizeof(d) ? (void *)&d : (void *)&f, bytes);
	return 0;
}

static int
put_scalar(struct parse *p, const struct btf_type *t, const struct place *to, const char *text)
{
	uint32_t n = to->n_bits, kind = BTF_INFO_KIND(t->info), info = 0;
	uint64_t v = 0;
	int err;

	if (kind == BTF_KIND_FLOAT && n)
		return REFUSE(p, "its type has no values");
	if (kind == BTF_KIND_FLOAT)
		return put_float(p, text, (size_t)(to->bit / 8), t->size);
	if (kind == BTF_KIND_INT)
		memcpy(&info, t + 1, sizeof(info));
	if (!n)
		n = kind == BTF_KIND_INT ? BTF_INT_BITS(info) : kind == BTF_KIND_PTR ? 64 : t->size * 8;
	if (n == 0 || n > 64 || to->bit + n > (uint64_t)p->len * 8)
		return REFUSE(p, "a number of %u bits can be written as hex: only", n);
	if (kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64)
		err = enum_value(p, t, text, n, &v);
	else if (BTF_INT_ENCODING(info) & BTF_INT_BOOL && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		err = (v = text[0] == 't', 0);
	else
		err = number(p, text, n, BTF_INT_ENCODING(info) & BTF_INT_SIGNED, &v);
	return err ? err : put_bits(p, to->bit, n, v);
}

static int value(struct parse *p, const struct place *to, int depth);

static int
array(struct parse *p, const struct btf_array *a, size_t at, int depth)
{
	int64_t each = kbtf_value_bytes(p->k, a->type);
	AUTO(buf) struct buf text = { 0 };
	uint32_t n = 0;
	int err;

	if (take(p, '[')) {
		if (take(p, ']'))
			return 0;
		do {
			const struct place one = { a->type, ((uint64_t)at + n * (uint64_t)each) * 8, 0 };

			if (n++ >= a->nelems || each <= 0)
				return REFUSE(p, "the array has %u elements", a->nelems);
			err = value(p, &one, depth + 1);
			if (err)
				return err;
		} while (take(p, ','));
		return take(p, ']') ? 0 : REFUSE(p, "a ] is missing before \"%.20s\"", p->at);
	}
	if (!btf_is_char(p->k, a->type))
		return REFUSE(p, "an array is written as [..., ...]");
	err = word(p, &text);
	if (err)
		return err;
	if (text.len > a->nelems)
		return REFUSE(p, "\"%.40s\" is longer than %u bytes", buf_text(&text), a->nelems);
	memcpy(p->data + at, buf_text(&text), text.len);
	return 0;
}

/* 1: found; members of anonymous ones are their parent's. */
static int
find_member(struct parse *p, const struct btf_type *t, uint64_t bit, const char *name, int depth,
	struct place *out)
{
	const struct kbtf *k = p->k;
	const struct btf_member *m = (const void *)(t + 1);
	bool flagged = BTF_INFO_KFLAG(t->info);

	for (uint32_t i = 0; depth < DEPTH_MAX && i < BTF_INFO_VLEN(t->info) && p->looked++ < LOOKED_MAX; i++) {
		uint64_t at = bit + (flagged ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset);
		const char *its = kbtf_str(k, m[i].name_off);
		const struct btf_type *inner;

		if (*its && strcmp(its, name) == 0) {
			*out = (struct place){ m[i].type, at, flagged ? BTF_MEMBER_BITFIELD_SIZE(m[i].offset) : 0 };
			return 1;
		}
		inner = *its ? NULL : kbtf_skip(k, m[i].type, NULL);
		if (inner && (BTF_INFO_KIND(inner->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(inner->info) == BTF_KIND_UNION) &&
		    find_member(p, inner, at, name, depth + 1, out))
			return 1;
	}
	return 0;
}

static int
find_variable(const struct kbtf *k, const struct btf_type *t, uint64_t bit, const char *name, struct place *out)
{
	const struct btf_var_secinfo *v = (const void *)(t + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		const struct btf_type *var = kbtf_type(k, v[i].type);

		if (var && strcmp(kbtf_name(k, var), name) == 0) {
			*out = (struct place){ v[i].type, bit + (uint64_t)v[i].offset * 8, 0 };
			return 1;
		}
	}
	return 0;
}

static int
object(struct parse *p, const struct btf_type *t, uint64_t bit, int depth)
{
	int err;

	if (!take(p, '{'))
		return REFUSE(p, "a struct is written as {\"member\": value, ...}, not \"%.20s\"", p->at);
	if (take(p, '}'))
		return 0;
	do {
		AUTO(buf) struct buf name = { 0 };
		struct place to;

		err = word(p, &name);
		if (err)
			return err;
		if (!(BTF_INFO_KIND(t->info) == BTF_KIND_DATASEC ? find_variable(p->k, t, bit, buf_text(&name), &to) :
			find_member(p, t, bit, buf_text(&name), 0, &to)))
			return REFUSE(p, "there is no member \"%.60s\"", buf_text(&name));
		if (!take(p, ':'))
			return REFUSE(p, "a : is missing behind \"%.60s\"", buf_text(&name));
		err = value(p, &to, depth + 1);
		if (err)
			return err;
	} while (take(p, ','));
	return take(p, '}') ? 0 : REFUSE(p, "a } is missing before \"%.20s\"", p->at);
}

static bool
is_hex(struct parse *p)
{
	space(p);
	return strncmp(p->at, "hex:", 4) == 0 || strncmp(p->at, "\"hex:", 5) == 0;
}

static int
value(struct parse *p, const struct place *to, int depth)
{
	const struct btf_type *t = kbtf_skip(p->k, to->type, NULL);
	int64_t bytes = kbtf_value_bytes(p->k, to->type);
	AUTO(buf) struct buf text = { 0 };
	size_t at = (size_t)(to->bit / 8);
	int err;

	if (!t || depth > DEPTH_MAX || bytes < 0)
		return REFUSE(p, "its type has no values");
	if (!to->n_bits && (to->bit % 8 || at > p->len || (uint64_t)bytes > p->len - at))
		return REFUSE(p, "its type does not fit the map");
	if (!to->n_bits && is_hex(p)) {
		err = word(p, &text);
		return err ? err : put_hex(p, buf_text(&text) + 4, at, (size_t)bytes);
	}
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_ARRAY:
		return to->n_bits ? REFUSE(p, "its type has no values") : array(p, (const void *)(t + 1), at, depth);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return to->n_bits ? REFUSE(p, "its type has no values") : object(p, t, to->bit, depth);
	default:
		err = word(p, &text);
		return err ? err : put_scalar(p, t, to, buf_text(&text));
	}
}

/* No type: hex, or a number of the usual sizes. */
static int
plain(struct parse *p)
{
	AUTO(buf) struct buf text = { 0 };
	uint64_t v;
	int err = word(p, &text);

	if (err)
		return err;
	if (strncmp(buf_text(&text), "hex:", 4) == 0)
		return put_hex(p, buf_text(&text) + 4, 0, p->len);
	if (p->len != 1 && p->len != 2 && p->len != 4 && p->len != 8)
		return REFUSE(p, "it has no type: give its %zu bytes as hex:", p->len);
	err = number(p, buf_text(&text), (uint32_t)p->len * 8, buf_text(&text)[0] == '-', &v);
	return err ? err : put_bits(p, 0, (uint32_t)p->len * 8, v);
}

/* The whole text of an array of characters, where it has no quotes. */
static bool
is_bare_text(const struct parse *p, const struct btf_type *t)
{
	const struct btf_array *a = t && BTF_INFO_KIND(t->info) == BTF_KIND_ARRAY ? (const void *)(t + 1) : NULL;

	return a && btf_is_char(p->k, a->type) && p->text[0] != '"' && p->text[0] != '[' &&
		strncmp(p->text, "hex:", 4) != 0;
}

int
btf_parse(const char *text, const struct kbtf *k, uint32_t type, void *data, size_t len, struct buf *why)
{
	struct parse p = { k, text, text, data, len, why, 0 };
	const struct place all = { type, 0, 0 };
	int err;

	memset(data, 0, len);
	if (!type || !k->n || kbtf_value_bytes(k, type) != (int64_t)len) {
		err = plain(&p);
	} else if (is_bare_text(&p, kbtf_skip(k, type, NULL))) {
		if (strlen(text) > len)
			return REFUSE(&p, "\"%.40s\" is longer than %zu bytes", text, len);
		memcpy(data, text, strlen(text));
		return 0;
	} else {
		err = value(&p, &all, 0);
	}
	if (err)
		return err;
	space(&p);
	return *p.at ? REFUSE(&p, "\"%.20s\" is too much", p.at) : 0;
}
