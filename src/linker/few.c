/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/few.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"

#define KIND(name) (1u << BTF_KIND_##name)

/*
 * WITHIN: a type that is asked for, or lies within one.  What it points to is void.
 * AROUND: a typedef or a function, whose types are compared by their kinds alone: no names, and
 * structs without members.
 */
enum mode { WITHIN, AROUND };

struct item {
	uint32_t id;			/* the kernel's */
	enum mode mode;
	bool named;
};

struct making {
	const struct kbtf *kernel;
	struct item *items;		/* [0] is void */
	uint32_t *ids[2];		/* by mode and the kernel's id: the index in items */
	size_t n, room;
	uint8_t *types;
	char *strings;
	size_t types_len, types_room, strings_len, strings_room;
};

AUTO_DEFINE(wants, struct wants *, wants_free)

static void
making_free(struct making *m)
{
	free(m->items);
	free(m->ids[WITHIN]);
	free(m->ids[AROUND]);
	free(m->types);
	free(m->strings);
}
AUTO_DEFINE(making, struct making *, making_free)

static int
reserve(void **p, size_t need, size_t *room, size_t size)
{
	size_t more = need * 2 + 256;
	void *new;

	if (need <= *room)
		return 0;
	new = reallocarray(*p, more, size);
	if (!new)
		return -ENOMEM;
	*p = new;
	*room = more;
	return 0;
}

/* Its id, which it gets now if it has none; 0 is void.  -ENOMEM. */
static int
take(struct making *m, uint32_t id, enum mode mode, bool named)
{
	if (!id || id >= m->kernel->n)
		return 0;
	if (m->ids[mode][id])
		return (int)m->ids[mode][id];
	if (reserve((void **)&m->items, m->n + 1, &m->room, sizeof(*m->items)))
		return -ENOMEM;
	m->items[m->n] = (struct item){ id, mode, named };
	m->ids[mode][id] = (uint32_t)m->n;
	return (int)m->n++;
}

/* ---- what is asked for ---- */

/*
 * A number for how a name begins, so that most types of the kernel need no look at theirs: the same for all names
 * with the same first eight letters, shorter ones as they are without a flavour.
 */
enum { BEGINS_ANYHOW, BEGINS_NOHOW, N_BEGINNINGS = 65536 };
#define EACH(byte) (0x0101010101010101ull * (byte))

/* Their highest bits; behind the first of them there may be more than there are. */
static uint64_t
zero_bytes(uint64_t x)
{
	return (x - EACH(1)) & ~x & EACH(0x80);
}

/* room: how many bytes there are, the last one of them NUL. */
static uint16_t
beginning(const char *name, size_t room)
{
	uint64_t x = 0, end, lines;

	memcpy(&x, name, room < sizeof(x) ? room : sizeof(x));
	x = le64toh(x);
	end = zero_bytes(x);
	if (end)
		x &= ((end & -end) >> 7) - 1;
	if (!x)
		return BEGINS_NOHOW;
	lines = zero_bytes(x ^ EACH('_'));
	if ((lines & lines >> 8 & lines >> 16) || (x >> 56 == '_' && name[8] == '_'))
		return BEGINS_ANYHOW;	/* a flavour may begin there */
	x = x * 0x9e3779b97f4a7c15ull >> 48;
	return (uint16_t)(x > BEGINS_NOHOW ? x : BEGINS_NOHOW + 1);
}

int
few_kernel_names(struct few_kernel *k)
{
	const struct kbtf *t = &k->types;

	k->begins = malloc(t->n * sizeof(*k->begins));
	if (!k->begins)
		return -ENOMEM;
	k->begins[0] = BEGINS_NOHOW;
	for (uint32_t id = 1; id < t->n; id++) {
		const char *name = kbtf_name(t, kbtf_type(t, id));

		k->begins[id] = beginning(name, (size_t)(t->strings + t->strings_len - name));
	}
	return 0;
}

int
few_kernel_open(int fd, struct few_kernel *k)
{
	int err = k->begins ? 0 : kbtf_open(fd, &k->types);

	if (!err && !k->begins)
		err = few_kernel_names(k);
	if (err)
		few_kernel_close(k);
	return err;
}

void
few_kernel_close(struct few_kernel *k)
{
	free(k->begins);
	k->begins = NULL;
	kbtf_close(&k->types);
}

static int
found(struct making *m, struct wants *w, uint32_t id, uint32_t kind, const char *name)
{
	size_t len = kbtf_essential_len(name);
	bool around = kind & (KIND(TYPEDEF) | KIND(FUNC));
	int err = 0;

	for (size_t i = 0; i < w->n && err >= 0; i++) {
		struct want *want = &w->all[i];

		if (!(want->kinds & kind) || want->len != len || memcmp(want->name, name, len) != 0)
			continue;
		want->n_found++;
		want->id = id;
		err = take(m, id, around ? AROUND : WITHIN, true);
	}
	return err < 0 ? err : 0;
}

static void
wanted_beginnings(const struct wants *w, bool wanted[N_BEGINNINGS])
{
	char name[9];

	wanted[BEGINS_ANYHOW] = true;
	for (size_t i = 0; i < w->n; i++) {
		size_t len = w->all[i].len < 8 ? w->all[i].len : 8;

		memcpy(name, w->all[i].name, len);
		name[len] = '\0';
		wanted[beginning(name, len + 1)] = true;
	}
}

/* In the order of the kernel's ids: where two have a name, libbpf takes the first. */
static int
find_all(struct making *m, const uint16_t *begins, struct wants *w)
{
	bool wanted[N_BEGINNINGS] = { false };
	int err = 0;

	wanted_beginnings(w, wanted);
	for (uint32_t id = 1; id < m->kernel->n && !err; id++) {
		const struct btf_type *t;

		if (!wanted[begins[id]])
			continue;
		t = kbtf_type(m->kernel, id);
		err = found(m, w, id, 1u << BTF_INFO_KIND(t->info), kbtf_name(m->kernel, t));
	}
	return err;
}

/* ---- the blob ---- */

static int
put_name(struct making *m, uint32_t *name_off)
{
	const char *name = m->kernel->strings + (*name_off < m->kernel->strings_len ? *name_off : 0);
	size_t len = strlen(name) + 1;

	if (len == 1) {
		*name_off = 0;
		return 0;
	}
	if (reserve((void **)&m->strings, m->strings_len + len, &m->strings_room, 1))
		return -ENOMEM;
	*name_off = (uint32_t)m->strings_len;
	memcpy(m->strings + m->strings_len, name, len);
	m->strings_len += len;
	return 0;
}

static int
put_type(struct making *m, uint32_t *type, enum mode mode)
{
	const struct btf_type *t = kbtf_type(m->kernel, *type);
	/* A typedef's name says nothing but where it is asked for. */
	bool named = t && mode == WITHIN && BTF_INFO_KIND(t->info) != BTF_KIND_TYPEDEF;
	int id = take(m, *type, mode, named);

	if (id < 0)
		return id;
	*type = (uint32_t)id;
	return 0;
}

static int
put_members(struct making *m, struct btf_type *t)
{
	struct btf_member *member = (struct btf_member *)(t + 1);
	int err = 0;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && !err; i++) {
		err = put_name(m, &member[i].name_off);
		if (!err)
			err = put_type(m, &member[i].type, WITHIN);
	}
	return err;
}

/* Both kinds of enumerators begin with their name. */
static int
put_enumerators(struct making *m, struct btf_type *t, size_t size)
{
	int err = 0;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && !err; i++)
		err = put_name(m, (uint32_t *)((uint8_t *)(t + 1) + i * size));
	return err;
}

static int
put_params(struct making *m, struct btf_type *t)
{
	struct btf_param *param = (struct btf_param *)(t + 1);
	int err = put_type(m, &t->type, AROUND);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && !err; i++) {
		param[i].name_off = 0;
		err = put_type(m, &param[i].type, AROUND);
	}
	return err;
}

static int
put_array(struct making *m, struct btf_type *t, enum mode mode)
{
	struct btf_array *a = (struct btf_array *)(t + 1);
	int err = put_type(m, &a->type, mode);

	return err ? err : put_type(m, &a->index_type, mode);
}

/* What follows a type's own words, in our copy of it. */
static int
put_rest(struct making *m, struct btf_type *t, enum mode mode)
{
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return put_members(m, t);
	case BTF_KIND_ENUM:
		return put_enumerators(m, t, sizeof(struct btf_enum));
	case BTF_KIND_ENUM64:
		return put_enumerators(m, t, sizeof(struct btf_enum64));
	case BTF_KIND_ARRAY:
		return put_array(m, t, mode);
	case BTF_KIND_FUNC_PROTO:
		return put_params(m, t);
	case BTF_KIND_PTR:
		if (mode == AROUND)
			return put_type(m, &t->type, mode);
		t->type = 0;
		return 0;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_FUNC:
		return put_type(m, &t->type, mode);
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_FWD:
		return 0;
	}
	return -ENOTSUP;	/* nothing refers to the others */
}

static bool
is_compound(const struct btf_type *t)
{
	return 1u << BTF_INFO_KIND(t->info) & (KIND(STRUCT) | KIND(UNION) | KIND(ENUM) | KIND(ENUM64));
}

static int
put(struct making *m, struct item it)
{
	const struct btf_type *from = kbtf_type(m->kernel, it.id);
	bool bare = it.mode == AROUND && is_compound(from);
	size_t bytes = bare ? sizeof(*from) : kbtf_bytes(from);
	AUTO(mem) struct btf_type *t = malloc(bytes);
	int err;

	if (!t)
		return -ENOMEM;
	memcpy(t, from, bytes);
	if (bare)
		t->info &= ~0xffffu;	/* none of its members */
	if (!it.named)
		t->name_off = 0;
	err = put_name(m, &t->name_off);
	if (!err && !bare)
		err = put_rest(m, t, it.mode);
	if (!err)
		err = reserve((void **)&m->types, m->types_len + bytes, &m->types_room, 1);
	if (err)
		return err;
	memcpy(m->types + m->types_len, t, bytes);
	m->types_len += bytes;
	return 0;
}

static int
parse(const struct making *m, struct few *out)
{
	struct btf_header h = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h),
		.type_len = (uint32_t)m->types_len, .str_off = (uint32_t)m->types_len,
		.str_len = (uint32_t)m->strings_len };
	size_t size = sizeof(h) + m->types_len + m->strings_len;
	AUTO(mem) uint8_t *blob = malloc(size);
	AUTO(mem) uint32_t *kernel_ids = calloc(m->n, sizeof(*kernel_ids));

	if (!blob || !kernel_ids)
		return -ENOMEM;
	memcpy(blob, &h, sizeof(h));
	memcpy(blob + sizeof(h), m->types, m->types_len);
	memcpy(blob + sizeof(h) + m->types_len, m->strings, m->strings_len);
	for (size_t i = 1; i < m->n; i++)
		kernel_ids[i] = m->items[i].id;
	out->btf = btf__new(blob, (uint32_t)size);
	if (!out->btf)
		return -errno;
	btf__set_pointer_size(out->btf, sizeof(void *));
	out->kernel_ids = TAKE_PTR(kernel_ids);
	out->n = (uint32_t)m->n;
	return 0;
}

/* Types get their ids in the order in which they are put, and those that they name follow. */
static int
make(struct making *m, const uint16_t *begins, struct wants *w, struct few *out)
{
	int err;

	for (size_t mode = 0; mode < ARRAY_SIZE(m->ids); mode++) {
		m->ids[mode] = calloc(m->kernel->n, sizeof(*m->ids[mode]));
		if (!m->ids[mode])
			return -ENOMEM;
	}
	err = reserve((void **)&m->items, 1, &m->room, sizeof(*m->items));
	if (!err)
		err = reserve((void **)&m->strings, 1, &m->strings_room, 1);
	if (!err)
		err = reserve((void **)&m->types, 1, &m->types_room, 1);
	if (err)
		return err;
	m->items[0] = (struct item){ 0 };
	m->n = 1;
	m->strings[m->strings_len++] = '\0';
	err = find_all(m, begins, w);
	for (size_t i = 1; i < m->n && !err; i++)
		err = put(m, m->items[i]);
	return err ? err : parse(m, out);
}

int
few_make(const struct few_kernel *kernel, void *image, size_t size, struct few *out)
{
	AUTO(wants) struct wants *w = &(struct wants){ 0 };
	AUTO(making) struct making *m = &(struct making){ .kernel = &kernel->types };
	struct few few = { 0 };
	int err = wants_read(image, size, w);

	if (!err)
		err = make(m, kernel->begins, w, &few);
	if (!err)
		err = wants_put_ids(w);
	if (err) {
		few_free(&few);
		return err;
	}
	*out = few;
	return 0;
}

void
few_free(struct few *few)
{
	btf__free(few->btf);
	free(few->kernel_ids);
	memset(few, 0, sizeof(*few));
}

uint32_t
few_kernel_id(const struct few *few, uint32_t id)
{
	return id < few->n ? few->kernel_ids[id] : 0;
}
