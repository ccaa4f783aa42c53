/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/broker.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOR_FIELDS(c, i, f)                                                                        \
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX && (c)->cmd->fields[i].dir != BPFCMD_END; i++)    \
		for (const struct bpfcmd_field *f = &(c)->cmd->fields[i]; f; f = NULL)

void
call_free(struct call *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < BPFCMD_FIELDS_MAX; i++)
		free(c->bufs[i].data);
	free(c);
}

void *
call_buf(const struct call *c, size_t offset, size_t *len)
{
	FOR_FIELDS (c, i, f) {
		if (f->offset == offset && c->bufs[i].data) {
			*len = c->bufs[i].len;
			return c->bufs[i].data;
		}
	}
	return NULL;
}

struct handle *
call_handle(const struct call *c, size_t offset)
{
	FOR_FIELDS (c, i, f) {
		if (f->offset == offset)
			return c->named[i];
	}
	return NULL;
}

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

/* The first map that a field of the call names: its sizes are those of KEY and VALUE. */
static const struct handle *
map_of(const struct call *c)
{
	FOR_FIELDS (c, i, f) {
		if (c->named[i] && c->named[i]->kind == BPFCMD_MAP)
			return c->named[i];
	}
	return NULL;
}

static int
copy_text(struct broker *b, struct call *c, const struct bpfcmd_field *f, size_t i)
{
	uint64_t left = b->arena_bytes - c->bufs[i].offset;
	size_t room = left < f->a ? (size_t)left : f->a;
	ssize_t n;

	c->bufs[i].data = calloc(1, room);
	if (!c->bufs[i].data)
		return -ENOMEM;
	n = pread(b->arena, c->bufs[i].data, room, (off_t)c->bufs[i].offset);
	if (n <= 0 || !memchr(c->bufs[i].data, '\0', (size_t)n))
		return -EINVAL;
	c->bufs[i].len = strlen(c->bufs[i].data) + 1;
	return 0;
}

/* Memory of our own in place of a pointer into the arena, with a copy of what an IN holds there. */
static int
copy_buffer(struct broker *b, struct call *c, const struct bpfcmd_field *f, size_t i)
{
	const struct handle *map = map_of(c);
	uint64_t offset = bpfcmd_get64(&c->attr, f->offset);
	size_t len;
	int err;

	if (offset == 0)
		return 0;
	if (offset >= b->arena_bytes)
		return -EFAULT;
	c->bufs[i].offset = offset;
	if (f->len == BPFCMD_LEN_TEXT) {
		err = copy_text(b, c, f, i);
	} else {
		if ((f->len == BPFCMD_LEN_KEY || f->len == BPFCMD_LEN_VALUE) && !map)
			return -EBADF;
		err = bpfcmd_len(f, &c->attr, map ? map->key_size : 0, map ? map->value_size : 0, &len);
		if (err)
			return err;
		if (len > b->arena_bytes - offset)
			return -EFAULT;
		c->bufs[i].len = len;
		c->bufs[i].data = calloc(1, len ? len : 1);
		if (!c->bufs[i].data)
			return -ENOMEM;
		if (f->dir == BPFCMD_IN && len &&
		    pread(b->arena, c->bufs[i].data, len, (off_t)offset) != (ssize_t)len)
			return -EFAULT;
	}
	bpfcmd_set64(&c->attr, f->offset, (uintptr_t)c->bufs[i].data);
	return err;
}

/* The attr, as long as the linker says and no longer than the command knows; what lies behind
 * must be 0, and no member may be cut in half: the kernel would read half a pointer of ours. */
static int
copy_attr(struct call *c, const struct msg_bpf_call *m)
{
	if (m->attr_size > sizeof(m->attr))
		return -E2BIG;
	for (uint32_t i = c->cmd->known; i < m->attr_size; i++)
		if (m->attr[i])
			return -E2BIG;
	c->size = m->attr_size < c->cmd->known ? m->attr_size : c->cmd->known;
	memcpy(&c->attr, m->attr, c->size);
	FOR_FIELDS (c, i, f) {
		uint32_t width = f->dir == BPFCMD_IN || f->dir == BPFCMD_OUT ? 8 : 4;

		if (f->offset < c->size && f->offset + width > c->size)
			return -EINVAL;
	}
	return 0;
}

static int
copy_call(struct broker *b, struct call *c, const struct msg_bpf_call *m)
{
	int err = copy_attr(c, m);

	FOR_FIELDS (c, i, f) {
		uint32_t number = bpfcmd_get32(&c->attr, f->offset);

		if (err || f->dir != BPFCMD_HANDLE || number == 0)
			continue;
		c->named[i] = handles_get(&b->handles, number, f->kinds);
		if (!c->named[i])
			err = -EBADF;
	}
	FOR_FIELDS (c, i, f) {
		if (!err && (f->dir == BPFCMD_IN || f->dir == BPFCMD_OUT))
			err = copy_buffer(b, c, f, i);
	}
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

/* Handles inside buffers: in instructions, and in the value of a map of maps or programs. */
static int
inner_handles_to_fds(struct broker *b, struct call *c, bool probe)
{
	const struct handle *map = map_of(c);
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
	FOR_FIELDS (c, i, f) {
		int fd = c->named[i] && ret == 0 ? handle_fd(b, c->named[i], probe) : 0;

		if (fd < 0)
			ret = fd;
		else if (c->named[i])
			bpfcmd_set32(&attr, f->offset, (uint32_t)fd);
	}
	if (ret == 0)
		ret = inner_handles_to_fds(b, c, probe);
	if (ret == 0) {
		b->kernel->calls++;
		ret = b->kernel->call(c->cmd->cmd, &attr, c->size);
	}
	if (restore)
		memcpy(in, saved, len);
	FOR_FIELDS (c, i, f) {
		if (f->dir == BPFCMD_BACK)
			bpfcmd_set32(&c->attr, f->offset, bpfcmd_get32(&attr, f->offset));
	}
	if (probe)
		return ret;
	if (c->cmd->cmd == BPF_PROG_LOAD) {
		b->last_load.prog_type = attr.prog_type;
		b->last_load.attach_type = attr.expected_attach_type;
		b->last_load.err = ret < 0 ? (int)ret : 0;
	}
	if (ret >= 0) {
		b->map_bytes += c->cost;
		b->n_maps += c->cmd->cmd == BPF_MAP_CREATE;
		b->n_progs += c->cmd->cmd == BPF_PROG_LOAD;
	}
	return ret;
}

/* Writes OUT buffers to the arena: a log as far as it goes, other things whole. */
static void
copy_out(struct broker *b, const struct call *c)
{
	FOR_FIELDS (c, i, f) {
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
	err = copy_call(b, c, m);
	if (err)
		b->stats->refused++;
	else if (!try_probe(b, &c, &ret->handle, &err))
		err = real_call(b, c, &ret->handle);
	if (c) {
		copy_out(b, c);
		FOR_FIELDS (c, i, f) {
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
broker_share(struct broker *b, int take_fd)
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
