/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "ipc/bpfcmds.h"
#include "linker/linker.h"

/* A call on its way: what libbpf gave and what crosses. */
struct call {
	const struct bpfcmd *cmd;
	union bpf_attr own;			/* libbpf's values */
	struct msg_bpf_call msg;
	const struct slot *map;			/* the map of MAP_UPDATE_ELEM */
	void *outs[BPFCMD_FIELDS_MAX];		/* where an OUT lies in the arena; NULL: in place */
	size_t out_len[BPFCMD_FIELDS_MAX];
};

static union bpf_attr *
wire(struct call *c)
{
	return (union bpf_attr *)c->msg.attr;
}

static int
put_handle(struct linker *ln, struct call *c, const struct bpfcmd_field *f)
{
	int fd = (int)bpfcmd_get32(&c->own, f->offset);
	const struct slot *s;

	if (fd == 0)
		return 0;
	s = slots_find(&ln->slots, fd);
	if (!s || !(s->kind & f->kinds))
		return -EBADF;
	if (s->kind == BPFCMD_MAP && !c->map)
		c->map = s;
	bpfcmd_set32(wire(c), f->offset, s->handle);
	return 0;
}

/* libbpf took the ids of kernel functions from few types. */
static bool
put_kernel_id(const struct linker *ln, struct bpf_insn *in)
{
	bool call = in->code == (BPF_JMP | BPF_CALL) && in->src_reg == BPF_PSEUDO_KFUNC_CALL;
	bool address = in->code == (BPF_LD | BPF_IMM | BPF_DW) && in->src_reg == BPF_PSEUDO_BTF_ID;

	if (!ln->few.btf || !(call || address) || !in->imm)	/* 0: a weak one that this kernel lacks */
		return true;
	in->imm = (int32_t)few_kernel_id(&ln->few, (uint32_t)in->imm);
	return in->imm != 0;
}

static int
put_attach_id(const struct linker *ln, struct call *c)
{
	if (!ln->few.btf || c->cmd->cmd != BPF_PROG_LOAD || !c->own.attach_btf_id)
		return 0;
	wire(c)->attach_btf_id = few_kernel_id(&ln->few, c->own.attach_btf_id);
	return wire(c)->attach_btf_id ? 0 : -EINVAL;
}

/* Descriptors inside a copied buffer become handles: maps in instructions, and the value of a map
 * that holds maps or programs. */
static int
put_inner_handles(struct linker *ln, const struct call *c, const struct bpfcmd_field *f, void *copy,
	size_t len)
{
	struct bpf_insn *in = copy;
	const struct slot *s;
	uint32_t fd;

	if (f->len == BPFCMD_LEN_VALUE && bpfcmd_value_kind(c->map->map_type) != BPFCMD_NONE) {
		memcpy(&fd, copy, sizeof(fd));
		s = slots_find(&ln->slots, (int)fd);
		if (!s || len != sizeof(fd))
			return -EBADF;
		memcpy(copy, &s->handle, sizeof(s->handle));
	}
	if (f->len == BPFCMD_LEN_VALUE && c->map->map_type == BPF_MAP_TYPE_STRUCT_OPS)
		return ops_put_handles(ln, c->map, copy, len);
	if (c->cmd->cmd != BPF_PROG_LOAD || f->offset != offsetof(union bpf_attr, insns))
		return 0;
	for (size_t i = 0; i < len / sizeof(*in); i++)
		if (!put_kernel_id(ln, &in[i]))
			return -EINVAL;
	for (size_t i = 0; i + 1 < len / sizeof(*in); i++) {
		if (in[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		s = bpfcmd_insn_has_map(&in[i]) ? slots_find(&ln->slots, in[i].imm) : NULL;
		if (s)
			in[i].imm = (int32_t)s->handle;
		else if (bpfcmd_insn_has_map(&in[i]))
			return -EBADF;
		i++;
	}
	return 0;
}

static int
field_len(const struct call *c, const struct bpfcmd_field *f, const void *p, size_t *len)
{
	if (f->len == BPFCMD_LEN_TEXT) {
		*len = strnlen(p, f->a) + 1;
		return *len > f->a ? -E2BIG : 0;
	}
	if (f->len == BPFCMD_LEN_KEY || f->len == BPFCMD_LEN_VALUE)
		if (!c->map || !c->map->value_size)
			return -EPERM;
	return bpfcmd_len(f, &c->own, c->map ? c->map->key_size : 0,
		c->map ? c->map->value_size : 0, len);
}

static int
put_pointer(struct linker *ln, struct call *c, const struct bpfcmd_field *f, size_t i)
{
	void *p = (void *)(uintptr_t)bpfcmd_get64(&c->own, f->offset), *copy = p;
	size_t len;
	int err;

	if (!p)
		return 0;
	err = field_len(c, f, p, &len);
	if (err)
		return err;
	if (f->dir == BPFCMD_IN || !arena_holds(&ln->arena, p, len)) {
		copy = arena_take(&ln->arena, len);
		if (!copy)
			return -ENOMEM;
		c->outs[i] = copy;
		c->out_len[i] = len;
	}
	if (f->dir == BPFCMD_IN) {
		memcpy(copy, p, len);
		err = put_inner_handles(ln, c, f, copy, len);
	}
	bpfcmd_set64(wire(c), f->offset, arena_offset(&ln->arena, copy));
	return err;
}

static int
marshal(struct linker *ln, struct call *c)
{
	int err = put_attach_id(ln, c);

	arena_reset(&ln->arena);
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX && !err; i++) {
		const struct bpfcmd_field *f = &c->cmd->fields[i];

		switch (f->dir) {
		case BPFCMD_END:
			return 0;
		case BPFCMD_HANDLE:
			err = put_handle(ln, c, f);
			break;
		case BPFCMD_IN:
		case BPFCMD_OUT:
			err = put_pointer(ln, c, f, i);
			break;
		case BPFCMD_BACK:
			break;
		}
	}
	return err;
}

/* Results go where libbpf expects them, never past the size of attr that it gave. */
static void
unmarshal(struct call *c, const struct msg_bpf_ret *ret, union bpf_attr *attr, uint32_t size)
{
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX && c->cmd->fields[i].dir != BPFCMD_END; i++) {
		const struct bpfcmd_field *f = &c->cmd->fields[i];

		if (f->dir == BPFCMD_OUT && c->outs[i])
			memcpy((void *)(uintptr_t)bpfcmd_get64(&c->own, f->offset), c->outs[i],
				c->out_len[i]);
		if (f->dir == BPFCMD_BACK && f->offset + sizeof(uint32_t) <= size)
			bpfcmd_set32(attr, f->offset,
				bpfcmd_get32((const union bpf_attr *)ret->attr, f->offset));
	}
}

/* The descriptor that libbpf gets for a new object. */
static int
placeholder(struct linker *ln, const struct call *c, uint32_t handle)
{
	struct slot s = { .handle = handle, .kind = c->cmd->makes };
	uint64_t bytes = 0;

	if (c->cmd->cmd == BPF_MAP_CREATE) {
		s.map_type = c->own.map_type;
		s.key_size = c->own.key_size;
		s.value_size = c->own.value_size;
		s.value_type = c->own.btf_vmlinux_value_type_id;
		if (c->own.map_flags & BPF_F_MMAPABLE)
			bytes = (uint64_t)((c->own.value_size + 7) & ~7u) * c->own.max_entries;
	}
	return slots_add(&ln->slots, &s, bytes);
}

static void
exchange(struct linker *ln, struct call *c, struct chan_msg *m)
{
	int err = chan_send(ln->ch, IPC_BPF_CALL, 0, &c->msg, NULL);

	if (!err)
		err = chan_wait(ln->ch, m, -1);
	if (err == 1 && m->hdr.type == IPC_BPF_RET)
		return;
	log_debug("linker.alone", "err=%d", err);
	_exit(1);
}

static const struct msg_link_map *
shared_map(const struct linker *ln, int fd)
{
	const struct slot *s = slots_find(&ln->slots, fd);

	for (size_t i = 0; s && s->kind == BPFCMD_MAP && i < ln->n_shared; i++)
		if (ln->shared[i].handle == s->handle)
			return &ln->shared[i];
	return NULL;
}

/* Of a map that is given the loader has told already what libbpf asks of it. */
static bool
is_told(const struct linker *ln, union bpf_attr *attr)
{
	const struct msg_link_map *m = shared_map(ln, (int)attr->info.bpf_fd);
	struct bpf_map_info info;
	size_t len = attr->info.info_len;

	if (!m)
		return false;
	info = (struct bpf_map_info){ .type = m->facts.type, .key_size = m->facts.key_size,
		.value_size = m->facts.value_size, .max_entries = m->facts.max_entries, .map_flags = m->facts.flags,
		.btf_key_type_id = m->facts.btf_key_type, .btf_value_type_id = m->facts.btf_value_type,
		.map_extra = m->facts.extra };
	memcpy(info.name, m->facts.kernel_name, sizeof(info.name) - 1);
	if (len > sizeof(info))
		len = sizeof(info);
	memcpy((void *)(uintptr_t)attr->info.info, &info, len);
	attr->info.info_len = (uint32_t)len;
	return true;
}

long
linker_bpf(struct linker *ln, uint32_t cmd, void *attr, uint32_t size)
{
	struct call c = { .cmd = bpfcmd_find(cmd) };
	const struct msg_bpf_ret *ret;
	struct chan_msg m;
	int err;

	if (!c.cmd || size > sizeof(c.msg.attr)) {
		/* Questions that libbpf asks and whose answer is always the same here: a program may
		 * not be attached, and there is no object besides its own. */
		errno = cmd == BPF_LINK_CREATE ? EBADF : cmd == BPF_BTF_GET_NEXT_ID ? ENOENT : EPERM;
		return -1;
	}
	if (cmd == BPF_OBJ_GET_INFO_BY_FD && is_told(ln, attr))
		return 0;
	memcpy(&c.own, attr, size < sizeof(c.own) ? size : sizeof(c.own));
	memcpy(c.msg.attr, attr, size);
	c.msg.cmd = cmd;
	c.msg.attr_size = size;
	err = marshal(ln, &c);
	if (!err) {
		exchange(ln, &c, &m);
		ret = m.payload;
		unmarshal(&c, ret, attr, size);
		err = ret->ret < 0 ? -ret->err : 0;
		if (!err && c.cmd->makes)
			err = placeholder(ln, &c, ret->handle);
	}
	if (err < 0)
		errno = -err;
	return err < 0 ? -1 : err;
}

int
linker_shared_fd(struct linker *ln, uint32_t handle)
{
	struct slot s = { .handle = handle, .kind = BPFCMD_MAP };

	return slots_add(&ln->slots, &s, 0);
}
