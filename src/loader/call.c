/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct source {
	int fd;
	uint64_t bytes;
};

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
	CALL_FIELDS (c, i, f) {
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
	CALL_FIELDS (c, i, f) {
		if (f->offset == offset)
			return c->named[i];
	}
	return NULL;
}

const struct handle *
call_map(const struct call *c)
{
	CALL_FIELDS (c, i, f) {
		if (c->named[i] && c->named[i]->kind == BPFCMD_MAP)
			return c->named[i];
	}
	return NULL;
}

static int
copy_text(const struct source *from, struct call *c, const struct bpfcmd_field *f, size_t i)
{
	uint64_t left = from->bytes - c->bufs[i].offset;
	size_t room = left < f->a ? (size_t)left : f->a;
	ssize_t n;

	c->bufs[i].data = calloc(1, room);
	if (!c->bufs[i].data)
		return -ENOMEM;
	n = pread(from->fd, c->bufs[i].data, room, (off_t)c->bufs[i].offset);
	if (n <= 0 || !memchr(c->bufs[i].data, '\0', (size_t)n))
		return -EINVAL;
	c->bufs[i].len = strlen(c->bufs[i].data) + 1;
	return 0;
}

/* Memory of our own in place of a pointer into the arena, with a copy of what an IN holds there. */
static int
copy_buffer(const struct source *from, struct call *c, const struct bpfcmd_field *f, size_t i)
{
	const struct handle *map = call_map(c);
	uint64_t offset = bpfcmd_get64(&c->attr, f->offset);
	size_t len;
	int err;

	if (offset == 0)
		return 0;
	if (offset >= from->bytes)
		return -EFAULT;
	c->bufs[i].offset = offset;
	if (f->len == BPFCMD_LEN_TEXT) {
		err = copy_text(from, c, f, i);
	} else {
		if ((f->len == BPFCMD_LEN_KEY || f->len == BPFCMD_LEN_VALUE) && !map)
			return -EBADF;
		err = bpfcmd_len(f, &c->attr, map ? map->key_size : 0, map ? map->value_size : 0, &len);
		if (err)
			return err;
		if (len > from->bytes - offset)
			return -EFAULT;
		c->bufs[i].len = len;
		c->bufs[i].data = calloc(1, len ? len : 1);
		if (!c->bufs[i].data)
			return -ENOMEM;
		if (f->dir == BPFCMD_IN && len &&
		    pread(from->fd, c->bufs[i].data, len, (off_t)offset) != (ssize_t)len)
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
	CALL_FIELDS (c, i, f) {
		uint32_t width = f->dir == BPFCMD_IN || f->dir == BPFCMD_OUT ? 8 : 4;

		if (f->offset < c->size && f->offset + width > c->size)
			return -EINVAL;
	}
	return 0;
}

int
call_copy(struct call *c, const struct msg_bpf_call *m, const struct handles *handles, int arena,
	uint64_t arena_bytes)
{
	const struct source from = { arena, arena_bytes };
	int err = copy_attr(c, m);

	CALL_FIELDS (c, i, f) {
		uint32_t number = bpfcmd_get32(&c->attr, f->offset);

		if (err || f->dir != BPFCMD_HANDLE || number == 0)
			continue;
		c->named[i] = handles_get(handles, number, f->kinds);
		if (!c->named[i])
			err = -EBADF;
	}
	CALL_FIELDS (c, i, f) {
		if (!err && (f->dir == BPFCMD_IN || f->dir == BPFCMD_OUT))
			err = copy_buffer(&from, c, f, i);
	}
	return err;
}
