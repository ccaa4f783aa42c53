/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_BPFOBJ_H
#define BPFD_COMMON_BPFOBJ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Sections and symbols of a BPF object (ELF-64 gABI) as it lies in memory.  It may be anybody's: every
 * offset is checked, names end with a NUL within the file.  Reads only; libbpf is what loads objects.
 */
struct bpfobj {
	const uint8_t *bytes;		/* the caller's */
	size_t len;
	uint64_t sections_at;
	uint32_t n_sections, names;	/* names: the section that has those of sections */
	uint32_t symbols;		/* the section that has symbols; 0: none */
	size_t n_symbols;
};

struct bpfobj_section {
	const char *name;		/* "" for none */
	uint32_t type, link;
	uint64_t flags;
	const uint8_t *data;		/* NULL: it takes no place in the file */
	size_t len;
};

struct bpfobj_symbol {
	const char *name;
	uint32_t section;
	uint8_t type, bind;
	uint64_t value, size;
};

/* Refuses what is not a relocatable 64-bit BPF object of this byte order: -EINVAL, with a text for a
 * person in why. */
int	bpfobj_check(const void *bytes, size_t len, char *why, size_t room);
/* The same, and the tables too.  -EINVAL. */
int	bpfobj_open(const void *bytes, size_t len, struct bpfobj *out, char *why, size_t room);

bool	bpfobj_section(const struct bpfobj *o, uint32_t i, struct bpfobj_section *out);	/* false: none, or outside */
bool	bpfobj_section_named(const struct bpfobj *o, const char *name, struct bpfobj_section *out);
bool	bpfobj_symbol(const struct bpfobj *o, size_t i, struct bpfobj_symbol *out);	/* false: its name lies outside, or is of no sane length */

#endif
