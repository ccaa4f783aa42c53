/* SPDX-License-Identifier: Apache-2.0 */
#include "config/btf_ids.h"

#include <errno.h>
#include <linux/btf.h>
#include <string.h>

#include "common/auto.h"

/* Newer than the headers of Debian 12 would be named here; these kinds go as far as Linux 6.18. */
static const struct {
	size_t fixed, each;	/* bytes behind struct btf_type: once, and per vlen */
} tails[] = {
	[BTF_KIND_INT] = { 4, 0 },
	[BTF_KIND_PTR] = { 0, 0 },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum) },
	[BTF_KIND_FWD] = { 0, 0 },
	[BTF_KIND_TYPEDEF] = { 0, 0 },
	[BTF_KIND_VOLATILE] = { 0, 0 },
	[BTF_KIND_CONST] = { 0, 0 },
	[BTF_KIND_RESTRICT] = { 0, 0 },
	[BTF_KIND_FUNC] = { 0, 0 },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_FLOAT] = { 0, 0 },
	[BTF_KIND_DECL_TAG] = { sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_TYPE_TAG] = { 0, 0 },
	[BTF_KIND_ENUM64] = { 0, sizeof(struct btf_enum64) },
};

struct sections {
	const uint8_t *types;
	const char *strings;
	size_t types_len, strings_len;
};

static int
find_sections(const uint8_t *blob, size_t size, struct sections *s)
{
	struct btf_header h;
	size_t body;

	if (size < sizeof(h))
		return -EINVAL;
	memcpy(&h, blob, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || h.hdr_len < sizeof(h) || h.hdr_len > size)
		return -EINVAL;
	body = size - h.hdr_len;
	if (h.type_off > body || h.type_len > body - h.type_off || h.str_off > body ||
	    h.str_len > body - h.str_off || h.str_len == 0)
		return -EINVAL;
	s->types = blob + h.hdr_len + h.type_off;
	s->types_len = h.type_len;
	s->strings = (const char *)blob + h.hdr_len + h.str_off;
	s->strings_len = h.str_len;
	return s->strings[s->strings_len - 1] == '\0' ? 0 : -EINVAL;
}

int
btf_ids_functions(const void *blob, size_t size, void (*each)(void *arg, uint32_t id,
	const char *name), void *arg)
{
	struct sections s;
	uint32_t id = 0;
	size_t at = 0;
	int err = find_sections(blob, size, &s);

	if (err)
		return err;
	while (at < s.types_len) {
		struct btf_type t;
		uint32_t kind;
		size_t tail;

		if (s.types_len - at < sizeof(t))
			return -EINVAL;
		memcpy(&t, s.types + at, sizeof(t));
		at += sizeof(t);
		id++;
		kind = BTF_INFO_KIND(t.info);
		if (kind == 0 || kind >= ARRAY_SIZE(tails))
			return -EINVAL;
		tail = tails[kind].fixed + tails[kind].each * BTF_INFO_VLEN(t.info);
		if (tail > s.types_len - at)
			return -EINVAL;
		at += tail;
		if (kind == BTF_KIND_FUNC && t.name_off < s.strings_len)
			each(arg, id, s.strings + t.name_off);
	}
	return 0;
}
