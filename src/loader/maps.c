/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elements of maps for a client.  Only maps that a load brought are here: those of bpfd's tracers
 * and of libxdp's dispatchers are in no table that this looks into.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memfd.h"
#include "loader/authorise.h"
#include "loader/facts.h"
#include "loader/handlers.h"
#include "loader/loader.h"
#include "loader/map_kinds.h"
#include "loader/maps_page.h"

#define BTF_BYTES_MAX (16u << 20)	/* the kernel's own limit */

/* One map at work: its descriptor and what the kernel says of it. */
struct element_map {
	int fd;
	struct msg_map_facts facts;
};

static inline void
auto_element_map(struct element_map *m)
{
	if (m->fd >= 0)
		close(m->fd);
}

static int
open_map(struct loader *ld, uint32_t id, struct element_map *out, struct msg_result *res)
{
	const struct obj_map *m = NULL;
	int err;

	for (size_t i = 0; i < ld->objects.n_maps && !m; i++)
		if (ld->objects.maps[i].id == id)
			m = &ld->objects.maps[i];
	if (!m)
		return result_set(res, IPC_NOT_FOUND, -ENOENT, "bpfd keeps no map %u: only maps that came with "
			"a load can be read, not those of its tracers or of others", id);
	out->fd = objects_open_map(&ld->objects, m);
	err = out->fd < 0 ? out->fd : facts_map(&ld->kernel, out->fd, m, ld->n_cpus, &out->facts);
	if (err)
		return result_set(res, IPC_DATA_LOSS, err, "the pin of map %u is gone", id);
	return 0;
}

static int
check_sizes(struct loader *ld, const struct msg_map_facts *f, uint32_t key_len, struct msg_result *res)
{
	uint64_t max = ld->cfg->limits_map_element_bytes;

	if (f->key_size > IPC_MAP_KEY_MAX)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -EFBIG, "the keys of map %u have %u bytes: those of more "
			"than %d are not read or written", f->id, f->key_size, IPC_MAP_KEY_MAX);
	if ((uint64_t)f->key_size + f->value_bytes > max)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -EFBIG, "an element of map %u has %" PRIu64
			" bytes: limits.map_element_bytes = %" PRIu64, f->id,
			(uint64_t)f->key_size + f->value_bytes, max);
	if (key_len && key_len != f->key_size)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the key has %u bytes, those of map %u have %u",
			key_len, f->id, f->key_size);
	return 0;
}

static int
check_act(struct loader *ld, const struct msg_map_facts *f, enum map_act act, uint32_t key_len,
	struct msg_result *res)
{
	const char *why = map_kind_refusal(f->type, act);

	if (why)
		return result_set(res, IPC_FAILED_PRECONDITION, -EOPNOTSUPP, "map %u: %s", f->id, why);
	return check_sizes(ld, f, key_len, res);
}

/* What the kernel says of an element, in words. */
static int
refuse(const struct msg_map_facts *f, int err, const char *what, struct msg_result *res)
{
	switch (err) {
	case -ENOENT:
		return result_set(res, IPC_NOT_FOUND, err, "map %u has no element with this key", f->id);
	case -EEXIST:
		return result_set(res, IPC_ALREADY_EXISTS, err, "map %u has an element with this key", f->id);
	case -EPERM:
		return result_set(res, IPC_FAILED_PRECONDITION, err, "map %u cannot be %s: it is frozen", f->id,
			what);
	case -E2BIG:
		return result_set(res, IPC_RESOURCE_EXHAUSTED, err, "map %u is full, or there is no such index: it has "
			"room for %u elements", f->id, f->max_entries);
	case -ENOMEM:
	case -EBUSY:
		return result_set(res, IPC_RESOURCE_EXHAUSTED, err, "map %u cannot be %s now: %s", f->id, what,
			strerrordesc_np(-err));
	default:
		return result_set(res, IPC_FAILED_PRECONDITION, err, "map %u cannot be %s: %s", f->id, what,
			err == -ENOTSUPP_KERNEL ? "the kernel does not offer it for its type" : strerrordesc_np(-err));
	}
}

/* ---- read ---- */

static int
read_one(struct loader *ld, const struct element_map *m, const uint8_t *key, struct map_page *p)
{
	const struct msg_map_facts *f = &m->facts;
	int err;

	p->bytes = calloc(1, (size_t)f->key_size + f->value_bytes);
	if (!p->bytes)
		return -ENOMEM;
	memcpy(p->bytes, key, f->key_size);
	err = kernel_lookup(&ld->kernel, m->fd, key, p->bytes + f->key_size);
	p->n = 1;
	p->last = true;
	return err;
}

static int
read_part(struct loader *ld, const struct msg_map_read *rq, const struct element_map *m, struct map_page *p,
	struct msg_result *res)
{
	uint8_t token[IPC_MAP_KEY_MAX] = { 0 };
	int err;

	if (rq->how == MAP_READ_KEY) {
		err = read_one(ld, m, rq->key, p);
	} else {
		memcpy(token, rq->key, rq->key_len);
		err = maps_page_read(&ld->kernel, m->fd, &m->facts, rq->how == MAP_READ_NEXT ? token : NULL, p);
	}
	if (err == -E2BIG && rq->how != MAP_READ_KEY)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, err, "too many elements of map %u share a bucket", rq->id);
	return err ? refuse(&m->facts, err, "read", res) : 0;
}

static int
send_page(struct loader *ld, uint32_t seq, const struct msg_map_facts *f, const struct map_page *p,
	struct msg_result *res)
{
	struct msg_map_page page = { .n = p->n, .key_bytes = f->key_size, .value_bytes = f->value_bytes,
		.last = p->last, .token_len = p->token_len };
	AUTO(fd) int fd = memfd_sealed("map", p->bytes, (size_t)p->n * (f->key_size + f->value_bytes));

	if (fd < 0)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, fd, "no memory for the elements");
	memcpy(page.token, p->token, p->token_len);
	reply(ld, IPC_MAP_PAGE, seq, &page, &fd);
	return 0;
}

static int
check_read(const struct msg_map_read *m, struct msg_result *res)
{
	if (m->how > MAP_READ_KEY || m->key_len > IPC_MAP_KEY_MAX || (m->how == MAP_READ_FIRST) != (m->key_len == 0))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed request to read a map");
	return 0;
}

int
on_MAP_READ(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_map_read *m, int *fds)
{
	AUTO(element_map) struct element_map map = { .fd = -1 };
	struct map_page page = { 0 };
	struct msg_result res;
	int err = m->how == MAP_READ_NEXT ? authorise_more(ld, fds[0], "read a map", &res) :
		authorise(ld, fds[0], "read a map", &res);

	if (!err)
		err = check_read(m, &res);
	if (!err)
		err = open_map(ld, m->id, &map, &res);
	if (!err)
		err = check_act(ld, &map.facts, MAP_ACT_READ, m->how == MAP_READ_KEY ? m->key_len : 0, &res);
	if (!err)
		err = read_part(ld, m, &map, &page, &res);
	if (!err)
		err = send_page(ld, h->seq, &map.facts, &page, &res);
	free(page.bytes);
	if (err)
		reply_result(ld, h->seq, &res);
	else
		reply_ok(ld, h->seq, 1);
	return 0;
}

/* ---- change ---- */

static int
update(struct loader *ld, const struct msg_map_update *m, const struct element_map *map, int value_fd,
	struct msg_result *res)
{
	const struct msg_map_facts *f = &map->facts;
	AUTO(mem) uint8_t *values = NULL;
	size_t stride = f->value_bytes / f->n_values;
	long len = memfd_seal_received(value_fd, IPC_MAP_KEY_MAX + (size_t)ld->cfg->limits_map_element_bytes);
	int err;

	if (len != (long)f->value_size)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "the value has %ld bytes, those of map %u have %u",
			len < 0 ? 0 : len, f->id, f->value_size);
	values = calloc(1, f->value_bytes);
	if (!values)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory for the value");
	for (uint32_t i = 0; i < f->n_values; i++)
		if (pread(value_fd, values + i * stride, f->value_size, 0) != (ssize_t)f->value_size)
			return result_set(res, IPC_INVALID_ARGUMENT, -EIO, "the value cannot be read");
	err = kernel_update_as(&ld->kernel, map->fd, m->key, values, m->flags);
	return err ? refuse(f, err, "written", res) : 0;
}

int
on_MAP_UPDATE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_map_update *m,
	int *fds)
{
	AUTO(element_map) struct element_map map = { .fd = -1 };
	struct msg_result res;
	int err = authorise(ld, fds[1], "update a map", &res);

	if (!err && (m->key_len == 0 || m->key_len > IPC_MAP_KEY_MAX || m->flags > BPF_EXIST))
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed request to update a map");
	if (!err)
		err = open_map(ld, m->id, &map, &res);
	if (!err)
		err = check_act(ld, &map.facts, MAP_ACT_UPDATE, m->key_len, &res);
	if (!err)
		err = update(ld, m, &map, fds[0], &res);
	reply_done(ld, h->seq, err, &res);
	return 0;
}

int
on_MAP_DELETE(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_map_delete *m,
	int *fds)
{
	AUTO(element_map) struct element_map map = { .fd = -1 };
	struct msg_result res;
	int err = authorise(ld, fds[0], "delete from a map", &res);

	if (!err && (m->key_len == 0 || m->key_len > IPC_MAP_KEY_MAX))
		err = result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "malformed request to delete from a map");
	if (!err)
		err = open_map(ld, m->id, &map, &res);
	if (!err)
		err = check_act(ld, &map.facts, MAP_ACT_DELETE, m->key_len, &res);
	if (!err) {
		err = kernel_delete(&ld->kernel, map.fd, m->key);
		err = err ? refuse(&map.facts, err, "written", &res) : 0;
	}
	reply_done(ld, h->seq, err, &res);
	return 0;
}

/* ---- types ---- */

/* The blob of a BTF descriptor that a oneshot opened: it is of the map, or nothing. */
static int
blob_of(struct loader *ld, int btf, uint32_t id, int *out, uint64_t *len)
{
	AUTO(mem) uint8_t *blob = NULL;
	struct bpf_btf_info info;
	union bpf_attr attr = { 0 };
	int err = kernel_info(&ld->kernel, btf, &info, sizeof(info));

	if (err)
		return err;
	if (info.id != id || info.kernel_btf || info.btf_size == 0 || info.btf_size > BTF_BYTES_MAX)
		return -EINVAL;
	*len = info.btf_size;
	blob = calloc(1, info.btf_size);
	if (!blob)
		return -ENOMEM;
	memset(&info, 0, sizeof(info));
	info.btf = (uintptr_t)blob;
	info.btf_size = (uint32_t)*len;
	attr.info.bpf_fd = (uint32_t)btf;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	err = (int)ld->kernel.call(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
	if (err)
		return err;
	*out = memfd_sealed("btf", blob, *len);
	return *out < 0 ? *out : 0;
}

static int
types_of(struct loader *ld, const struct msg_map_facts *f, int *out, uint64_t *len, struct msg_result *res)
{
	const struct msg_btf req = { .id = f->btf_id };
	AUTO(fd) int btf = -1;
	struct msg_one_fd facts;
	int err;

	if (!f->btf_id)
		return result_set(res, IPC_FAILED_PRECONDITION, -ENOENT, "map %u has no types: its object has no BTF",
			f->id);
	err = oneshot_fd(ld, IPC_ONE_BTF, &req, NULL, &facts, &btf, res);
	if (err)
		return err;
	err = blob_of(ld, btf, f->btf_id, out, len);
	return err ? result_set(res, IPC_INTERNAL, err, "the types of map %u cannot be read: %s", f->id,
		strerrordesc_np(-err)) : 0;
}

int
on_MAP_BTF(struct loader *ld, struct peer *p, const struct msg_hdr *h, const struct msg_map_ref *m, int *fds)
{
	AUTO(element_map) struct element_map map = { .fd = -1 };
	AUTO(fd) int blob = -1;
	struct msg_object_fd object;
	struct msg_result res;
	int err = authorise_more(ld, fds[0], "read a map", &res);

	if (!err)
		err = open_map(ld, m->id, &map, &res);
	if (!err)
		err = types_of(ld, &map.facts, &blob, &object.size, &res);
	if (err) {
		reply_result(ld, h->seq, &res);
		return 0;
	}
	reply(ld, IPC_OBJECT, h->seq, &object, &blob);
	reply_ok(ld, h->seq, 1);
	return 0;
}
