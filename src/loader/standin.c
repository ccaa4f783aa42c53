/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/standin.h"

#include <linux/bpf.h>

#define NAME	"bpfd_standin"
#define DROPS	2	/* TCX_DROP, NETKIT_DROP */

int
standin_new(struct kernel *k, int prog_fd, uint32_t prog_type, uint32_t attach_type, struct standin *out)
{
	AUTO(fd) int map = kernel_prog_array(k, NAME, 1);
	struct bpf_insn code[] = {
		{ BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, map },
		{ 0, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_3, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call },
		{ BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, DROPS },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	const uint32_t key = 0;
	int prog = map < 0 ? map : kernel_update(k, map, &key, &prog_fd);

	if (!prog)
		prog = kernel_prog_load(k, NAME, prog_type, attach_type,
			&(struct kernel_code){ .insns = code, .n = ARRAY_SIZE(code) });
	if (prog < 0)
		return prog;
	*out = (struct standin){ prog, TAKE_FD(map) };
	return 0;
}
