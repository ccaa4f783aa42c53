/* SPDX-License-Identifier: Apache-2.0 */
#include "config/traced.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"

#define DEPTH_MAX 8	/* of structs without a name in one another */

struct path {
	const struct traced *traced;
	struct declared_read *out;
	uint32_t type;		/* of the value so far; 0: an argument whose type nobody knows */
	char *why;
	size_t room;
};

__attribute__((format(printf, 2, 3))) static int
refuse(const struct path *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, p->room, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* ---- types that a file may name ---- */

static const struct word {
	const char *name;
	uint8_t type, size;
	bool function;			/* of a function's argument as it is */
} words[] = {
	{ "int8", DECLARED_SIGNED, 1, true }, { "int16", DECLARED_SIGNED, 2, true },
	{ "int32", DECLARED_SIGNED, 4, true }, { "int64", DECLARED_SIGNED, 8, true },
	{ "uint8", DECLARED_UNSIGNED, 1, true }, { "uint16", DECLARED_UNSIGNED, 2, true },
	{ "uint32", DECLARED_UNSIGNED, 4, true }, { "uint64", DECLARED_UNSIGNED, 8, true },
	{ "bool", DECLARED_BOOL, 1, true }, { "pointer", DECLARED_HEX, 8, true },
	{ "string", DECLARED_STRING, 0, true }, { "user_string", DECLARED_USER_STRING, 0, false },
	{ "hex", DECLARED_HEX, 0, false }, { "port", DECLARED_PORT, 0, false },
	{ "ip", DECLARED_IP, 0, false }, { "mac", DECLARED_MAC, 0, false },
};

static const struct word *
word_of(const struct path *p, const char *type)
{
	const bool function = !p->traced->params;
	char list[200] = "";

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const struct word *w = &words[i];
		size_t len = strlen(list);

		if (function ? !w->function : strcmp(w->name, "pointer") == 0)
			continue;
		if (strcmp(w->name, type) == 0)
			return w;
		snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", w->name);
	}
	refuse(p, "type is one of %s", list);
	return NULL;
}

/* ---- a function's ---- */

static int
read_function(const struct path *p, const char *value, const char *type)
{
	struct declared_read *r = p->out;
	const struct word *w = word_of(p, type);
	char *end;
	unsigned long n;

	if (!w)
		return -EINVAL;
	if (strcmp(value, "retval") == 0) {
		if (!p->traced->at_return)
			return refuse(p, "what a function returned is there with return = true");
		r->arg = DECLARED_RETURNED;
	} else {
		n = strncmp(value, "arg", 3) == 0 && value[3] >= '0' && value[3] <= '9' ? strtoul(value + 3, &end, 10) : 99;
		if (n >= DECLARED_UARGS_MAX || *end)
			return refuse(p, "the value is one of arg0 to arg%d, or retval", DECLARED_UARGS_MAX - 1);
		if (p->traced->at_return)
			return refuse(p, "when the function returns its arguments are gone: the value is retval");
		r->arg = (uint8_t)n;
	}
	r->type = w->type == DECLARED_STRING ? DECLARED_USER_STRING : w->type;
	r->size = w->size;
	r->n_steps = declared_is_string(r->type);
	return 0;
}

/* ---- a tracepoint's ---- */

static const struct btf_type *
find_named(const struct kbtf *k, uint32_t kind, const char *prefix, const char *name)
{
	size_t len = strlen(prefix);

	for (uint32_t i = 1; i < k->n; i++) {
		const struct btf_type *t = kbtf_type(k, i);
		const char *s = BTF_INFO_KIND(t->info) == kind ? kbtf_name(k, t) : "";

		if (strncmp(s, prefix, len) == 0 && strcmp(s + len, name) == 0)
			return t;
	}
	return NULL;
}

/* The kernel's function that calls who is attached has names for the arguments; the type has none. */
int
traced_tracepoint(const struct kbtf *btf, const char *name, struct traced *out, char *why, size_t room)
{
	const struct btf_type *t = btf->n ? find_named(btf, BTF_KIND_TYPEDEF, "btf_trace_", name) : NULL;
	const struct btf_type *named = t ? find_named(btf, BTF_KIND_FUNC, "__traceiter_", name) : NULL;

	if (t && named)
		t = kbtf_type(btf, named->type);
	else if (t && (t = kbtf_skip(btf, t->type, NULL)))
		t = kbtf_skip(btf, t->type, NULL);
	if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC_PROTO || BTF_INFO_VLEN(t->info) < 1) {
		snprintf(why, room, btf->n ? "this kernel has no tracepoint \"%.60s\"" :
			"this kernel has no BTF, which describes its tracepoints; \"%.60s\" cannot be found", name);
		return -ENOENT;
	}
	/* The first one is who attached. */
	*out = (struct traced){ .btf = btf, .params = (const struct btf_param *)(t + 1) + 1,
		.n = BTF_INFO_VLEN(t->info) - 1 };
	if (out->n > DECLARED_ARGS_MAX)
		out->n = DECLARED_ARGS_MAX;
	return 0;
}

static const char *
param_name(const struct traced *t, uint32_t i, char room[16])
{
	const char *name = kbtf_str(t->btf, t->params[i].name_off);

	snprintf(room, 16, "arg%u", i);
	return name[0] ? name : room;
}

/* "struct task_struct *": enough of it to choose a member. */
static void
describe(const struct kbtf *k, uint32_t id, char *out, size_t room)
{
	const struct btf_type *t = kbtf_skip(k, id, NULL), *to = t;
	uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;

	if (kind == BTF_KIND_PTR) {
		to = kbtf_skip(k, t->type, NULL);
		kind = to ? BTF_INFO_KIND(to->info) : BTF_KIND_UNKN;
	}
	snprintf(out, room, "%s%.60s%s", kind == BTF_KIND_STRUCT ? "struct " : kind == BTF_KIND_UNION ? "union " :
		kind == BTF_KIND_ENUM ? "enum " : "", to ? kbtf_name(k, to) : "void", to != t ? " *" : "");
}

static int
find_param(struct path *p, const char *name, size_t len)
{
	const struct traced *t = p->traced;
	char list[500] = "", nth[16], type[80];

	for (uint32_t i = 0; i < t->n; i++) {
		const char *own = param_name(t, i, nth);

		if ((strlen(own) == len && strncmp(own, name, len) == 0) ||
		    (strlen(nth) == len && strncmp(nth, name, len) == 0)) {
			p->out->arg = (uint8_t)i;
			p->type = t->params[i].type;
			return 0;
		}
		describe(t->btf, t->params[i].type, type, sizeof(type));
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s (%s)", i ? ", " : "", own, type);
	}
	return refuse(p, "the tracepoint has no argument \"%.*s\"%s%s", (int)(len < 60 ? len : 60), name,
		list[0] ? "; it has " : "", list);
}

/* A value through a pointer: what is at the address is the next one. */
static int
follow(struct path *p, uint32_t to)
{
	if (p->out->n_steps == DECLARED_STEPS_MAX)
		return refuse(p, "more than %d pointers lie on the way", DECLARED_STEPS_MAX);
	p->out->steps[p->out->n_steps++] = 0;
	p->type = to;
	return 0;
}

static const struct btf_type *
composite(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_skip(k, id, NULL);
	uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;

	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ? t : NULL;
}

/* In a struct, or in those without a name that it holds.  *bits: where, from its beginning. */
static const struct btf_member *
find_member(const struct kbtf *k, const struct btf_type *t, const char *name, size_t len, unsigned int depth,
	struct closest *near, uint64_t *bits, bool *is_bits)
{
	const struct btf_member *m = (const void *)(t + 1);
	const bool kflag = BTF_INFO_KFLAG(t->info);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		const char *own = kbtf_str(k, m->name_off);
		const struct btf_type *in = own[0] || depth == DEPTH_MAX ? NULL : composite(k, m->type);
		const struct btf_member *found = NULL;

		*is_bits = kflag && BTF_MEMBER_BITFIELD_SIZE(m->offset);
		*bits = kflag ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
		closest_offer(near, own);
		if (strlen(own) == len && strncmp(own, name, len) == 0)
			return m;
		if (in) {
			uint64_t from = *bits;

			found = find_member(k, in, name, len, depth + 1, near, bits, is_bits);
			*bits += from;
		}
		if (found)
			return found;
	}
	return NULL;
}

static int
take_member(struct path *p, const char *name, size_t len)
{
	const struct kbtf *k = p->traced->btf;
	const struct btf_type *t = kbtf_skip(k, p->type, NULL);
	const struct btf_member *m = NULL;
	char what[80], word[64];
	struct closest near;
	uint64_t bits = 0;
	bool is_bits = false;

	describe(k, p->type, what, sizeof(what));
	if (t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR && follow(p, t->type))
		return -EINVAL;
	t = p->out->n_steps ? composite(k, p->type) : NULL;
	snprintf(word, sizeof(word), "%.*s", (int)(len < 60 ? len : 60), name);
	closest_init(&near, word);
	if (t)
		m = find_member(k, t, name, len, 0, &near, &bits, &is_bits);
	if (!m)
		return refuse(p, "%s has no member \"%s\"%s", what, word, t ? CLOSEST_TEXT(&near) : "");
	if (is_bits)
		return refuse(p, "\"%s\" is some bits of a word, which cannot be read alone", word);
	if (bits / 8 + p->out->steps[p->out->n_steps - 1] > UINT32_MAX)
		return refuse(p, "\"%s\" lies too far away", word);
	p->out->steps[p->out->n_steps - 1] += (uint32_t)(bits / 8);
	p->type = m->type;
	return 0;
}

static bool
is_byte(const struct kbtf *k, uint32_t id)
{
	const struct btf_type *t = kbtf_skip(k, id, NULL);

	return t && BTF_INFO_KIND(t->info) == BTF_KIND_INT && t->size == 1;
}

/* Other bytes are no text, unless the file says so. */
static bool
is_char(const struct kbtf *k, uint32_t id)
{
	return is_byte(k, id) && strcmp(kbtf_name(k, kbtf_skip(k, id, NULL)), "char") == 0;
}

static int
as_string(struct path *p, const struct btf_type *t, unsigned int type)
{
	const struct btf_array *a = (const void *)(t + 1);

	p->out->type = (uint8_t)type;
	p->out->size = 0;
	if (BTF_INFO_KIND(t->info) == BTF_KIND_PTR)
		return follow(p, t->type);
	if (BTF_INFO_KIND(t->info) == BTF_KIND_ARRAY && is_byte(p->traced->btf, a->type) && p->out->n_steps &&
	    type == DECLARED_STRING)
		return 0;
	return refuse(p, "no string is there");
}

static int
as_number(struct path *p, const struct btf_type *t)
{
	struct declared_read *r = p->out;
	uint32_t encoding = BTF_INFO_KIND(t->info) == BTF_KIND_INT ? BTF_INT_ENCODING(*(const uint32_t *)(t + 1)) :
		BTF_INFO_KFLAG(t->info) ? BTF_INT_SIGNED : 0;

	r->type = encoding & BTF_INT_BOOL ? DECLARED_BOOL : encoding & BTF_INT_SIGNED ? DECLARED_SIGNED : DECLARED_UNSIGNED;
	r->size = (uint8_t)(t->size <= 8 ? t->size : 0);
	return r->size ? 0 : refuse(p, "the number has more than 8 bytes");
}

/* As what the kernel says it is. */
static int
as_it_is(struct path *p, const struct btf_type *t)
{
	const struct kbtf *k = p->traced->btf;
	char what[80];

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return as_number(p, t);
	case BTF_KIND_PTR:
		if (is_char(k, t->type))
			return as_string(p, t, DECLARED_STRING);
		break;
	case BTF_KIND_ARRAY:
		if (is_char(k, ((const struct btf_array *)(t + 1))->type))
			return as_string(p, t, DECLARED_STRING);
		break;
	default:
		break;
	}
	describe(k, p->type, what, sizeof(what));
	return refuse(p, "%s is no number and no string: name a member of it", what);
}

/* As the file says, where that fits what the kernel says. */
static int
as_word(struct path *p, const struct btf_type *t, const struct word *w)
{
	struct declared_read *r = p->out;
	int64_t bytes = kbtf_value_bytes(p->traced->btf, p->type);

	if (declared_is_string(w->type))
		return as_string(p, t, w->type);
	r->type = w->type;
	if (w->type == DECLARED_IP || w->type == DECLARED_MAC) {
		r->size = (uint8_t)(w->type == DECLARED_MAC ? 6 : bytes == 16 ? 16 : 4);
		return bytes == r->size && r->n_steps ? 0 : refuse(p, "no address of type %s is there", w->name);
	}
	if (as_it_is(p, t) || declared_is_string(r->type))
		return refuse(p, "no number is there");
	if (w->size && r->size != w->size)
		return refuse(p, "the number there has %d bytes", r->size);
	if (w->type == DECLARED_PORT && r->size != 2)
		return refuse(p, "no port is there: it has 2 bytes");
	r->type = w->type;
	return 0;
}

static int
read_tracepoint(struct path *p, const char *value, const char *type)
{
	size_t len = strcspn(value, ".-");
	const struct word *w = type[0] ? word_of(p, type) : NULL;
	const struct btf_type *t;
	int err = type[0] && !w ? -EINVAL : find_param(p, value, len);

	for (value += len; !err && *value; value += len) {
		value += value[0] == '.' ? 1 : value[0] == '-' && value[1] == '>' ? 2 : 0;
		len = strcspn(value, ".-");
		err = len ? take_member(p, value, len) : refuse(p, "a member is named by -> or .");
	}
	if (err)
		return err;
	t = kbtf_skip(p->traced->btf, p->type, NULL);
	if (!t)
		return refuse(p, "the kernel does not say what is there");
	return w ? as_word(p, t, w) : as_it_is(p, t);
}

int
traced_read(const struct traced *t, const char *value, const char *type, struct declared_read *out, char *why,
	size_t room)
{
	struct declared_read r = { 0 };
	struct path p = { .traced = t, .out = &r, .why = why, .room = room };
	int err = t->params ? read_tracepoint(&p, value, type) : read_function(&p, value, type);

	if (!err)
		*out = r;
	return err;
}
