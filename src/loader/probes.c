/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/probes.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "common/auto.h"
#include "loader/broker.h"

#define PROBE_INSNS_MAX	8
#define PROBE_BTF_MAX	256
#define PROBE_VALUE_MAX	64
#define PROBE_MAP_PREFIX "libbpf_"

static bool
probe_helper(int id)
{
	return id == BPF_FUNC_probe_read_kernel || id == BPF_FUNC_get_attach_cookie ||
	       id == BPF_FUNC_ktime_get_coarse_ns;
}

static bool
probe_insns(const struct broker *b, const struct bpf_insn *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (in[i].code == (BPF_JMP | BPF_CALL) && (in[i].src_reg || !probe_helper(in[i].imm)))
			return false;
		if (in[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (in[i].src_reg && !bpfcmd_insn_has_map(&in[i]))
			return false;
		if (bpfcmd_insn_has_map(&in[i])) {
			const struct handle *h = handles_get(&b->handles, (uint32_t)in[i].imm, BPFCMD_MAP);

			if (!h || !h->lazy)
				return false;
		}
		i++;
	}
	return true;
}

static bool
probe_program(const struct broker *b, const struct call *c)
{
	const union bpf_attr *a = &c->attr;
	size_t len;
	const struct bpf_insn *in = call_buf(c, offsetof(union bpf_attr, insns), &len);

	switch (a->prog_type) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_CGROUP_SOCK:
		break;
	default:
		return false;
	}
	return in && a->insn_cnt <= PROBE_INSNS_MAX && !a->log_level && !a->log_buf && !a->func_info &&
	       !a->line_info && !a->core_relos && !a->prog_btf_fd && !a->attach_btf_id &&
	       !a->attach_prog_fd && !a->fd_array && !a->prog_ifindex && !a->prog_flags &&
	       probe_insns(b, in, len / sizeof(*in));
}

static bool
is_probe(const struct broker *b, const struct call *c)
{
	const union bpf_attr *a = &c->attr;
	const struct handle *prog, *map;

	switch (c->cmd->cmd) {
	case BPF_BTF_LOAD:
		return a->btf_size <= PROBE_BTF_MAX && !a->btf_log_buf && !a->btf_log_level;
	case BPF_MAP_CREATE:
		return a->map_type == BPF_MAP_TYPE_ARRAY && a->max_entries == 1 && !a->btf_fd &&
		       a->value_size <= PROBE_VALUE_MAX && !a->inner_map_fd &&
		       !(a->map_flags & ~(uint32_t)BPF_F_MMAPABLE) && !a->map_ifindex &&
		       strncmp(a->map_name, PROBE_MAP_PREFIX, strlen(PROBE_MAP_PREFIX)) == 0;
	case BPF_PROG_LOAD:
		return probe_program(b, c);
	case BPF_PROG_BIND_MAP:
		prog = call_handle(c, offsetof(union bpf_attr, prog_bind_map.prog_fd));
		map = call_handle(c, offsetof(union bpf_attr, prog_bind_map.map_fd));
		return prog && map && prog->lazy && map->lazy;
	default:
		return false;
	}
}

struct writer {
	uint8_t *key;
	uint32_t len;
	bool full;
};

static void
put(struct writer *w, const void *data, size_t len)
{
	if (w->full || len > PROBES_KEY_MAX - w->len) {
		w->full = true;
		return;
	}
	memcpy(w->key + w->len, data, len);
	w->len += (uint32_t)len;
}

/* Instructions with the number of the probe instead of the handle, which is another each time. */
static void
put_insns(const struct broker *b, struct writer *w, const struct bpf_insn *in, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bpf_insn copy = in[i];

		if (bpfcmd_insn_has_map(&copy))
			copy.imm = (int32_t)handles_get(&b->handles, (uint32_t)in[i].imm, BPFCMD_MAP)->probe;
		put(w, &copy, sizeof(copy));
		if (in[i].code == (BPF_LD | BPF_IMM | BPF_DW) && ++i < n)
			put(w, &in[i], sizeof(in[i]));
	}
}

uint32_t
probes_key(const struct broker *b, const struct call *c, uint8_t key[PROBES_KEY_MAX])
{
	struct writer w = { .key = key };
	union bpf_attr attr = c->attr;

	if (!is_probe(b, c))
		return 0;
	put(&w, &c->cmd->cmd, sizeof(c->cmd->cmd));
	put(&w, &c->size, sizeof(c->size));
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX && c->cmd->fields[i].dir != BPFCMD_END; i++) {
		const struct bpfcmd_field *f = &c->cmd->fields[i];

		if (f->dir == BPFCMD_HANDLE)
			bpfcmd_set32(&attr, f->offset, c->named[i] ? c->named[i]->probe : 0);
		if (f->dir != BPFCMD_IN || !c->bufs[i].data)
			continue;
		bpfcmd_set64(&attr, f->offset, c->bufs[i].len);
		if (c->cmd->cmd == BPF_PROG_LOAD && f->offset == offsetof(union bpf_attr, insns))
			put_insns(b, &w, c->bufs[i].data, c->bufs[i].len / sizeof(struct bpf_insn));
		else
			put(&w, c->bufs[i].data, c->bufs[i].len);
	}
	put(&w, &attr, c->cmd->known);
	return w.full ? 0 : w.len;
}

uint32_t
probes_find(const struct probes *p, const uint8_t *key, uint32_t len)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (p->all[i].len == len && memcmp(p->all[i].key, key, len) == 0)
			return i + 1;
	return 0;
}

uint32_t
probes_add(struct probes *p, const uint8_t *key, uint32_t len, int ret)
{
	static const int passing[] = { -ENOMEM, -EAGAIN, -EINTR, -EMFILE, -ENFILE, -EBUSY };

	for (size_t i = 0; i < ARRAY_SIZE(passing); i++)
		if (ret == passing[i])
			return 0;
	if (p->n == PROBES_MAX)
		return 0;
	p->all[p->n].len = len;
	p->all[p->n].ret = ret;
	memcpy(p->all[p->n].key, key, len);
	return ++p->n;
}
