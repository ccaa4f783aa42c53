/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bpfctl/btf_value.h"
#include "bpfctl/safe.h"
#include "events/text.h"

#define DEPTH_MAX	32
#define NODES_MAX	(1u << 20)	/* values within one; unions in unions multiply */

struct show {
	const struct kbtf *k;
	struct buf *b;
	const uint8_t *data;
	size_t len;
	uint32_t nodes;
};

void
btf_show_hex(struct buf *b, const void *data, size_t len)
{
	buf_str(b, "\"hex:");
	buf_hex(b, data, len);
	buf_char(b, '"');
}

bool
btf_is_char(const struct kbtf *k, uint32_t type)
{
	const struct btf_type *t = kbtf_skip(k, type, NULL);
	uint32_t info;

	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_INT || t->size != 1)
		return false;
	memcpy(&info, t + 1, sizeof(info));
	return BTF_INT_ENCODING(info) & BTF_INT_CHAR || strcmp(kbtf_name(k, t), "char") == 0;
}

/* Up to 64 bits from a bit of the data on, as little-endian machines lay bitfields out. */
static bool
bits_at(const struct show *s, uint64_t bit, uint32_t n, uint64_t *out)
{
	uint64_t v = 0;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || n == 0 || n > 64 || bit + n > (uint64_t)s->len * 8)
		return false;
	for (uint32_t i = 0; i < n; i++, bit++)
		v |= (uint64_t)(s->data[bit / 8] >> (bit % 8) & 1) << i;
	*out = v;
	return true;
}

static bool
whole_at(const struct show *s, size_t at, uint32_t bytes, uint64_t *out)
{
	uint64_t v8;
	uint32_t v4;
	uint16_t v2;

	switch (bytes) {
	case 1:
		*out = s->data[at];
		return true;
	case 2:
		memcpy(&v2, s->data + at, 2);
		*out = v2;
		return true;
	case 4:
		memcpy(&v4, s->data + at, 4);
		*out = v4;
		return true;
	case 8:
		memcpy(&v8, s->data + at, 8);
		*out = v8;
		return true;
	default:
		return false;
	}
}

static int64_t
extended(uint64_t v, uint32_t bits)
{
	return bits < 64 && v >> (bits - 1) & 1 ? (int64_t)(v | ~0ULL << bits) : (int64_t)v;
}

static void
put_number(struct show *s, uint64_t v, uint32_t bits, bool is_signed)
{
	if (is_signed)
		buf_printf(s->b, "%" PRId64, extended(v, bits));
	else
		buf_printf(s->b, "%" PRIu64, v);
}

static void
put_enum(struct show *s, const struct btf_type *t, uint64_t v, uint32_t bits)
{
	bool wide = BTF_INFO_KIND(t->info) == BTF_KIND_ENUM64;
	const struct btf_enum *e = (const void *)(t + 1);
	const struct btf_enum64 *e64 = (const void *)(t + 1);
	uint64_t mask = bits < 64 ? ~(~0ULL << bits) : ~0ULL;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		uint64_t value = wide ? (uint64_t)e64[i].val_hi32 << 32 | e64[i].val_lo32 :
			(uint64_t)(int64_t)e[i].val;
		const char *name = kbtf_str(s->k, wide ? e64[i].name_off : e[i].name_off);

		if ((value & mask) == (v & mask)) {
			safe_json(s->b, name, strlen(name));
			return;
		}
	}
	put_number(s, v, bits, BTF_INFO_KFLAG(t->info));
}

/* One that a number is: of n bits from bit on. */
static bool
put_scalar(struct show *s, const struct btf_type *t, uint64_t bit, uint32_t n)
{
	uint32_t info;
	uint64_t v;

	if (!(bit % 8 == 0 && n % 8 == 0 && bit / 8 + n / 8 <= s->len && whole_at(s, (size_t)(bit / 8), n / 8, &v)) &&
	    !bits_at(s, bit, n, &v))
		return false;
	if (BTF_INFO_KIND(t->info) != BTF_KIND_INT) {
		put_enum(s, t, v, n);
		return true;
	}
	memcpy(&info, t + 1, sizeof(info));
	if (BTF_INT_ENCODING(info) & BTF_INT_BOOL && v <= 1)
		buf_str(s->b, v ? "true" : "false");
	else
		put_number(s, v, n, BTF_INT_ENCODING(info) & BTF_INT_SIGNED);
	return true;
}

static bool
put_int(struct show *s, const struct btf_type *t, size_t at)
{
	uint32_t info;

	memcpy(&info, t + 1, sizeof(info));
	if (t->size == 16) {
		btf_show_hex(s->b, s->data + at, 16);
		return true;
	}
	return put_scalar(s, t, (uint64_t)at * 8 + BTF_INT_OFFSET(info), BTF_INT_BITS(info));
}

static bool
put_float(struct show *s, const struct btf_type *t, size_t at)
{
	double d;
	float f;

	if (t->size == sizeof(f)) {
		memcpy(&f, s->data + at, sizeof(f));
		d = (double)f;
	} else if (t->size == sizeof(d)) {
		memcpy(&d, s->data + at, sizeof(d));
	} else {
		btf_show_hex(s->b, s->data + at, t->size);
		return true;
	}
	if (isfinite(d))
		buf_printf(s->b, "%.*g", t->size == sizeof(f) ? 9 : 17, d);
	else
		buf_str(s->b, isnan(d) ? "\"nan\"" : d > 0 ? "\"inf\"" : "\"-inf\"");
	return true;
}

/* Text up to a NUL, and nothing but NULs behind it; what would be taken for hex is none. */
static bool
is_text(const char *p, size_t n, size_t *len)
{
	*len = strnlen(p, n);
	for (size_t i = *len; i < n; i++)
		if (p[i])
			return false;
	for (size_t i = 0; i < *len;) {
		uint32_t c;
		size_t got = text_utf8((const uint8_t *)p + i, *len - i, &c);

		if (got == 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
			return false;
		i += got;
	}
	return *len < 4 || memcmp(p, "hex:", 4) != 0;
}

static bool put(struct show *s, uint32_t id, size_t at, int depth);

static bool
put_array(struct show *s, const struct btf_array *a, size_t at, int depth)
{
	int64_t each = kbtf_value_bytes(s->k, a->type);
	size_t len;

	if (each < 0 || (uint64_t)each * a->nelems > s->len - at)
		return false;
	if (btf_is_char(s->k, a->type)) {
		if (is_text((const char *)s->data + at, a->nelems, &len))
			safe_json(s->b, (const char *)s->data + at, len);
		else
			btf_show_hex(s->b, s->data + at, a->nelems);
		return true;
	}
	buf_char(s->b, '[');
	for (uint32_t i = 0; each && i < a->nelems; i++) {
		if (i)
			buf_char(s->b, ',');
		if (!put(s, a->type, at + i * (size_t)each, depth))
			return false;
	}
	buf_char(s->b, ']');
	return true;
}

static bool
put_member(struct show *s, uint32_t type, uint64_t bit, uint32_t n_bits, int depth)
{
	const struct btf_type *t;

	if (!n_bits)
		return bit % 8 == 0 && put(s, type, (size_t)(bit / 8), depth);
	t = kbtf_skip(s->k, type, NULL);
	if (!t || ++s->nodes > NODES_MAX)
		return false;
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return put_scalar(s, t, bit, n_bits);
	default:
		return false;
	}
}

static bool
put_members(struct show *s, const struct btf_type *t, size_t at, int depth, bool *any)
{
	const struct btf_member *m = (const void *)(t + 1);

	if (depth > DEPTH_MAX)
		return false;
	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		bool flagged = BTF_INFO_KFLAG(t->info);
		uint64_t bit = (uint64_t)at * 8 + (flagged ? BTF_MEMBER_BIT_OFFSET(m[i].offset) : m[i].offset);
		uint32_t bits = flagged ? BTF_MEMBER_BITFIELD_SIZE(m[i].offset) : 0;
		const struct btf_type *inner = kbtf_skip(s->k, m[i].type, NULL);
		const char *name = kbtf_str(s->k, m[i].name_off);

		if (!inner || ++s->nodes > NODES_MAX)
			return false;
		if (!*name) {
			uint32_t kind = BTF_INFO_KIND(inner->info);

			/* What else has no name is padding. */
			if ((kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION) &&
			    (bit % 8 || !put_members(s, inner, (size_t)(bit / 8), depth + 1, any)))
				return false;
			continue;
		}
		if (*any)
			buf_char(s->b, ',');
		*any = true;
		safe_json(s->b, name, strlen(name));
		buf_char(s->b, ':');
		if (!put_member(s, m[i].type, bit, bits, depth))
			return false;
	}
	return true;
}

static bool
put_section(struct show *s, const struct btf_type *t, size_t at, int depth)
{
	const struct btf_var_secinfo *v = (const void *)(t + 1);

	buf_char(s->b, '{');
	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		const struct btf_type *var = kbtf_type(s->k, v[i].type);
		const char *name = var ? kbtf_name(s->k, var) : "";

		if (i)
			buf_char(s->b, ',');
		safe_json(s->b, name, strlen(name));
		buf_char(s->b, ':');
		if (!var || !put(s, v[i].type, at + v[i].offset, depth))
			return false;
	}
	buf_char(s->b, '}');
	return true;
}

/* false: the type describes no value that lies here. */
static bool
put(struct show *s, uint32_t id, size_t at, int depth)
{
	const struct btf_type *t = kbtf_skip(s->k, id, NULL);
	int64_t bytes = kbtf_value_bytes(s->k, id);
	bool any = false;
	uint64_t v;

	if (!t || bytes < 0 || at > s->len || (uint64_t)bytes > s->len - at || depth > DEPTH_MAX ||
	    ++s->nodes > NODES_MAX)
		return false;
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
		return put_int(s, t, at);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return t->size <= 8 && put_scalar(s, t, (uint64_t)at * 8, t->size * 8);
	case BTF_KIND_FLOAT:
		return put_float(s, t, at);
	case BTF_KIND_PTR:
		whole_at(s, at, sizeof(v), &v);
		buf_printf(s->b, "\"0x%" PRIx64 "\"", v);
		return true;
	case BTF_KIND_ARRAY:
		return put_array(s, (const void *)(t + 1), at, depth + 1);
	case BTF_KIND_DATASEC:
		return put_section(s, t, at, depth + 1);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		buf_char(s->b, '{');
		if (!put_members(s, t, at, depth + 1, &any))
			return false;
		buf_char(s->b, '}');
		return true;
	default:
		return false;
	}
}

void
btf_show(struct buf *b, const struct kbtf *k, uint32_t type, const void *data, size_t len)
{
	struct show s = { k, b, data, len, 0 };
	size_t before = b->len;

	if (type && k->n && kbtf_value_bytes(k, type) == (int64_t)len && put(&s, type, 0, 0))
		return;
	/* Half a value is none. */
	if (b->data)
		b->data[before] = '\0';
	b->len = before;
	btf_show_hex(b, data, len);
}
