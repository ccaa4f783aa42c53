/* SPDX-License-Identifier: Apache-2.0 */
#include "common/bpfobj.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"

#define NAME_MAX_BYTES 4096	/* of a symbol or section, with its NUL */

static int __attribute__((format(printf, 3, 4)))
refuse(char *why, size_t room, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, room, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static const char *
machine_name(unsigned int machine)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} names[] = { { EM_X86_64, "x86-64" }, { EM_386, "i386" }, { EM_AARCH64, "aarch64" },
		{ EM_ARM, "arm" }, { EM_RISCV, "riscv" }, { EM_S390, "s390" }, { EM_PPC64, "ppc64" } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].machine == machine)
			return names[i].name;
	return "another machine";
}

int
bpfobj_check(const void *bytes, size_t len, char *why, size_t room)
{
	const int host = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	Elf64_Ehdr eh;

	if (len < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return refuse(why, room, "this is not an ELF file; a BPF object is what \"clang -target bpf -c\" writes");
	if (len < sizeof(eh))
		return refuse(why, room, "the ELF file ends within its header: it is %zu bytes long", len);
	memcpy(&eh, bytes, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		return refuse(why, room, "this is a 32-bit ELF file; BPF objects are 64-bit");
	if (eh.e_ident[EI_DATA] != host)
		return refuse(why, room, "the object is in the other byte order: compile it with -target %s",
			host == ELFDATA2LSB ? "bpfel" : "bpfeb");
	if (eh.e_machine != EM_BPF)
		return refuse(why, room, "this ELF file is for %s (machine %u), not for BPF (machine %u)",
			machine_name(eh.e_machine), eh.e_machine, EM_BPF);
	if (eh.e_type != ET_REL)
		return refuse(why, room, "the ELF file is not relocatable (type %u): a BPF object is not linked further",
			eh.e_type);
	return 0;
}

static bool
section_header(const struct bpfobj *o, uint32_t i, Elf64_Shdr *out)
{
	if (i >= o->n_sections)
		return false;
	memcpy(out, o->bytes + o->sections_at + (uint64_t)i * sizeof(*out), sizeof(*out));
	return out->sh_type == SHT_NOBITS ||
		(out->sh_offset <= o->len && out->sh_size <= o->len - out->sh_offset);
}

/* NULL unless it ends within the section of names; and it has an end, or a file of one name without would
 * be read through once for each symbol. */
static const char *
name_at(const struct bpfobj *o, uint32_t names, uint32_t off)
{
	Elf64_Shdr sh;
	const char *name;
	size_t left;

	if (!section_header(o, names, &sh) || sh.sh_type != SHT_STRTAB || off >= sh.sh_size)
		return NULL;
	name = (const char *)o->bytes + sh.sh_offset + off;
	left = sh.sh_size - off;
	return memchr(name, '\0', left < NAME_MAX_BYTES ? left : NAME_MAX_BYTES) ? name : NULL;
}

int
bpfobj_open(const void *bytes, size_t len, struct bpfobj *out, char *why, size_t room)
{
	struct bpfobj o = { .bytes = bytes, .len = len };
	int err = bpfobj_check(bytes, len, why, room);
	Elf64_Ehdr eh;
	Elf64_Shdr sh;

	if (err)
		return err;
	memcpy(&eh, bytes, sizeof(eh));
	/* More sections than the header can count would be in the first section; no compiler writes 65280. */
	if (eh.e_shnum == 0 || eh.e_shentsize != sizeof(sh) || eh.e_shoff > len ||
	    eh.e_shnum > (len - eh.e_shoff) / sizeof(sh))
		return refuse(why, room, "the ELF file is cut off: its table of sections lies outside");
	o.sections_at = eh.e_shoff;
	o.n_sections = eh.e_shnum;
	o.names = eh.e_shstrndx;
	for (uint32_t i = 1; i < o.n_sections && !o.symbols; i++)
		if (section_header(&o, i, &sh) && sh.sh_type == SHT_SYMTAB) {
			o.symbols = i;
			o.n_symbols = sh.sh_size / sizeof(Elf64_Sym);
		}
	*out = o;
	return 0;
}

bool
bpfobj_section(const struct bpfobj *o, uint32_t i, struct bpfobj_section *out)
{
	Elf64_Shdr sh;
	const char *name;

	if (!section_header(o, i, &sh))
		return false;
	name = name_at(o, o->names, sh.sh_name);
	*out = (struct bpfobj_section){ .name = name ? name : "", .type = sh.sh_type, .link = sh.sh_link,
		.flags = sh.sh_flags };
	if (sh.sh_type != SHT_NOBITS) {
		out->data = o->bytes + sh.sh_offset;
		out->len = sh.sh_size;
	}
	return true;
}

bool
bpfobj_section_named(const struct bpfobj *o, const char *name, struct bpfobj_section *out)
{
	for (uint32_t i = 1; i < o->n_sections; i++)
		if (bpfobj_section(o, i, out) && strcmp(out->name, name) == 0)
			return true;
	return false;
}

bool
bpfobj_symbol(const struct bpfobj *o, size_t i, struct bpfobj_symbol *out)
{
	Elf64_Shdr sh;
	Elf64_Sym sym;
	const char *name;

	if (i >= o->n_symbols || !section_header(o, o->symbols, &sh))
		return false;
	memcpy(&sym, o->bytes + sh.sh_offset + i * sizeof(sym), sizeof(sym));
	name = name_at(o, sh.sh_link, sym.st_name);
	if (!name)
		return false;
	*out = (struct bpfobj_symbol){ .name = name, .section = sym.st_shndx, .type = ELF64_ST_TYPE(sym.st_info),
		.bind = ELF64_ST_BIND(sym.st_info), .value = sym.st_value, .size = sym.st_size };
	return true;
}
