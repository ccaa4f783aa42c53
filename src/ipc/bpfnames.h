/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_BPFNAMES_H
#define BPFD_IPC_BPFNAMES_H

#include <stdint.h>

/*
 * Names of BPF program types, map types and helpers.  Types are named as the kernel and bpftool
 * name them ("sched_cls", "percpu_array"); a program's kind is the word that people use, which
 * depends on the expected attach type too ("tc", "tp_btf", "fentry").  Tables go as far as
 * Linux 6.18, whatever the installed headers know.
 */
#define BPFNAMES_PROG_TYPES	33	/* BPF_PROG_TYPE_UNSPEC .. NETFILTER */
#define BPFNAMES_MAP_TYPES	35	/* BPF_MAP_TYPE_UNSPEC .. INSN_ARRAY */

const char *bpf_prog_type_name(uint32_t type);		/* NULL when unknown */
int	bpf_prog_type_from_name(const char *name);	/* -ENOENT */
const char *bpf_map_type_name(uint32_t type);
int	bpf_map_type_from_name(const char *name);
const char *bpf_helper_name(uint32_t id);		/* "probe_write_user" */
int	bpf_helper_from_name(const char *name);		/* with or without "bpf_" */

/* Always a printable word: "tc", "tp_btf", or "type-N" in a static buffer for an unknown one. */
const char *bpf_prog_kind_name(uint32_t type, uint32_t attach_type);
/* "tc", "tcx", "raw_tracepoint", "sched_cls", ...; *attach_type is IPC_ANY_ATTACH when the kind
 * does not fix it.  -ENOENT. */
int	bpf_prog_kind_from_name(const char *name, uint32_t *type, uint32_t *attach_type);
/* The kind of a program in the section, as libbpf reads it ("?fentry.s/f" is "fentry"); NULL: none that is known. */
const char *bpf_prog_kind_of_section(const char *section);
const char *bpf_prog_kinds(void);			/* all kind words, comma separated, for texts */

#endif
