/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/btf_file.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"

#define TYPES_PER_MARK	1024
#define WINDOW		16384
#define RESOLVE_MAX	32

int
btf_file_open(int take_fd, struct btf_file *out)
{
	AUTO(fd) int fd = take_fd;
	struct btf_header h;

	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) || h.magic != BTF_MAGIC ||
	    __builtin_add_overflow(h.hdr_len, h.type_off, &h.type_off) ||
	    __builtin_add_overflow(h.hdr_len, h.str_off, &h.str_off))
		return -EINVAL;
	*out = (struct btf_file){ .type_off = h.type_off, .type_len = h.type_len,
		.str_off = h.str_off, .str_len = h.str_len, .n_marks = 1, .marks = { 0 } };
	out->fd = TAKE_FD(fd);
	return 0;
}

/* Bytes behind struct btf_type. */
static uint32_t
extra_len(const struct btf_type *t)
{
	uint32_t vlen = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * (uint32_t)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * (uint32_t)sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return vlen * (uint32_t)sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return vlen * (uint32_t)sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64:
		return vlen * (uint32_t)sizeof(struct btf_enum64);
	default:
		return 0;
	}
}

struct window {
	uint32_t at, len;		/* offset among the types */
	uint8_t bytes[WINDOW];
};

static int
read_type(const struct btf_file *b, struct window *w, uint32_t at, struct btf_type *t)
{
	ssize_t n;

	if (at > b->type_len || b->type_len - at < sizeof(*t))
		return -ENOENT;
	if (at < w->at || at + sizeof(*t) > w->at + w->len) {
		uint32_t want = b->type_len - at < WINDOW ? b->type_len - at : WINDOW;

		n = pread(b->fd, w->bytes, want, (off_t)b->type_off + at);
		if (n < (ssize_t)sizeof(*t))
			return n < 0 ? -errno : -EIO;
		w->at = at;
		w->len = (uint32_t)n;
	}
	memcpy(t, w->bytes + (at - w->at), sizeof(*t));
	return 0;
}

int
btf_file_type(struct btf_file *b, uint32_t id, struct btf_found *out)
{
	uint32_t mark = id ? (id - 1) / TYPES_PER_MARK : 0, n, at;
	struct window w = { 0 };
	struct btf_type t;
	int err;

	if (b->fd < 0 || !id)
		return -ENOENT;
	if (mark >= b->n_marks)
		mark = b->n_marks - 1;
	at = b->marks[mark];
	for (n = mark * TYPES_PER_MARK + 1;; n++) {
		if ((n - 1) / TYPES_PER_MARK == b->n_marks && b->n_marks < BTF_MARKS)
			b->marks[b->n_marks++] = at;
		err = read_type(b, &w, at, &t);
		if (err)
			return err;
		at += (uint32_t)sizeof(t);
		if (n == id)
			break;
		at += extra_len(&t);
	}
	*out = (struct btf_found){ .t = t, .id = id, .extra = b->type_off + at };
	return 0;
}

int
btf_file_member(const struct btf_file *b, const struct btf_found *s, uint32_t i, struct btf_member *out)
{
	off_t at = (off_t)s->extra + (off_t)i * (off_t)sizeof(*out);

	if (BTF_INFO_KIND(s->t.info) != BTF_KIND_STRUCT || i >= BTF_INFO_VLEN(s->t.info))
		return -ENOENT;
	return pread(b->fd, out, sizeof(*out), at) == (ssize_t)sizeof(*out) ? 0 : -EIO;
}

int
btf_file_text(const struct btf_file *b, uint32_t name_off, char *out, size_t size)
{
	ssize_t n;

	if (!name_off || name_off >= b->str_len)
		return -ENOENT;
	if (b->str_len - name_off < size)
		size = b->str_len - name_off;
	n = pread(b->fd, out, size, (off_t)b->str_off + name_off);
	if (n <= 0)
		return n < 0 ? -errno : -EIO;
	return memchr(out, '\0', (size_t)n) ? 0 : -E2BIG;
}

int
btf_file_name(struct btf_file *b, uint32_t id, char *out, size_t size)
{
	struct btf_found f;
	int err = btf_file_type(b, id, &f);

	return err ? err : btf_file_text(b, f.t.name_off, out, size);
}

int
btf_file_resolve(struct btf_file *b, uint32_t id, struct btf_found *out)
{
	for (int i = 0; i < RESOLVE_MAX; i++) {
		int err = btf_file_type(b, id, out);

		if (err)
			return err;
		switch (BTF_INFO_KIND(out->t.info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			id = out->t.type;
			break;
		default:
			return 0;
		}
	}
	return -ELOOP;
}
