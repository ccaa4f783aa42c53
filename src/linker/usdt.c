/* SPDX-License-Identifier: Apache-2.0 */
/* Probes that a program's author has put into it by <sys/sdt.h>: notes of the file. */
#include "linker/usdt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/closest.h"
#include "linker/sites.h"

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#else
#define HOST_MACHINE EM_NONE
#endif

/* Where prelink(8) moved the file to, for notes that were not moved with it; 0 when unknown. */
static uint64_t
base_of(Elf *elf, size_t names)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;

		if (name && strcmp(name, ".stapsdt.base") == 0)
			return sh.sh_addr;
	}
	return 0;
}

static int
add_note(struct sites *s, const struct usdt_note *note, uint64_t base)
{
	uint64_t moved = base && note->base ? base - note->base : 0;
	struct msg_linked_site site = { 0 };
	const char *at = "";
	int n = usdt_args(HOST_MACHINE, note->args, site.args, &at);
	char bad[64];

	if (n < 0) {
		size_t len = strcspn(at, " ");

		snprintf(bad, sizeof(bad), "%.*s", (int)(len < sizeof(bad) ? len : sizeof(bad) - 1), at);
		return n == -EOPNOTSUPP ?
			sites_fail(s, n, "arguments of USDT probes are not known for this machine") :
			sites_fail(s, n, "an argument of the probe %s:%s is \"%s\", which %s", s->want->provider,
				s->want->names, sites_name(bad), n == -E2BIG ? "is one too many" :
				"a BPF program cannot read");
	}
	site.n_args = (uint32_t)n;
	if (sites_offset(s, note->location + moved, true, &site.offset) ||
	    (note->semaphore && sites_offset(s, note->semaphore + moved, false, &site.ref_ctr_offset)))
		return sites_fail(s, -ENOEXEC, "the probe %s:%s does not lie within what the file loads",
			s->want->provider, s->want->names);
	return sites_add(s, &site);
}

/* Calls of notes in one section; near: of a probe that is not there. */
static int
read_section(struct sites *s, Elf_Data *data, uint64_t base, struct closest *near)
{
	char full[2 * IPC_NAME_MAX];
	struct usdt_note note;
	size_t at = 0;
	int err = 0;

	while (!err) {
		int more = usdt_note_next(data->d_buf, data->d_size, &at, &note);

		if (more < 0)
			return sites_fail(s, -ENOEXEC, "the file's USDT notes are damaged");
		if (!more)
			return 0;
		if (strcmp(note.name, s->want->names) == 0 &&
		    (!s->want->provider[0] || strcmp(note.provider, s->want->provider) == 0)) {
			err = add_note(s, &note, base);
		} else if (sites_name(note.provider)[0] && sites_name(note.name)[0]) {
			snprintf(full, sizeof(full), "%s:%s", note.provider, note.name);
			closest_offer(near, full);
		}
	}
	return err;
}

int
sites_usdt(struct sites *s)
{
	Elf_Scn *scn = NULL;
	struct closest near;
	size_t names, n_sections = 0;
	char full[2 * IPC_NAME_MAX + IPC_OPTIONS_MAX];
	GElf_Ehdr eh;
	uint64_t base;
	int err = 0;

	if (!gelf_getehdr(s->elf, &eh) || eh.e_machine != HOST_MACHINE || gelf_getclass(s->elf) != ELFCLASS64)
		return sites_fail(s, -ENOEXEC, "the file is not of this machine (machine %u)", eh.e_machine);
	if (elf_getshdrstrndx(s->elf, &names) < 0)
		return sites_fail(s, -ENOEXEC, "the file has no names of sections");
	snprintf(full, sizeof(full), "%s:%s", s->want->provider, s->want->names);
	closest_init(&near, full);
	base = base_of(s->elf, names);
	while (!err && (scn = elf_nextscn(s->elf, scn))) {
		GElf_Shdr sh;
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(s->elf, names, sh.sh_name) : NULL;
		/* Raw: libelf would turn notes that it thinks it knows. */
		Elf_Data *data = name && strcmp(name, ".note.stapsdt") == 0 ? elf_rawdata(scn, NULL) : NULL;

		if (!data || !data->d_buf)
			continue;
		n_sections++;
		err = read_section(s, data, base, &near);
	}
	if (err || s->n)
		return err;
	return sites_fail(s, -ENOENT, n_sections ? "the file has no USDT probe %.900s%s" :
		"the file has no USDT probes at all, so not %.900s%s", full, CLOSEST_TEXT(&near));
}
