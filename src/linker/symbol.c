/* SPDX-License-Identifier: Apache-2.0 */
/* Where a function begins in an executable or a library: a file that may be anybody's. */
#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "linker/linker.h"

#define FILE_MAX (256u << 20)

AUTO_DEFINE(elf, Elf *, elf_end)

/* From an address to a place in the file, by the segment that holds it. */
static int
file_offset(Elf *elf, uint64_t address, uint64_t *offset)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < n && i < UINT16_MAX; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X) ||
		    address < ph.p_vaddr || address - ph.p_vaddr >= ph.p_filesz)
			continue;
		return __builtin_add_overflow(address - ph.p_vaddr, ph.p_offset, offset) ? -ENOEXEC : 0;
	}
	return -ENOEXEC;
}

/* Index in names of a symbol's name; IPC_SYMBOLS_MAX: not one of them. */
static uint32_t
index_of(const struct msg_link_symbol *m, const char *name)
{
	uint32_t i = 0;

	while (i < IPC_SYMBOLS_MAX && (!m->names[i][0] || !name ||
	       strncmp(m->names[i], name, sizeof(m->names[i])) != 0))
		i++;
	return i;
}

static void
search(Elf *elf, const GElf_Shdr *sh, Elf_Data *syms, const struct msg_link_symbol *m,
	struct msg_linked_symbol *out)
{
	for (size_t i = 0; i < sh->sh_size / sh->sh_entsize && i < INT32_MAX; i++) {
		uint64_t offset;
		uint32_t which;
		GElf_Sym sym;

		if (!gelf_getsym(syms, (int)i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_FUNC ||
		    sym.st_shndx == SHN_UNDEF)
			continue;
		which = index_of(m, elf_strptr(elf, sh->sh_link, sym.st_name));
		if (which >= out->index || file_offset(elf, sym.st_value, &offset))
			continue;
		*out = (struct msg_linked_symbol){ .offset = offset, .index = which };
	}
}

static void
find(void *image, size_t size, const struct msg_link_symbol *m, struct msg_linked_symbol *out)
{
	AUTO(elf) Elf *elf = NULL;
	Elf_Scn *scn = NULL;

	elf_version(EV_CURRENT);
	elf = elf_memory(image, size);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		out->err = -ENOEXEC;
		return;
	}
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		Elf_Data *syms;

		if (!gelf_getshdr(scn, &sh) || (sh.sh_type != SHT_DYNSYM && sh.sh_type != SHT_SYMTAB) ||
		    sh.sh_entsize == 0)
			continue;
		syms = elf_getdata(scn, NULL);
		if (syms)
			search(elf, &sh, syms, m, out);
	}
}

int
link_symbol(struct linker *ln, const struct msg_link_symbol *m, int fd)
{
	struct msg_linked_symbol out = { .err = -ENOENT, .index = IPC_SYMBOLS_MAX };
	struct stat st;
	void *image;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > FILE_MAX)
		return -EFBIG;
	image = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (image == MAP_FAILED)
		return -errno;
	find(image, (size_t)st.st_size, m, &out);
	return chan_send(ln->ch, IPC_LINKED_SYMBOL, 0, &out, NULL);
}
