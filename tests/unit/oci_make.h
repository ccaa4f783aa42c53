/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_OCI_MAKE_H
#define TESTS_UNIT_OCI_MAKE_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "image/make.h"
#include "oci/tar.h"

/*
 * The least that is a BPF object with a program and, without BTF, a map: sections .text, xdp, .maps,
 * .symtab, .strtab.
 */
struct tiny_object {
	Elf64_Ehdr head;
	Elf64_Shdr sections[6];
	Elf64_Sym symbols[4];
	uint64_t code[2];
	char maps[32];
	char names[128];
};

static inline void
tiny_section(struct tiny_object *o, int i, uint32_t name, uint32_t type, uint64_t flags, const void *at, size_t len)
{
	o->sections[i] = (Elf64_Shdr){ .sh_name = name, .sh_type = type, .sh_flags = flags, .sh_size = len,
		.sh_offset = (uint64_t)((const char *)at - (const char *)o), .sh_link = 5 };
}

static inline struct tiny_object
tiny_object(void)
{
	static const char names[] = "\0.text\0xdp\0.maps\0.symtab\0.strtab\0pass\0helper\0hits";
	struct tiny_object o = { .code = { 0x00000002000000b7, 0x95 } };

	memcpy(o.names, names, sizeof(names));
	o.head = (Elf64_Ehdr){ .e_type = ET_REL, .e_machine = EM_BPF, .e_version = EV_CURRENT,
		.e_shoff = offsetof(struct tiny_object, sections), .e_ehsize = sizeof(o.head),
		.e_shentsize = sizeof(o.sections[0]), .e_shnum = 6, .e_shstrndx = 5 };
	memcpy(o.head.e_ident, ELFMAG, SELFMAG);
	o.head.e_ident[EI_CLASS] = ELFCLASS64;
	o.head.e_ident[EI_DATA] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	o.head.e_ident[EI_VERSION] = EV_CURRENT;
	tiny_section(&o, 1, 1, SHT_PROGBITS, SHF_EXECINSTR, o.code, sizeof(o.code));
	tiny_section(&o, 2, 7, SHT_PROGBITS, SHF_EXECINSTR, o.code, sizeof(o.code));
	tiny_section(&o, 3, 11, SHT_PROGBITS, SHF_WRITE, o.maps, sizeof(o.maps));
	tiny_section(&o, 4, 17, SHT_SYMTAB, 0, o.symbols, sizeof(o.symbols));
	tiny_section(&o, 5, 25, SHT_STRTAB, 0, o.names, sizeof(o.names));
	o.symbols[1] = (Elf64_Sym){ .st_name = 33, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 2 };
	o.symbols[2] = (Elf64_Sym){ .st_name = 38, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1 };
	o.symbols[3] = (Elf64_Sym){ .st_name = 45, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), .st_shndx = 3 };
	return o;
}

/* The image of the object for each of the architectures; the caller frees it. */
static inline int
tiny_image(const struct tiny_object *o, const char *const *archs, size_t n, enum make_compression c, struct made *out,
	struct oci_why *why)
{
	struct make_input in[MAKE_ARCHS_MAX];
	const struct make_recipe r = { .inputs = in, .n_inputs = n, .compression = c };

	for (size_t i = 0; i < n; i++)
		in[i] = (struct make_input){ .arch = archs[i], .name = "pass.o", .object = o, .len = sizeof(*o) };
	return make_image(&r, out, why);
}

/* As a pull has them: the image, of the i-th architecture layer, configuration and, of an index, manifest. */
static inline size_t
tiny_blobs(const struct made *m, size_t i, struct oci_blob blobs[4])
{
	const enum oci_role roles[] = { OCI_ROLE_LAYER, OCI_ROLE_CONFIG, OCI_ROLE_MANIFEST };
	const bool index = m->n > 3;
	const struct made_blob *top = &m->blobs[m->n - 1];
	size_t n = 0;

	blobs[n++] = (struct oci_blob){ OCI_ROLE_TOP, top->desc, top->bytes, (size_t)top->desc.size };
	for (size_t j = 0; j < (index ? 3u : 2u); j++) {
		const struct made_blob *b = &m->blobs[3 * i + j];

		blobs[n++] = (struct oci_blob){ roles[j], b->desc, b->bytes, (size_t)b->desc.size };
	}
	return n;
}

#endif
