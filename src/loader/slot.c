/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/slot.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <string.h>

#include "common/auto.h"

#define INFO(kind, global, n)	((uint32_t)(kind) << 24 | (uint32_t)(n) | (uint32_t)(global))

/* "\0int\0xdp_md\0ctx\0bpfd_slot\0" */
enum { NAME_INT = 1, NAME_CTX_TYPE = 5, NAME_CTX = 12, NAME_SLOT = 16 };

static const struct slot_btf {
	struct btf_header hdr;
	struct { struct btf_type t; uint32_t encoding; } integer;	/* 1 */
	struct btf_type ctx, pointer;					/* 2, 3 */
	struct { struct btf_type t; struct btf_param ctx; } proto;	/* 4 */
	struct btf_type slot;						/* SLOT_BTF_ID */
	char names[26];
} btf = {
	.hdr = { .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(struct btf_header),
		.type_len = offsetof(struct slot_btf, names) - sizeof(struct btf_header),
		.str_off = offsetof(struct slot_btf, names) - sizeof(struct btf_header), .str_len = 26 },
	.integer = { { NAME_INT, INFO(BTF_KIND_INT, 0, 0), { 4 } }, BTF_INT_SIGNED << 24 | 32 },
	.ctx = { NAME_CTX_TYPE, INFO(BTF_KIND_STRUCT, 0, 0), { sizeof(struct xdp_md) } },
	.pointer = { 0, INFO(BTF_KIND_PTR, 0, 0), { 2 } },
	.proto = { { 0, INFO(BTF_KIND_FUNC_PROTO, 0, 1), { 1 } }, { NAME_CTX, 3 } },
	.slot = { NAME_SLOT, INFO(BTF_KIND_FUNC, BTF_FUNC_GLOBAL, 0), { 4 } },
	.names = "\0int\0xdp_md\0ctx\0bpfd_slot",
};

static int
load(struct kernel *k, uint32_t type, int btf_fd, int target)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const struct bpf_func_info info = { .type_id = SLOT_BTF_ID };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = (uint64_t)(uintptr_t)pass;
	a.insn_cnt = ARRAY_SIZE(pass);
	a.license = (uint64_t)(uintptr_t)"Apache-2.0";
	a.prog_btf_fd = (uint32_t)btf_fd;
	a.func_info = (uint64_t)(uintptr_t)&info;
	a.func_info_rec_size = sizeof(info);
	a.func_info_cnt = 1;
	strcpy(a.prog_name, "bpfd_slot");
	if (target >= 0) {
		a.attach_prog_fd = (uint32_t)target;
		a.attach_btf_id = SLOT_BTF_ID;
	} else {
		a.expected_attach_type = BPF_XDP;	/* as libxdp's dispatcher: the kernel compares */
	}
	return (int)k->call(BPF_PROG_LOAD, &a, sizeof(a));
}

int
slot_open(struct kernel *k)
{
	AUTO(fd) int btf_fd = -1;
	AUTO(fd) int slot = -1;
	AUTO(fd) int test = -1;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.btf = (uint64_t)(uintptr_t)&btf;
	a.btf_size = offsetof(struct slot_btf, names) + sizeof(btf.names);
	btf_fd = (int)k->call(BPF_BTF_LOAD, &a, sizeof(a));
	if (btf_fd < 0)
		return btf_fd;
	slot = load(k, BPF_PROG_TYPE_XDP, btf_fd, -1);
	test = slot < 0 ? slot : load(k, BPF_PROG_TYPE_EXT, btf_fd, slot);
	return test < 0 ? test : TAKE_FD(slot);
}
