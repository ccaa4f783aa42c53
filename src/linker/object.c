/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/object.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "ipc/globals.h"

AUTO_DEFINE(elf, Elf *, elf_end)

/* A variable of the object: where it lies. */
struct variable {
	char section[64];
	size_t offset, size;
};

struct names {
	char list[700];
	size_t len;
};

int
object_fail(struct msg_linked *out, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	out->code = code;
	out->err = err ? err : -EINVAL;
	return out->err;
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
object_check(const void *elf, size_t size, struct msg_linked *out)
{
	const int host = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB;
	Elf64_Ehdr eh;

	if (size < SELFMAG || memcmp(elf, ELFMAG, SELFMAG) != 0)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"this is not an ELF file; a BPF object is what \"clang -target bpf -c\" writes");
	if (size < sizeof(eh))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"the ELF file ends within its header: it is %zu bytes long", size);
	memcpy(&eh, elf, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"this is a 32-bit ELF file; BPF objects are 64-bit");
	if (eh.e_ident[EI_DATA] != host)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"the object is in the other byte order: compile it with -target %s",
			host == ELFDATA2LSB ? "bpfel" : "bpfeb");
	if (eh.e_machine != EM_BPF)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"this ELF file is for %s (machine %u), not for BPF (machine %u)",
			machine_name(eh.e_machine), eh.e_machine, EM_BPF);
	if (eh.e_type != ET_REL)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"the ELF file is not relocatable (type %u): a BPF object is not linked further",
			eh.e_type);
	return 0;
}

static bool
is_data_section(const char *name)
{
	static const char *const prefixes[] = { ".rodata", ".data", ".bss" };

	for (size_t i = 0; name && i < ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], n) == 0 && (name[n] == '\0' || name[n] == '.'))
			return true;
	}
	return false;
}

static void
names_add(struct names *names, const char *name)
{
	char quoted[IPC_NAME_MAX + 8];
	int n;

	if (!name[0] || names->len + sizeof(quoted) > sizeof(names->list))
		return;
	log_quote(quoted, sizeof(quoted), name);
	n = snprintf(names->list + names->len, sizeof(names->list) - names->len, "%s%s",
		names->len ? ", " : "", quoted);
	names->len += (size_t)n;
}

/* The name and section of symbol i when it is a variable; NULL when it is something else. */
static const char *
variable_name(Elf *elf, const GElf_Shdr *symtab, size_t shstr, Elf_Data *syms, int i,
	struct variable *v)
{
	GElf_Shdr sh;
	GElf_Sym sym;
	const char *section;

	if (!gelf_getsym(syms, i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_OBJECT ||
	    !gelf_getshdr(elf_getscn(elf, sym.st_shndx), &sh))
		return NULL;
	section = elf_strptr(elf, shstr, sh.sh_name);
	if (!is_data_section(section) || strlen(section) >= sizeof(v->section))
		return NULL;
	memcpy(v->section, section, strlen(section) + 1);
	v->offset = sym.st_value;
	v->size = sym.st_size;
	return elf_strptr(elf, symtab->sh_link, sym.st_name);
}

/* 0, or -ENOENT with the names of all variables that there are. */
static int
find_variable(Elf *elf, const struct global *g, struct variable *v, struct names *all)
{
	Elf_Scn *scn = NULL;
	size_t shstr;

	if (elf_getshdrstrndx(elf, &shstr) < 0)
		return -ENOENT;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		Elf_Data *syms;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB || sh.sh_entsize == 0)
			continue;
		syms = elf_getdata(scn, NULL);
		for (size_t i = 0; syms && i < sh.sh_size / sh.sh_entsize; i++) {
			const char *name = variable_name(elf, &sh, shstr, syms, (int)i, v);

			if (name && strlen(name) == g->name_len && memcmp(name, g->name, g->name_len) == 0)
				return 0;
			if (name)
				names_add(all, name);
		}
	}
	return -ENOENT;
}

/* libbpf names the map of ".bss" "bpfd.bss", and that of ".bss.x" as the section. */
static void *
section_memory(struct bpf_object *obj, const char *section, size_t *size)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);
		size_t n = strlen(name), m = strlen(section);

		if (bpf_map__is_internal(map) && n >= m && strcmp(name + n - m, section) == 0)
			return (void *)(uintptr_t)bpf_map__initial_value(map, size);
	}
	return NULL;
}

static int
set_global(struct bpf_object *obj, Elf *elf, const struct global *g, struct msg_linked *out)
{
	struct variable v = { 0 };
	struct names all = { 0 };
	char name[IPC_NAME_MAX];
	uint8_t *memory;
	size_t size = 0;

	memcpy(name, g->name, g->name_len);
	name[g->name_len] = '\0';
	if (find_variable(elf, g, &v, &all))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"the object has no global variable %s; it has: %s", LOG_QUOTE(name),
			all.len ? all.list : "none");
	if (v.size != g->value_len)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"global variable %s has %zu bytes, the value given has %zu", LOG_QUOTE(name),
			v.size, g->value_len);
	memory = section_memory(obj, v.section, &size);
	if (!memory || v.offset > size || v.size > size - v.offset)
		return object_fail(out, IPC_INVALID_ARGUMENT, 0,
			"global variable %s does not lie within its section %s", LOG_QUOTE(name), v.section);
	memcpy(memory + v.offset, g->value, v.size);
	return 0;
}

int
object_set_globals(struct bpf_object *obj, const void *image, size_t size,
	const struct msg_load *req, struct msg_linked *out)
{
	AUTO(elf) Elf *elf = NULL;
	struct global g;
	size_t pos = 0;
	int err = 0;

	if (req->globals_len == 0)
		return 0;
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)(uintptr_t)image, size);
	if (!elf || req->globals_len > sizeof(req->globals))
		return object_fail(out, IPC_INVALID_ARGUMENT, 0, "the object cannot be read: %s",
			elf_errmsg(-1));
	while (!err) {
		int more = globals_next(req->globals, req->globals_len, &pos, &g);

		if (more < 0)
			return object_fail(out, IPC_INVALID_ARGUMENT, more, "malformed global data");
		if (!more)
			return 0;
		err = set_global(obj, elf, &g, out);
	}
	return err;
}
