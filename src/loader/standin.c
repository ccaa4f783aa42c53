/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/standin.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#define DROPS	2	/* TCX_DROP, NETKIT_DROP */

static int
calls_map(struct kernel *k, int prog_fd)
{
	union bpf_attr attr;
	AUTO(fd) int map = -1;
	uint32_t key = 0;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_PROG_ARRAY;
	attr.key_size = sizeof(key);
	attr.value_size = sizeof(uint32_t);
	attr.max_entries = 1;
	strcpy(attr.map_name, "bpfd_standin");
	k->calls++;
	map = (int)k->call(BPF_MAP_CREATE, &attr, sizeof(attr));
	if (map < 0)
		return map;
	err = kernel_update(k, map, &key, &prog_fd);
	return err ? err : TAKE_FD(map);
}

int
standin_new(struct kernel *k, int prog_fd, uint32_t prog_type, uint32_t attach_type, struct standin *out)
{
	AUTO(fd) int map = calls_map(k, prog_fd);
	struct bpf_insn code[] = {
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, map },
		{ 0, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, DROPS },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	union bpf_attr attr;
	int prog;

	if (map < 0)
		return map;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = prog_type;
	attr.expected_attach_type = attach_type;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t)"GPL";
	strcpy(attr.prog_name, "bpfd_standin");
	k->calls++;
	prog = (int)k->call(BPF_PROG_LOAD, &attr, sizeof(attr));
	if (prog < 0)
		return prog;
	*out = (struct standin){ prog, TAKE_FD(map) };
	return 0;
}
