/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_BPFCMDS_H
#define BPFD_IPC_BPFCMDS_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/* bpfcmds.def as data: how a bpf(2) call crosses from a linker to the loader. */
enum { BPFCMD_NONE = 0, BPFCMD_MAP = 1, BPFCMD_PROG = 2, BPFCMD_BTF = 4, BPFCMD_ANY = 7 };

enum bpfcmd_dir { BPFCMD_END = 0, BPFCMD_HANDLE, BPFCMD_IN, BPFCMD_OUT, BPFCMD_BACK };
enum bpfcmd_len { BPFCMD_LEN_COUNT, BPFCMD_LEN_RECORDS, BPFCMD_LEN_TEXT, BPFCMD_LEN_KEY, BPFCMD_LEN_VALUE };

#define BPFCMD_FIELDS_MAX 12
#define BPFCMD_BYTES_MAX (1ULL << 28)	/* longest buffer of any call */
#define BPFCMD_PIN_DIR	"/byname/"	/* where PIN_BY_NAME maps are, as libbpf is told */

struct bpfcmd_field {
	enum bpfcmd_dir dir;
	uint32_t offset;	/* in union bpf_attr; pointers are 8 bytes, the others 4 */
	uint32_t kinds;		/* of a handle */
	enum bpfcmd_len len;
	uint32_t a, b;		/* COUNT: offset, unit; RECORDS: offset, offset; TEXT: room */
};

struct bpfcmd {
	const char *name;
	uint32_t cmd;
	uint32_t known;		/* bytes of the attr that the command knows */
	uint32_t makes;
	struct bpfcmd_field fields[BPFCMD_FIELDS_MAX];	/* up to BPFCMD_END */
};

/* All commands; the index of one is stable and below *n. */
const struct bpfcmd *bpfcmd_all(size_t *n);
const struct bpfcmd *bpfcmd_find(uint32_t cmd);		/* NULL: not brokered */

/*
 * Bytes behind a pointer field.  KEY and VALUE come from the map that the call names (bytes, as
 * bpf(2) expects them).  -E2BIG over BPFCMD_BYTES_MAX; -EINVAL for TEXT, whose length is its own.
 */
int	bpfcmd_len(const struct bpfcmd_field *f, const union bpf_attr *attr, uint32_t key_size,
		uint32_t value_size, size_t *len);

uint32_t bpfcmd_get32(const union bpf_attr *attr, uint32_t offset);
uint64_t bpfcmd_get64(const union bpf_attr *attr, uint32_t offset);
void	bpfcmd_set32(union bpf_attr *attr, uint32_t offset, uint32_t v);
void	bpfcmd_set64(union bpf_attr *attr, uint32_t offset, uint64_t v);

/* True for a LD_IMM64 whose imm is the descriptor of a map. */
static inline int
bpfcmd_insn_has_map(const struct bpf_insn *in)
{
	return in->code == (BPF_LD | BPF_IMM | BPF_DW) &&
	       (in->src_reg == BPF_PSEUDO_MAP_FD || in->src_reg == BPF_PSEUDO_MAP_VALUE);
}

/* Kind of object whose descriptor is the value of such a map; BPFCMD_NONE for plain data. */
uint32_t bpfcmd_value_kind(uint32_t map_type);

#endif
