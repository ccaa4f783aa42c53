/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <gelf.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/auto.h"
#include "linker/few.h"

AUTO_DEFINE(elf, Elf *, elf_end)

#define KIND(name) (1u << BTF_KIND_##name)
#define KINDS_ENUM (KIND(ENUM) | KIND(ENUM64))

/* The head of .BTF.ext, whose struct is in no header of the kernel's. */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t func_off, func_len, line_off, line_len;
	uint32_t relo_off, relo_len;
};

/* The relocations of one section of code. */
struct ext_section {
	uint32_t name_off, n;
};

/* Its index, or -ENOMEM. */
static int
want(struct wants *w, const char *name, size_t len, uint32_t kinds)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->all[i].kinds == kinds && w->all[i].len == len && memcmp(w->all[i].name, name, len) == 0)
			return (int)i;
	if (array_room(&w->all, w->n, &w->room, sizeof(*w->all)))
		return -ENOMEM;
	w->all[w->n] = (struct want){ .name = name, .len = len, .kinds = kinds };
	return (int)w->n++;
}

/* By the name without its flavour, as CO-RE looks for candidates. */
static int
want_type(struct wants *w, const struct bpf_core_relo *r)
{
	const struct btf_type *t = kbtf_type(&w->local, r->type_id);
	const char *name = t ? kbtf_name(&w->local, t) : "";
	uint32_t kind = t ? 1u << BTF_INFO_KIND(t->info) : 0;

	/* Of a typedef that is asked for there is no more than whether it is there; and types are
	 * found by two letters. */
	if (kbtf_essential_len(name) < 2 || (kind & KIND(TYPEDEF) && r->kind != BPF_CORE_TYPE_EXISTS))
		return -ENOTSUP;
	return want(w, name, kbtf_essential_len(name), kind & KINDS_ENUM ? KINDS_ENUM : kind);
}

/* Kernel functions; variables of the kernel would have to keep their ids in more places. */
static int
want_externs(struct wants *w)
{
	for (uint32_t id = 1; id < w->local.n; id++) {
		const struct btf_type *t = kbtf_type(&w->local, id);
		const struct btf_var_secinfo *v = (const void *)(t + 1);

		if (BTF_INFO_KIND(t->info) != BTF_KIND_DATASEC || strcmp(kbtf_name(&w->local, t), ".ksyms") != 0)
			continue;
		for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
			const struct btf_type *fn = kbtf_type(&w->local, v[i].type);
			const char *name = fn ? kbtf_name(&w->local, fn) : "";

			if (!fn || BTF_INFO_KIND(fn->info) != BTF_KIND_FUNC)
				return -ENOTSUP;
			if (want(w, name, strlen(name), KIND(FUNC)) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}

/* The names of hooks live as long as the wants: as strings of their own. */
static int
want_hook(struct wants *w, const char *section)
{
	char name[HOOK_NAME_MAX];
	char *copy;
	uint32_t kind;

	if (!hook_type(section, name, sizeof(name), &kind))
		return 0;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	if (array_room(&w->names, w->n_names, &w->room_names, sizeof(*w->names))) {
		free(copy);
		return -ENOMEM;
	}
	w->names[w->n_names++] = copy;
	return want(w, copy, strlen(copy), 1u << kind) < 0 ? -ENOMEM : 0;
}

/* ---- the image ---- */

struct image {
	Elf *elf;
	uint8_t *bytes;
	size_t size, shstr;
};

static const char *
section_name(const struct image *im, Elf_Scn *scn, GElf_Shdr *sh)
{
	const char *name = gelf_getshdr(scn, sh) ? elf_strptr(im->elf, im->shstr, sh->sh_name) : NULL;

	return name ? name : "";
}

/* NULL: there is none, or it does not lie within the file. */
static uint8_t *
section(const struct image *im, const char *wanted, size_t *len)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(im->elf, scn))) {
		if (strcmp(section_name(im, scn, &sh), wanted) != 0 || sh.sh_type == SHT_NOBITS)
			continue;
		if (sh.sh_offset > im->size || sh.sh_size > im->size - sh.sh_offset)
			return NULL;
		*len = sh.sh_size;
		return im->bytes + sh.sh_offset;
	}
	return NULL;
}

static void *
copy_of(const void *from, size_t len)
{
	void *to = malloc(len);

	return to ? memcpy(to, from, len) : NULL;
}

/* ---- relocations ---- */

static int
read_relocation(struct wants *w, const struct bpf_core_relo *r, uint8_t *code, size_t code_len)
{
	int i;

	if (r->kind > BPF_CORE_ENUMVAL_VALUE)
		return -ENOTSUP;	/* BPF_CORE_TYPE_MATCHES compares what is pointed to */
	if (r->kind == BPF_CORE_TYPE_ID_LOCAL)
		return 0;
	i = want_type(w, r);
	if (i < 0 || r->kind != BPF_CORE_TYPE_ID_TARGET)
		return i < 0 ? i : 0;
	/* The id is part of an instruction of two: code, registers, offset, number; 0, number. */
	if (code_len < 16 || r->insn_off > code_len - 16 || code[r->insn_off] != (BPF_LD | BPF_IMM | BPF_DW) ||
	    array_room(&w->ids, w->n_ids, &w->room_ids, sizeof(*w->ids)))
		return -ENOTSUP;
	w->ids[w->n_ids++] = (struct want_id){ (uint32_t)i, code + r->insn_off };
	return 0;
}

/* Where they lie in the copy of .BTF.ext, begun by the size of a record.  len 0: there is none. */
static int
relocations(struct wants *w, uint8_t **begin, uint32_t *len, uint32_t *record)
{
	struct ext_header h;
	size_t body;

	if (w->ext_len < sizeof(h))
		return -ENOTSUP;
	memcpy(&h, w->ext, sizeof(h));
	if (h.magic != BTF_MAGIC || h.hdr_len < sizeof(h) || h.hdr_len > w->ext_len)
		return -EINVAL;
	body = w->ext_len - h.hdr_len;
	if (h.relo_off > body || h.relo_len > body - h.relo_off)
		return -EINVAL;
	*begin = (uint8_t *)w->ext + h.hdr_len + h.relo_off;
	*len = h.relo_len;
	if (!h.relo_len)
		return 0;
	if (h.relo_len < sizeof(*record))
		return -EINVAL;
	memcpy(record, *begin, sizeof(*record));
	return *record < sizeof(struct bpf_core_relo) || *record > 64 ? -EINVAL : 0;
}

static int
read_relocations(struct wants *w, const struct image *im)
{
	uint8_t *at;
	uint32_t len, record;
	int err = relocations(w, &at, &len, &record);

	for (uint32_t pos = sizeof(record); !err && pos < len;) {
		struct ext_section s;
		size_t code_len = 0;
		uint8_t *code;

		if (len - pos < sizeof(s))
			return -EINVAL;
		memcpy(&s, at + pos, sizeof(s));
		pos += sizeof(s);
		if (s.name_off >= w->local.strings_len || s.n > (len - pos) / record)
			return -EINVAL;
		code = section(im, w->local.strings + s.name_off, &code_len);
		for (uint32_t i = 0; i < s.n && !err; i++, pos += record) {
			struct bpf_core_relo r;

			memcpy(&r, at + pos, sizeof(r));
			err = code ? read_relocation(w, &r, code, code_len) : -EINVAL;
		}
	}
	return err;
}

/* Moves what stays over what goes; a section without relocations goes with its head. */
static void
remove_ids(struct wants *w, uint8_t *at, uint32_t *len, uint32_t record)
{
	uint32_t to = sizeof(record);

	for (uint32_t pos = sizeof(record); pos < *len;) {
		struct ext_section s, left;
		uint32_t head = to;

		memcpy(&s, at + pos, sizeof(s));
		pos += sizeof(s);
		to += sizeof(s);
		left = (struct ext_section){ .name_off = s.name_off };
		for (uint32_t i = 0; i < s.n; i++, pos += record) {
			struct bpf_core_relo r;

			memcpy(&r, at + pos, sizeof(r));
			if (r.kind == BPF_CORE_TYPE_ID_TARGET)
				continue;
			memmove(at + to, at + pos, record);
			to += record;
			left.n++;
		}
		memcpy(at + head, &left, sizeof(left));
		to = left.n ? to : head;
	}
	*len = to == sizeof(record) ? 0 : to;
}

int
wants_put_ids(struct wants *w)
{
	uint8_t *at;
	uint32_t len, record;

	for (size_t i = 0; i < w->n_ids; i++)
		if (w->all[w->ids[i].want].n_found != 1)
			return -ENOTSUP;
	for (size_t i = 0; i < w->n_ids; i++) {
		struct bpf_insn in[2];

		memcpy(in, w->ids[i].insn, sizeof(in));
		in[0].imm = (int32_t)w->all[w->ids[i].want].id;
		in[1].imm = 0;
		memcpy(w->ids[i].insn, in, sizeof(in));
	}
	if (!w->n_ids || relocations(w, &at, &len, &record))
		return 0;
	remove_ids(w, at, &len, record);
	memcpy((uint8_t *)w->ext + offsetof(struct ext_header, relo_len), &len, sizeof(len));
	memcpy(w->ext_at, w->ext, w->ext_len);
	return 0;
}

int
wants_read(void *image, size_t size, struct wants *w)
{
	AUTO(elf) Elf *elf = NULL;
	struct image im = { .bytes = image, .size = size };
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;
	uint8_t *btf;
	size_t len = 0;
	int err;

	elf_version(EV_CURRENT);
	elf = elf_memory(image, size);
	im.elf = elf;
	if (!elf || elf_getshdrstrndx(elf, &im.shstr) < 0)
		return -EINVAL;
	btf = section(&im, ".BTF", &len);
	w->ext_at = section(&im, ".BTF.ext", &w->ext_len);
	if (!btf || !w->ext_at)
		return -ENOTSUP;
	w->btf = copy_of(btf, len);
	w->ext = copy_of(w->ext_at, w->ext_len);
	if (!w->btf || !w->ext)
		return -ENOMEM;
	err = kbtf_read(w->btf, len, &w->local);
	if (!err)
		err = read_relocations(w, &im);
	if (!err)
		err = want_externs(w);
	while (!err && (scn = elf_nextscn(elf, scn)))
		err = want_hook(w, section_name(&im, scn, &sh));
	return err;
}

void
wants_free(struct wants *w)
{
	kbtf_close(&w->local);
	for (size_t i = 0; i < w->n_names; i++)
		free(w->names[i]);
	free(w->names);
	free(w->btf);
	free(w->ext);
	free(w->all);
	free(w->ids);
	memset(w, 0, sizeof(*w));
}
