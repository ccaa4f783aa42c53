/* SPDX-License-Identifier: Apache-2.0 */
#include "common/kbtf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/auto.h"

#define CHAIN_MAX 64	/* typedefs, qualifiers, dimensions */

/* Bytes behind struct btf_type: once, and for each of vlen.  As far as Linux 6.18 goes. */
static const struct {
	uint8_t known, fixed, each;
} tails[] = {
	[BTF_KIND_INT] = { 1, 4, 0 },
	[BTF_KIND_PTR] = { 1, 0, 0 },
	[BTF_KIND_ARRAY] = { 1, sizeof(struct btf_array), 0 },
	[BTF_KIND_STRUCT] = { 1, 0, sizeof(struct btf_member) },
	[BTF_KIND_UNION] = { 1, 0, sizeof(struct btf_member) },
	[BTF_KIND_ENUM] = { 1, 0, sizeof(struct btf_enum) },
	[BTF_KIND_FWD] = { 1, 0, 0 },
	[BTF_KIND_TYPEDEF] = { 1, 0, 0 },
	[BTF_KIND_VOLATILE] = { 1, 0, 0 },
	[BTF_KIND_CONST] = { 1, 0, 0 },
	[BTF_KIND_RESTRICT] = { 1, 0, 0 },
	[BTF_KIND_FUNC] = { 1, 0, 0 },
	[BTF_KIND_FUNC_PROTO] = { 1, 0, sizeof(struct btf_param) },
	[BTF_KIND_VAR] = { 1, sizeof(struct btf_var), 0 },
	[BTF_KIND_DATASEC] = { 1, 0, sizeof(struct btf_var_secinfo) },
	[BTF_KIND_FLOAT] = { 1, 0, 0 },
	[BTF_KIND_DECL_TAG] = { 1, sizeof(struct btf_decl_tag), 0 },
	[BTF_KIND_TYPE_TAG] = { 1, 0, 0 },
	[BTF_KIND_ENUM64] = { 1, 0, sizeof(struct btf_enum64) },
};

size_t
kbtf_bytes(const struct btf_type *t)
{
	uint32_t kind = BTF_INFO_KIND(t->info);

	if (kind >= ARRAY_SIZE(tails) || !tails[kind].known)
		return 0;
	return sizeof(*t) + tails[kind].fixed + (size_t)tails[kind].each * BTF_INFO_VLEN(t->info);
}

static int
find_sections(const uint8_t *blob, size_t size, struct kbtf *k)
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
	    h.str_len > body - h.str_off || h.str_len == 0 || (h.hdr_len + h.type_off) % 4)
		return -EINVAL;
	k->types = blob + h.hdr_len + h.type_off;
	k->types_len = h.type_len;
	k->strings = (const char *)blob + h.hdr_len + h.str_off;
	k->strings_len = h.str_len;
	return k->strings[k->strings_len - 1] == '\0' ? 0 : -EINVAL;
}

/* Of the type at this place, with all that belongs to it; 0: it is not one that we know. */
static uint32_t
bytes_at(const struct kbtf *k, uint32_t at)
{
	const struct btf_type *t = (const void *)(k->types + at);
	size_t bytes = k->types_len - at < sizeof(*t) ? 0 : kbtf_bytes(t);

	return bytes > k->types_len - at || (bytes && t->name_off >= k->strings_len) ? 0 : (uint32_t)bytes;
}

int
kbtf_functions(const void *blob, size_t size, void (*each)(void *arg, uint32_t id, const char *name), void *arg)
{
	struct kbtf k = { 0 };
	uint32_t at = 0, id = 1, bytes;
	int err = find_sections(blob, size, &k);

	for (; !err && at < k.types_len; at += bytes, id++) {
		const struct btf_type *t = (const void *)(k.types + at);

		bytes = bytes_at(&k, at);
		if (!bytes)
			return -EINVAL;
		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC)
			each(arg, id, kbtf_name(&k, t));
	}
	return err;
}

int
kbtf_read(const void *blob, size_t size, struct kbtf *k)
{
	int err = find_sections(blob, size, k);
	uint32_t at = 0, n = 1;

	if (err)
		return err;
	k->at = malloc((k->types_len / sizeof(struct btf_type) + 1) * sizeof(*k->at));
	if (!k->at)
		return -ENOMEM;
	for (k->at[0] = 0; at < k->types_len; n++) {
		uint32_t bytes = bytes_at(k, at);

		if (!bytes) {
			free(k->at);
			k->at = NULL;
			return -EINVAL;
		}
		k->at[n] = at;
		at += bytes;
	}
	k->n = n;
	return 0;
}

/* mmap of the file came with Linux 6.16. */
static int
take_memory(int fd, struct kbtf *k)
{
	struct stat st;
	size_t got = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > INT32_MAX)
		return -ENOENT;
	k->memory_len = (size_t)st.st_size;
	k->memory = mmap(NULL, k->memory_len, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	k->mapped = k->memory != MAP_FAILED;
	if (k->mapped)
		return 0;
	k->memory = malloc(k->memory_len);
	while (k->memory && got < k->memory_len) {
		ssize_t n = pread(fd, (char *)k->memory + got, k->memory_len - got, (off_t)got);

		if (n <= 0)
			return n < 0 ? -errno : -EINVAL;
		got += (size_t)n;
	}
	return k->memory ? 0 : -ENOMEM;
}

int
kbtf_open(int fd, struct kbtf *k)
{
	int err = take_memory(fd, k);

	if (!err)
		err = kbtf_read(k->memory, k->memory_len, k);
	if (err)
		kbtf_close(k);
	return err;
}

void
kbtf_close(struct kbtf *k)
{
	if (k->mapped)
		munmap(k->memory, k->memory_len);
	else
		free(k->memory);
	free(k->at);
	memset(k, 0, sizeof(*k));
}

const struct btf_type *
kbtf_type(const struct kbtf *k, uint32_t id)
{
	return id && id < k->n ? (const void *)(k->types + k->at[id]) : NULL;
}

const char *
kbtf_name(const struct kbtf *k, const struct btf_type *t)
{
	return k->strings + t->name_off;
}

const char *
kbtf_str(const struct kbtf *k, uint32_t off)
{
	return off < k->strings_len ? k->strings + off : "";
}

const struct btf_type *
kbtf_skip(const struct kbtf *k, uint32_t id, uint32_t *id_out)
{
	for (int step = 0; step < CHAIN_MAX; step++) {
		const struct btf_type *t = kbtf_type(k, id);
		uint32_t kind = t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN;

		if (kind != BTF_KIND_TYPEDEF && kind != BTF_KIND_CONST && kind != BTF_KIND_VOLATILE &&
		    kind != BTF_KIND_RESTRICT && kind != BTF_KIND_TYPE_TAG && kind != BTF_KIND_VAR) {
			if (t && id_out)
				*id_out = id;
			return t;
		}
		id = t->type;
	}
	return NULL;
}

int64_t
kbtf_value_bytes(const struct kbtf *k, uint32_t id)
{
	uint64_t times = 1;

	for (int step = 0; step < CHAIN_MAX; step++) {
		const struct btf_type *t = kbtf_skip(k, id, NULL);
		uint64_t bytes;

		switch (t ? BTF_INFO_KIND(t->info) : BTF_KIND_UNKN) {
		case BTF_KIND_ARRAY:
			times *= ((const struct btf_array *)(t + 1))->nelems;
			if (times > UINT32_MAX)
				return -E2BIG;
			id = ((const struct btf_array *)(t + 1))->type;
			continue;
		case BTF_KIND_PTR:
			bytes = times * sizeof(uint64_t);
			break;
		case BTF_KIND_INT:
		case BTF_KIND_FLOAT:
		case BTF_KIND_ENUM:
		case BTF_KIND_ENUM64:
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
		case BTF_KIND_DATASEC:
			bytes = times * t->size;
			break;
		default:
			return -EINVAL;
		}
		return bytes > UINT32_MAX ? -E2BIG : (int64_t)bytes;
	}
	return -EINVAL;
}

/* As libbpf's bpf_core_essential_name_len(): a flavour is behind the last "___" that has something
 * else on both sides. */
size_t
kbtf_essential_len(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = n; i-- > 4;) {
		size_t at = i - 4;

		if (name[at] != '_' && name[at + 1] == '_' && name[at + 2] == '_' && name[at + 3] == '_' &&
		    name[at + 4] != '_')
			return at + 1;
	}
	return n;
}
