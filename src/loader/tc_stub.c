/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/tc_stub.h"

#include <linux/btf.h>
#include <linux/pkt_cls.h>
#include <string.h>

#include "common/auto.h"

#define NAME	"bpfd_tc_stub"
#define NOBODY	0x62706664	/* the call came back at once */

#define TAKEN	(TC_RESULT_BIT(TC_ACT_STOLEN) | TC_RESULT_BIT(TC_ACT_QUEUED) | TC_RESULT_BIT(TC_ACT_TRAP))
#define PASSED	(TC_RESULT_BIT(TC_ACT_OK) | TC_RESULT_BIT(TC_ACT_RECLASSIFY) | TC_RESULT_BIT(TC_ACT_PIPE) | \
		TC_RESULT_BIT(TC_ACT_REPEAT) | TC_RESULT_BIT(TC_DISPATCHER_RETURN))
#define AS_IT_IS (TC_RESULT_BIT(TC_ACT_SHOT) | TC_RESULT_BIT(TC_ACT_REDIRECT))

int
tc_stub_array(struct kernel *k, int prog_fd)
{
	AUTO(fd) int map = kernel_prog_array(k, NAME, 1);
	int err = map < 0 ? map : tc_stub_put(k, map, prog_fd);

	return err ? err : TAKE_FD(map);
}

int
tc_stub_put(struct kernel *k, int array, int prog_fd)
{
	const uint32_t key = 0;

	return kernel_update(k, array, &key, &prog_fd);
}

int
tc_stub_prog(struct kernel *k, int array, uint32_t *id)
{
	const uint32_t key = 0;

	return kernel_lookup(k, array, &key, id);
}

#define INSN(c, dst, src, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (int)(i) })
#define SET(reg, value)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, reg, 0, 0, value)
#define IF(op, reg, value, skip) INSN(BPF_JMP | (op) | BPF_K, reg, 0, skip, value)
#define EXIT			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* "\0int\0bpfd_tc_stub": a function that tail-calls must be known to return an int. */
enum { NAME_INT = 1, NAME_FUNC = 5, TYPE_FUNC = 3 };
static const struct stub_btf {
	struct btf_header hdr;
	struct { struct btf_type t; uint32_t encoding; } integer;	/* 1 */
	struct btf_type proto, func;					/* 2, TYPE_FUNC */
	char names[NAME_FUNC + sizeof(NAME)];
} btf = {
	.hdr = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		.type_len = offsetof(struct stub_btf, names) - sizeof(struct btf_header),
		.str_off = offsetof(struct stub_btf, names) - sizeof(struct btf_header),
		.str_len = sizeof(((struct stub_btf *)0)->names) },
	.integer = { { NAME_INT, BTF_KIND_INT << 24, { 4 } }, BTF_INT_SIGNED << 24 | 32 },
	.proto = { 0, BTF_KIND_FUNC_PROTO << 24, { 1 } },
	.func = { NAME_FUNC, BTF_KIND_FUNC << 24, { 2 } },
	.names = "\0int\0" NAME,
};

#define CALL_AT 16	/* the instruction that the second function begins with */
static const struct bpf_func_info funcs[] = { { 0, TYPE_FUNC }, { CALL_AT, TYPE_FUNC } };

int
tc_stub_load(struct kernel *k, int array, uint32_t attach_type, uint32_t proceed_on, bool clsact)
{
	/* A result that is none of tc's goes on, as clsact has it. */
	const uint32_t known = TAKEN | PASSED | AS_IT_IS;
	const uint32_t next = (proceed_on | ~known) & ~TC_RESULT_BIT(TC_ACT_UNSPEC);
	const struct bpf_insn code[] = {
		INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, CALL_AT - 1),
		INSN(BPF_ALU | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_0, 0, 0),
		IF(BPF_JEQ, BPF_REG_1, NOBODY, 9),
		IF(BPF_JGT, BPF_REG_1, TC_DISPATCHER_RETURN, 10),
		SET(BPF_REG_2, 1),
		INSN(BPF_ALU64 | BPF_LSH | BPF_X, BPF_REG_2, BPF_REG_1, 0, 0),
		IF(BPF_JSET, BPF_REG_2, next, 7),
		/* What filters know and TCX does not is there the nearest: the packet is not seen again. */
		IF(BPF_JSET, BPF_REG_2, AS_IT_IS | (clsact ? TAKEN & ~TC_RESULT_BIT(TC_ACT_QUEUED) : 0), 3),
		IF(BPF_JSET, BPF_REG_2, TAKEN, 3),
		SET(BPF_REG_0, TC_ACT_OK),
		EXIT,
		EXIT,
		SET(BPF_REG_0, clsact ? TC_ACT_STOLEN : TC_ACT_SHOT),
		EXIT,
		SET(BPF_REG_0, TC_ACT_UNSPEC),
		EXIT,
		/* CALL_AT */
		INSN(BPF_LD | BPF_DW | BPF_IMM, BPF_REG_2, BPF_PSEUDO_MAP_FD, 0, array),
		INSN(0, 0, 0, 0, 0),
		SET(BPF_REG_3, 0),
		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_tail_call),
		/*
		 * Written so that verifiers before Linux 6.18, to which this is the only way on from a tail call,
		 * do not know the result and take the rest for dead code.
		 */
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -8, NOBODY),
		INSN(BPF_ST | BPF_MEM | BPF_W, BPF_REG_10, 0, -4, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_DW, BPF_REG_0, BPF_REG_10, -8, 0),
		EXIT,
	};

	AUTO(fd) int btf_fd = kernel_btf(k, &btf, offsetof(struct stub_btf, names) + sizeof(btf.names));

	return btf_fd < 0 ? btf_fd : kernel_prog_load(k, NAME, BPF_PROG_TYPE_SCHED_CLS, attach_type,
		&(struct kernel_code){ code, ARRAY_SIZE(code), ARRAY_SIZE(funcs), funcs, btf_fd });
}
