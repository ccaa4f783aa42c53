/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/broker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/slot.h"

#define OPS_SLOTS_MAX 128

int
broker_refuse(struct broker *b, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	b->stats->refused++;
	if (b->refusal.code != IPC_OK)
		return err;
	va_start(ap, fmt);
	vsnprintf(b->refusal.text, sizeof(b->refusal.text), fmt, ap);
	va_end(ap);
	b->refusal.code = code;
	b->refusal.err = err;
	return err;
}

/* What libbpf's probe may use: the object itself, made for probes only and outside the policy. */
static long	execute(struct broker *b, struct call *c, bool probe);

static int
handle_fd(struct broker *b, struct handle *h, bool probe)
{
	int *fd = probe && h->lazy ? &h->probe_fd : &h->fd;
	long ret;

	if (*fd >= 0)
		return *fd;
	if (!h->lazy)
		return -EBADF;
	ret = probe ? 0 : check_call(b, h->lazy);
	if (ret == 0)
		ret = execute(b, h->lazy, probe);
	if (ret >= 0)
		*fd = (int)ret;
	return (int)ret;
}

int
broker_fd(struct broker *b, struct handle *h)
{
	return handle_fd(b, h, false);
}

/*
 * The value of a struct_ops map: a handle in place of each function.  Where they are is found here
 * again: the kernel would take a number at such a place for a descriptor of this process.
 */
static int
ops_handles_to_fds(struct broker *b, struct call *c, const struct handle *map)
{
	uint32_t offsets[OPS_SLOTS_MAX];
	size_t len = 0, n = 0;
	uint8_t *value = call_buf(c, offsetof(union bpf_attr, value), &len);
	int err = value && b->ops_slots ?
		b->ops_slots(map->value_type, map->value_size, offsets, OPS_SLOTS_MAX, &n) : -EPERM;

	for (size_t i = 0; i < n && !err; i++) {
		struct handle *h;
		uint64_t number;
		int fd;

		memcpy(&number, value + offsets[i], sizeof(number));
		if (!number)
			continue;
		h = number <= UINT32_MAX ? handles_get(&b->handles, (uint32_t)number, BPFCMD_PROG) : NULL;
		fd = h ? handle_fd(b, h, false) : -EBADF;
		if (fd < 0)
			return fd;
		number = (uint64_t)fd;
		memcpy(value + offsets[i], &number, sizeof(number));
	}
	return err;
}

/* Handles inside buffers: in instructions, and in the value of a map of maps or programs. */
static int
inner_handles_to_fds(struct broker *b, struct call *c, bool probe)
{
	const struct handle *map = call_map(c);
	size_t len = 0;
	struct bpf_insn *in = call_buf(c, offsetof(union bpf_attr, insns), &len);
	uint32_t *value, kind;

	if (c->cmd->cmd == BPF_PROG_LOAD) {
		for (size_t i = 0; in && i < len / sizeof(*in); i++) {
			struct handle *h;
			int fd;

			if (!bpfcmd_insn_has_map(&in[i]))
				continue;
			h = handles_get(&b->handles, (uint32_t)in[i].imm, BPFCMD_MAP);
			fd = h ? handle_fd(b, h, probe) : -EBADF;
			if (fd < 0)
				return fd;
			in[i].imm = fd;
		}
		return 0;
	}
	if (c->cmd->cmd == BPF_MAP_UPDATE_ELEM && map && map->type == BPF_MAP_TYPE_STRUCT_OPS)
		return ops_handles_to_fds(b, c, map);
	kind = c->cmd->cmd == BPF_MAP_UPDATE_ELEM && map ? bpfcmd_value_kind(map->type) : BPFCMD_NONE;
	value = kind ? call_buf(c, offsetof(union bpf_attr, value), &len) : NULL;
	if (value) {
		struct handle *h = len == sizeof(*value) ? handles_get(&b->handles, *value, kind) : NULL;
		int fd = h ? handle_fd(b, h, probe) : -EBADF;

		if (fd < 0)
			return fd;
		*value = (uint32_t)fd;
	}
	return 0;
}

/* What the call used of the load's budget, and how the last program fared. */
static void
account(struct broker *b, const struct call *c, const union bpf_attr *attr, long ret)
{
	if (c->cmd->cmd == BPF_PROG_LOAD) {
		b->last_load.prog_type = attr->prog_type;
		b->last_load.attach_type = attr->expected_attach_type;
		b->last_load.err = ret < 0 ? (int)ret : 0;
	}
	if (ret < 0)
		return;
	b->map_bytes += c->cost;
	b->n_maps += c->cmd->cmd == BPF_MAP_CREATE;
	b->n_progs += c->cmd->cmd == BPF_PROG_LOAD;
}

#define UP_TO(member) (offsetof(union bpf_attr, member) + sizeof(((union bpf_attr *)0)->member))

/* To be one of several on an interface a program has to be of type EXT from the beginning; it needs
 * its function's type for that, by which the kernel compares it with the slot. */
static bool
for_dispatcher(const struct broker *b, const struct call *c, const union bpf_attr *a)
{
	return c->cmd->cmd == BPF_PROG_LOAD && b->slot > 0 && a->prog_type == BPF_PROG_TYPE_XDP &&
		a->expected_attach_type == BPF_XDP && a->func_info_cnt && c->size >= UP_TO(attach_prog_fd);
}

/* What the kernel does not take for a dispatcher stays a program for an interface alone: that load's
 * error and log are the answer. */
static long
give(struct broker *b, const struct call *c, union bpf_attr *attr, bool probe)
{
	union bpf_attr ext = *attr;
	long ret;

	b->kernel->calls++;
	if (!probe && for_dispatcher(b, c, attr)) {
		ext.prog_type = BPF_PROG_TYPE_EXT;
		ext.expected_attach_type = 0;
		ext.attach_prog_fd = (uint32_t)b->slot;
		ext.attach_btf_id = SLOT_BTF_ID;
		ret = b->kernel->call(BPF_PROG_LOAD, &ext, c->size);
		if (ret >= 0)
			return ret;
		b->kernel->calls++;
	}
	return b->kernel->call(c->cmd->cmd, attr, c->size);
}

/* Gives the call to the kernel, with descriptors in place of handles, and takes them out again:
 * the call of a lazy handle is used a second time. */
static long
execute(struct broker *b, struct call *c, bool probe)
{
	union bpf_attr attr = c->attr;
	struct bpf_insn saved[16];
	size_t len = 0;
	struct bpf_insn *in = call_buf(c, offsetof(union bpf_attr, insns), &len);
	bool restore = c->cmd->cmd == BPF_PROG_LOAD && in && len <= sizeof(saved);
	long ret = 0;

	if (restore)
		memcpy(saved, in, len);
	CALL_FIELDS (c, i, f) {
		int fd = c->named[i] && ret == 0 ? handle_fd(b, c->named[i], probe) : 0;

		if (fd < 0)
			ret = fd;
		else if (c->named[i])
			bpfcmd_set32(&attr, f->offset, (uint32_t)fd);
	}
	if (ret == 0)
		ret = inner_handles_to_fds(b, c, probe);
	if (ret == 0)
		ret = give(b, c, &attr, probe);
	if (restore)
		memcpy(in, saved, len);
	CALL_FIELDS (c, i, f) {
		if (f->dir == BPFCMD_BACK)
			bpfcmd_set32(&c->attr, f->offset, bpfcmd_get32(&attr, f->offset));
	}
	if (!probe)
		account(b, c, &attr, ret);
	return ret;
}

/* Writes OUT buffers to the arena: a log as far as it goes, other things whole. */
static void
copy_out(struct broker *b, const struct call *c)
{
	CALL_FIELDS (c, i, f) {
		size_t len = c->bufs[i].len;

		if (f->dir != BPFCMD_OUT || !c->bufs[i].data || len == 0)
			continue;
		if (c->cmd->cmd != BPF_OBJ_GET_INFO_BY_FD)
			len = strnlen(c->bufs[i].data, len - 1) + 1;
		if (pwrite(b->arena, c->bufs[i].data, len, (off_t)c->bufs[i].offset) < 0)
			b->stats->refused++;	/* the memfd is full: the linker reads zeroes */
	}
}

static int
add_handle(struct broker *b, const struct call *c, struct handle **out)
{
	int err = handles_add(&b->handles, out);

	if (err)
		return broker_refuse(b, IPC_RESOURCE_EXHAUSTED, err,
			"the object makes more than %zu maps, programs and BTF blobs", b->handles.max);
	(*out)->kind = c->cmd->makes;
	(*out)->type = c->cmd->makes == BPFCMD_PROG ? c->attr.prog_type : c->attr.map_type;
	if (c->cmd->cmd == BPF_MAP_CREATE) {
		(*out)->value_type = c->attr.btf_vmlinux_value_type_id;
		(*out)->key_size = c->attr.key_size;
		(*out)->value_size = c->attr.value_size;
	}
	return 0;
}

/* Takes what call was answered by the probe cache; *c is the handle's then. */
static int
answer_probe(struct broker *b, struct call **c, uint32_t number, int ret, uint32_t *handle)
{
	struct handle *h;
	int err;

	if (ret < 0 || !(*c)->cmd->makes)
		return ret;
	err = add_handle(b, *c, &h);
	if (err)
		return err;
	h->probe = number;
	h->lazy = TAKE_PTR(*c);
	*handle = (uint32_t)b->handles.n;
	return 0;
}

static bool
try_probe(struct broker *b, struct call **c, uint32_t *handle, long *ret)
{
	uint8_t key[PROBES_KEY_MAX];
	uint32_t len = probes_key(b, *c, key), number;

	if (!len)
		return false;
	number = probes_find(b->probes, key, len);
	if (number) {
		b->stats->probe_hits++;
		*ret = b->probes->all[number - 1].ret;
	} else {
		b->stats->probe_misses++;
		*ret = execute(b, *c, true);
		if (*ret >= 0 && (*c)->cmd->makes)
			close((int)*ret);
		number = probes_add(b->probes, key, len, *ret < 0 ? (int)*ret : 0);
		if (!number && *ret >= 0)
			return false;	/* no room to remember it: an ordinary call then */
	}
	*ret = answer_probe(b, c, number, *ret < 0 ? (int)*ret : 0, handle);
	return true;
}

/* A map by its PIN_BY_NAME name: not a call of the kernel's on the caller's path. */
static long
open_by_name(struct broker *b, const char *path, struct handle *h)
{
	const char *name = byname_of_path(path);
	struct bpf_map_info info;
	int fd = name ? byname_open(b->byname, name) : -EACCES;

	if (fd < 0)
		return fd;
	snprintf(h->by_name, sizeof(h->by_name), "%s", name);
	h->fd = fd;
	if (kernel_info(b->kernel, fd, &info, sizeof(info)) < 0)
		return -EACCES;
	h->type = info.type;
	h->key_size = info.key_size;
	h->value_size = info.value_size;
	return 0;
}

static long
pin_by_name(struct broker *b, struct call *c)
{
	struct handle *h = call_handle(c, offsetof(union bpf_attr, bpf_fd));
	size_t len;
	const char *path = call_buf(c, offsetof(union bpf_attr, pathname), &len);
	const char *name = path ? byname_of_path(path) : NULL;
	int fd = h ? broker_fd(b, h) : -EBADF;
	long err;

	if (fd < 0 || !name || h->by_name[0])
		return fd < 0 ? fd : -EACCES;
	if (b->dry_run)
		return 0;
	err = byname_pin(b->byname, name, fd);
	if (!err)
		snprintf(h->by_name, sizeof(h->by_name), "%s", name);
	return err;
}

static long
real_call(struct broker *b, struct call *c, uint32_t *handle)
{
	struct handle *h = NULL;
	size_t len;
	long ret = check_call(b, c);

	if (ret < 0)
		return ret;
	if (c->cmd->cmd == BPF_OBJ_PIN)
		return pin_by_name(b, c);
	if (c->cmd->makes)
		ret = add_handle(b, c, &h);
	if (ret < 0)
		return ret;
	if (c->cmd->cmd == BPF_OBJ_GET)
		ret = open_by_name(b, call_buf(c, offsetof(union bpf_attr, pathname), &len), h);
	else
		ret = execute(b, c, false);
	if (c->cmd->cmd != BPF_OBJ_GET && h && ret >= 0)
		h->fd = (int)ret;
	if (h && ret >= 0)
		*handle = (uint32_t)b->handles.n;
	return ret < 0 || h ? (ret < 0 ? ret : 0) : ret;
}

void
broker_call(struct broker *b, const struct msg_bpf_call *m, struct msg_bpf_ret *ret)
{
	AUTO(call) struct call *c = calloc(1, sizeof(*c));
	size_t n;
	long err;

	memset(ret, 0, sizeof(*ret));
	ret->ret = -1;
	ret->err = c ? EPERM : ENOMEM;
	if (!c)
		return;
	c->cmd = bpfcmd_find(m->cmd);
	if (!c->cmd) {
		b->stats->refused++;
		return;
	}
	b->stats->calls[c->cmd - bpfcmd_all(&n)]++;
	err = call_copy(c, m, &b->handles, b->arena, b->arena_bytes);
	if (err)
		b->stats->refused++;
	else if (!try_probe(b, &c, &ret->handle, &err))
		err = real_call(b, c, &ret->handle);
	if (c) {
		copy_out(b, c);
		CALL_FIELDS (c, i, f) {
			if (f->dir == BPFCMD_BACK)
				bpfcmd_set32((union bpf_attr *)ret->attr, f->offset,
					bpfcmd_get32(&c->attr, f->offset));
		}
	}
	ret->attr_size = m->attr_size;
	ret->ret = err < 0 ? -1 : (int32_t)err;
	ret->err = err < 0 ? (int32_t)-err : 0;
}

int
broker_share(struct broker *b, int take_fd, struct link_map_facts *facts)
{
	AUTO(fd) int fd = take_fd;
	struct bpf_map_info info;
	struct handle *h;
	int err = kernel_info(b->kernel, fd, &info, sizeof(info));

	if (!err)
		err = handles_add(&b->handles, &h);
	if (err)
		return err;
	h->kind = BPFCMD_MAP;
	h->type = info.type;
	h->key_size = info.key_size;
	h->value_size = info.value_size;
	h->shared = true;
	h->fd = TAKE_FD(fd);
	*facts = (struct link_map_facts){ .extra = info.map_extra, .type = info.type, .key_size = info.key_size,
		.value_size = info.value_size, .max_entries = info.max_entries, .flags = info.map_flags,
		.btf_key_type = info.btf_key_type_id, .btf_value_type = info.btf_value_type_id };
	memcpy(facts->kernel_name, info.name, sizeof(facts->kernel_name));
	return (int)b->handles.n;
}

void
broker_init(struct broker *b)
{
	const struct config *cfg = b->cfg;

	b->handles.max = (size_t)cfg->limits_maps + cfg->limits_programs + 64;
}

void
broker_end(struct broker *b)
{
	for (size_t i = 0; i < b->handles.n; i++)
		if (b->handles.all[i]->by_name[0])
			byname_release(b->byname, b->handles.all[i]->by_name);
	handles_free(&b->handles);
}
