/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/insns.h"

#include <stdbool.h>

#include "common/auto.h"

#define HELPERS_MAX (sizeof(((struct conf_HELPERS *)0)->bits) * 8)

/* What libbpf puts in place of an instruction whose CO-RE relocation found nothing: no helper has
 * this number, and the kernel takes it only where the program cannot get to. */
#define CORE_POISON 195896080

/* The same in place of a call of a weak kernel function that this kernel has not: up to libbpf 1.1
 * the function 0, later a helper from this number on. */
#define KFUNC_POISON 2002000000

static bool
helper_denied(const struct config *cfg, int id)
{
	const uint64_t *bits = cfg->policy_deny_helpers.bits;

	return id < 0 || (size_t)id >= HELPERS_MAX || (bits[id / 64] >> (id % 64) & 1);
}

static bool
kfunc_allowed(const struct conf_KFUNCS *k, uint32_t id)
{
	uint32_t low = 0, high = k->n;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (k->ids[mid] == id)
			return true;
		if (k->ids[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static enum insns_verdict
scan_call(const struct config *cfg, const struct bpf_insn *in)
{
	switch (in->src_reg) {
	case 0:
		return in->imm != CORE_POISON && in->imm < KFUNC_POISON && helper_denied(cfg, in->imm) ?
			INSNS_HELPER : INSNS_OK;
	case BPF_PSEUDO_CALL:
		return INSNS_OK;
	case BPF_PSEUDO_KFUNC_CALL:	/* off: an index into fd_array, for modules */
		return in->off == 0 && (in->imm == 0 || kfunc_allowed(&cfg->policy_kfuncs, (uint32_t)in->imm)) ?
			INSNS_OK : INSNS_KFUNC;
	default:
		return INSNS_CALL;
	}
}

/* The second half of a 64-bit load carries the upper half of the constant, or the descriptor of a
 * module's BTF beside a BTF id. */
static enum insns_verdict
scan_imm64(const struct bpf_insn *in, size_t left)
{
	if (left < 2 || in[1].code != 0 || in[1].dst_reg || in[1].src_reg || in[1].off)
		return INSNS_IMM64;
	switch (in->src_reg) {
	case 0:
	case BPF_PSEUDO_MAP_FD:
	case BPF_PSEUDO_MAP_VALUE:
	case BPF_PSEUDO_FUNC:
		return INSNS_OK;
	case BPF_PSEUDO_BTF_ID:
		return in[1].imm == 0 ? INSNS_OK : INSNS_IMM64;
	default:			/* BPF_PSEUDO_MAP_IDX*: there is no fd_array */
		return INSNS_IMM64;
	}
}

enum insns_verdict
insns_scan(const struct config *cfg, const struct bpf_insn *in, size_t n, struct insns_finding *f)
{
	enum insns_verdict verdict = INSNS_OK;

	for (size_t i = 0; i < n; i++) {
		f->index = i;
		f->id = in[i].imm;
		if (in[i].code == (BPF_LD | BPF_IMM | BPF_DW)) {
			verdict = scan_imm64(&in[i], n - i);
			i++;
		} else if (in[i].code == (BPF_JMP | BPF_CALL)) {
			verdict = scan_call(cfg, &in[i]);
		} else if (in[i].code == (BPF_JMP | BPF_CALL | BPF_X) ||
			   in[i].code == (BPF_JMP32 | BPF_CALL) ||
			   in[i].code == (BPF_JMP32 | BPF_CALL | BPF_X)) {
			verdict = INSNS_CALL;
		}
		if (verdict != INSNS_OK)
			return verdict;
	}
	return INSNS_OK;
}
