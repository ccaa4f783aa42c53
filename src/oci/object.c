/* SPDX-License-Identifier: Apache-2.0 */
/* Programs and maps of an object, and what an image's labels say of them. */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/bpfobj.h"
#include "common/kbtf.h"
#include "common/log.h"
#include "ipc/bpfnames.h"
#include "ipc/chan.h"
#include "oci/oci.h"

AUTO_DEFINE(kbtf, struct kbtf *, kbtf_close)

/* As libbpf has it: a program is a function in a section of code of its own. */
static bool
is_program(const struct bpfobj_symbol *sym, const struct bpfobj_section *in)
{
	return sym->type == STT_FUNC && in->type == SHT_PROGBITS && (in->flags & SHF_EXECINSTR) &&
		strcmp(in->name, ".text") != 0;
}

static bool
is_map(const struct bpfobj_symbol *sym, const struct bpfobj_section *in)
{
	return sym->type == STT_OBJECT && (strcmp(in->name, ".maps") == 0 || strcmp(in->name, "maps") == 0);
}

/* The number that __uint(type, N) makes: a pointer to an array of N.  0: not said. */
static uint32_t
type_member(const struct kbtf *btf, const struct btf_type *map)
{
	const struct btf_member *m = (const struct btf_member *)(map + 1);

	for (uint32_t i = 0; i < BTF_INFO_VLEN(map->info); i++) {
		const struct btf_type *t = kbtf_skip(btf, m[i].type, NULL);
		const struct btf_array *a;

		if (strcmp(kbtf_str(btf, m[i].name_off), "type") != 0)
			continue;
		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_PTR)
			return 0;
		t = kbtf_skip(btf, t->type, NULL);
		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_ARRAY)
			return 0;
		a = (const struct btf_array *)(t + 1);
		return a->nelems;
	}
	return 0;
}

/* "" for a map that BTF does not describe. */
static const char *
map_kind(const struct kbtf *btf, const char *name)
{
	for (uint32_t id = 1; id < btf->n; id++) {
		const struct btf_type *t = kbtf_type(btf, id);
		const char *kind;

		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_VAR || strcmp(kbtf_name(btf, t), name) != 0)
			continue;
		t = kbtf_skip(btf, t->type, NULL);
		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_STRUCT)
			continue;
		kind = bpf_map_type_name(type_member(btf, t));
		return kind && strcmp(kind, "unspec") != 0 ? kind : "";
	}
	return "";
}

static int
add(struct image_name *all, uint32_t *n, const char *name, const char *kind, struct oci_why *why)
{
	struct image_name *to = &all[*n];

	if (*n == IMAGE_NAMES_MAX)
		return oci_refuse(why, -EINVAL, "the object has more than %d programs or maps", IMAGE_NAMES_MAX);
	if (!*name || strlen(name) >= sizeof(to->name) || !ipc_str_ok(name, strlen(name) + 1))
		return oci_refuse(why, -EINVAL, "the object has a program or map of an impossible name: %s",
			LOG_QUOTE(name));
	strcpy(to->name, name);
	snprintf(to->kind, sizeof(to->kind), "%s", kind);
	(*n)++;
	return 0;
}

static int
add_symbols(const struct bpfobj *o, const struct kbtf *btf, struct image_facts *out, struct oci_why *why)
{
	int err = 0;

	for (size_t i = 0; i < o->n_symbols && !err; i++) {
		struct bpfobj_section in;
		struct bpfobj_symbol sym;

		if (!bpfobj_symbol(o, i, &sym) || !bpfobj_section(o, sym.section, &in))
			continue;
		if (is_program(&sym, &in)) {
			const char *kind = bpf_prog_kind_of_section(in.name);

			err = add(out->programs, &out->n_programs, sym.name, kind ? kind : "", why);
		} else if (is_map(&sym, &in)) {
			err = add(out->maps, &out->n_maps, sym.name, map_kind(btf, sym.name), why);
		}
	}
	return err;
}

int
oci_object_names(const void *object, size_t len, struct image_facts *out, struct oci_why *why)
{
	struct kbtf btf = { 0 };
	AUTO(kbtf) struct kbtf *owner = &btf;
	struct bpfobj_section section;
	struct bpfobj o;

	if (bpfobj_open(object, len, &o, why->text, sizeof(why->text)))
		return -EINVAL;
	/* Without BTF, or with one that cannot be read, maps have no types here; loading says more. */
	if (bpfobj_section_named(&o, ".BTF", &section) && section.data && (uintptr_t)section.data % 4 == 0)
		kbtf_read(section.data, section.len, &btf);
	out->n_programs = out->n_maps = 0;
	return add_symbols(&o, owner, out, why);
}

/* Others spell "per_cpu_array", "PerCpuArray", "percpu-array". */
static bool
same_word(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == '_' || *a == '-')
			a++;
		while (*b == '_' || *b == '-')
			b++;
		if (!*a || tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return *a == *b;
	}
}

static bool
same_map_kind(const char *label, const char *object)
{
	return same_word(label, object);
}

/* By the kernel's type, as "classifier", "tc" and "tcx" are one; a word that nobody here knows says nothing. */
static bool
same_program_kind(const char *label, const char *object)
{
	uint32_t a, b, attach;

	if (bpf_prog_kind_from_name(label, &a, &attach) || bpf_prog_kind_from_name(object, &b, &attach))
		return true;
	return a == b;
}

static const struct image_name *
find(const struct image_name *all, uint32_t n, const char *name)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

struct named {
	const char *what, *label;
	const struct image_name *says, *has;
	uint32_t n_says, n_has;
	bool (*same_kind)(const char *label, const char *object);
};

static int
compare(const struct named *c, const struct bpfobj *o, struct oci_why *why)
{
	for (uint32_t i = 0; i < c->n_says; i++) {
		const struct image_name *says = &c->says[i], *has = find(c->has, c->n_has, says->name);
		struct bpfobj_section data;

		/* Some builders list global data as the maps that they become: .rodata, .bss. */
		if (!has && says->name[0] == '.' && bpfobj_section_named(o, says->name, &data))
			continue;
		if (!has)
			return oci_refuse(why, -EINVAL, "label %s names a %s %s, which the object does not have", c->label,
				c->what, LOG_QUOTE(says->name));
		if (says->kind[0] && has->kind[0] && !c->same_kind(says->kind, has->kind))
			return oci_refuse(why, -EINVAL, "label %s says that %s is of type %s, but in the object it is %s",
				c->label, LOG_QUOTE(says->name), LOG_QUOTE(says->kind), has->kind);
	}
	return 0;
}

int
oci_object_check(const void *object, size_t len, const struct image_facts *labels, struct oci_why *why)
{
	AUTO(mem) struct image_facts *has = calloc(1, sizeof(*has));
	struct bpfobj o;
	int err;

	if (!has)
		return oci_refuse(why, -ENOMEM, "no memory for the object's names");
	err = bpfobj_open(object, len, &o, why->text, sizeof(why->text));
	if (!err)
		err = oci_object_names(object, len, has, why);
	if (!err)
		err = compare(&(struct named){ "program", OCI_LABEL_PROGRAMS, labels->programs, has->programs,
			labels->n_programs, has->n_programs, same_program_kind }, &o, why);
	if (!err)
		err = compare(&(struct named){ "map", OCI_LABEL_MAPS, labels->maps, has->maps,
			labels->n_maps, has->n_maps, same_map_kind }, &o, why);
	return err;
}
