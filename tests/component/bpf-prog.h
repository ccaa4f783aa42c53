/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BPF_PROG_H
#define BPFD_TESTS_BPF_PROG_H

#include <stdio.h>

#include "common/bpf_compat.h"

/* Programs for tests, loaded without libbpf. */
static inline struct bpf_insn
bpf_test_insn(uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	return (struct bpf_insn){ .code = code, .dst_reg = dst & 15, .src_reg = src & 15, .off = off,
		.imm = imm };
}

static inline int
bpf_test_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8,
		.max_entries = 2 };

	return compat_bpf(BPF_MAP_CREATE, &attr, sizeof(attr));
}

static inline uint64_t
bpf_test_count(int map)
{
	uint32_t key = 0;
	uint64_t value = 0;
	union bpf_attr attr = { .map_fd = (uint32_t)map, .key = (uint64_t)(uintptr_t)&key,
		.value = (uint64_t)(uintptr_t)&value };

	return compat_bpf(BPF_MAP_LOOKUP_ELEM, &attr, sizeof(attr)) < 0 ? 0 : value;
}

/* Counts its runs in map[0], unless map is -1, and returns ret. */
static inline int
bpf_test_prog(uint32_t type, uint32_t attach_type, int map, int ret)
{
	const struct bpf_insn count[] = {
		bpf_test_insn(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0),
		bpf_test_insn(BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0),
		bpf_test_insn(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4),
		bpf_test_insn(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
		bpf_test_insn(0, 0, 0, 0, 0),
		bpf_test_insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem),
		bpf_test_insn(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2, 0),
		bpf_test_insn(BPF_ALU64 | BPF_MOV | BPF_K, 1, 0, 0, 1),
		bpf_test_insn(BPF_STX | BPF_ATOMIC | BPF_DW, 0, 1, 0, BPF_ADD),
		bpf_test_insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, ret),
		bpf_test_insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	const struct bpf_insn *insns = map < 0 ? count + 9 : count;
	union bpf_attr attr = { .prog_type = type, .expected_attach_type = attach_type,
		.insns = (uint64_t)(uintptr_t)insns, .insn_cnt = map < 0 ? 2 : 11,
		.license = (uint64_t)(uintptr_t)"GPL", .prog_name = "bpfd_test" };

	return compat_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static inline uint32_t
bpf_test_prog_id(int fd)
{
	struct bpf_prog_info info;

	memset(&info, 0, sizeof(info));
	return compat_obj_info(fd, &info, sizeof(info)) < 0 ? 0 : info.id;
}

#endif
