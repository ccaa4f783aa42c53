/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/sites.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"

AUTO_DEFINE(elf, Elf *, elf_end)

int
sites_fail(struct sites *s, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->text, sizeof(s->text), fmt, ap);
	va_end(ap);
	return err;
}

const char *
sites_name(const char *name)
{
	size_t n = 0;

	while (name && name[n] > ' ' && name[n] <= '~' && n < IPC_NAME_MAX)
		n++;
	return name && !name[n] && n < IPC_NAME_MAX ? name : "";
}

int
sites_add(struct sites *s, const struct msg_linked_site *site)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->all[i].offset == site->offset)
			return 0;
	if (s->n == IPC_SITES_MAX)
		return sites_fail(s, -E2BIG, "the file has more than %d such places", IPC_SITES_MAX);
	s->all[s->n++] = *site;
	return 0;
}

int
sites_offset(const struct sites *s, uint64_t address, bool code, uint64_t *offset)
{
	size_t n;

	if (elf_getphdrnum(s->elf, &n) < 0)
		return -ENOEXEC;
	for (size_t i = 0; i < n && i < UINT16_MAX; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(s->elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
		    (code && !(ph.p_flags & PF_X)) || address < ph.p_vaddr ||
		    address - ph.p_vaddr >= ph.p_filesz)
			continue;
		return __builtin_add_overflow(address - ph.p_vaddr, ph.p_offset, offset) ? -ENOEXEC : 0;
	}
	return -ENOEXEC;
}

int
sites_find(struct sites *s, const struct msg_link_sites *want, void *image, size_t size)
{
	AUTO(elf) Elf *elf = NULL;

	s->want = want;
	s->n = 0;
	s->text[0] = '\0';
	elf_version(EV_CURRENT);
	elf = elf_memory(image, size);
	if (!elf || elf_kind(elf) != ELF_K_ELF)
		return sites_fail(s, -ENOEXEC, "the file is neither an executable nor a library (not ELF)");
	s->elf = elf;
	return s->want->what == SITES_USDT ? sites_usdt(s) : sites_functions(s);
}
