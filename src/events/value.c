/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "events/render.h"
#include "events/tables.h"
#include "events/text.h"

const char *
value_word(const struct field *f, uint64_t u)
{
	for (const struct field_word *w = f->words; w && w->word; w++)
		if (w->value == u)
			return w->word;
	return NULL;
}

static void
number(struct text *t, const struct field *f, uint64_t u)
{
	if (f->flags & FIELD_HEX)
		text_hex(t, u);
	else
		text_u64(t, u);
}

static void
flags(struct text *t, const struct field *f, uint64_t u, const char *sep)
{
	const char *zero = u ? NULL : value_word(f, 0), *between = "";

	if (zero)
		text_str(t, zero);
	for (const struct field_word *w = f->words; w && w->word; w++) {
		if (!w->value || (u & w->value) != w->value)
			continue;
		text_str(t, between);
		text_str(t, w->word);
		u &= ~w->value;
		between = sep;
	}
	if (u || (!zero && !*between)) {
		text_str(t, between);
		text_hex(t, u);
	}
}

static void
items(struct text *t, const struct value *v, const char *also, const char *sep)
{
	const char *s = v->data, *end = s + v->len;

	while (s < end) {
		size_t len = strnlen(s, (size_t)(end - s));

		text_line(t, s, len, also);
		s += len + 1;
		if (s < end)
			text_str(t, sep);
	}
}

static void
ip(struct text *t, const unsigned char *a)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	char out[INET6_ADDRSTRLEN] = "";

	if (memcmp(a, mapped, sizeof(mapped)) != 0) {
		text_str(t, inet_ntop(AF_INET6, a, out, sizeof(out)));
		return;
	}
	for (int i = 12; i < 16; i++) {
		text_u64(t, a[i]);
		if (i < 15)
			text_char(t, '.');
	}
}

static void
mac(struct text *t, const unsigned char *a)
{
	char out[18];

	snprintf(out, sizeof(out), "%02x:%02x:%02x:%02x:%02x:%02x", a[0], a[1], a[2], a[3], a[4], a[5]);
	text_str(t, out);
}

void
value_line(struct text *t, const struct field *f, const struct value *v, const char *also,
	const char *sep)
{
	const char *word;

	switch (f->type) {
	case F_U64:
	case F_TIME:
		number(t, f, v->u);
		break;
	case F_I64:
		text_i64(t, (int64_t)v->u);
		break;
	case F_BOOL:
		text_str(t, v->u ? "true" : "false");
		break;
	case F_FLAGS:
		flags(t, f, v->u, sep);
		break;
	case F_ENUM:
		word = value_word(f, v->u);
		if (word)
			text_str(t, word);
		else
			number(t, f, v->u);
		break;
	case F_STR:
	case F_PATH:
		text_line(t, v->data, v->len, also);
		break;
	case F_LIST:
		items(t, v, also, sep);
		break;
	case F_IP:
		ip(t, v->data);
		break;
	case F_MAC:
		mac(t, v->data);
		break;
	}
}

size_t
render_value(const struct field *f, const struct value *v, char *out, size_t room)
{
	struct text t = { .p = out, .end = out + room, .cap = room };

	value_line(&t, f, v, "", f->type == F_LIST ? " " : " | ");
	return (size_t)(t.p - out);
}
