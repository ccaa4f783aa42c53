/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/map_elements.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/safe.h"

#define METHOD "/bpfd.v1.Programs/ReadMap"
#define BLOB_MAX (16u << 20)		/* the kernel's own limit for BTF */

void
map_shape_free(struct map_shape *m)
{
	kbtf_close(&m->types);
	free(m->blob);
	free(m->name);
	free(m->type);
	memset(m, 0, sizeof(*m));
}

int
map_find(struct ctl *ctl, const char *what, const char *word, uint32_t *id)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf ids = { 0 };
	uint64_t number;

	if (word[0] >= '0' && word[0] <= '9' && word[strspn(word, "0123456789")] == '\0') {
		if (ctl_read_id(ctl, what, word, UINT32_MAX, &number))
			return CTL_USAGE;
		*id = (uint32_t)number;
		return CTL_DONE;
	}
	if (rpc_list_maps(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, what, &e);
	*id = 0;
	for (size_t i = 0; i < all->n_maps; i++) {
		if (strcmp(all->maps[i]->name, word) != 0 || all->maps[i]->id == *id)
			continue;
		buf_printf(&ids, "%s%u (group %llu)", *id ? ", " : "", all->maps[i]->id,
			(unsigned long long)all->maps[i]->group);
		*id = *id ? UINT32_MAX : all->maps[i]->id;
	}
	if (*id == 0)
		return ctl_fail(ctl, CTL_NOT_FOUND, "bpfctl map list shows them", what, "bpfd has no map \"%s\"", word);
	if (*id == UINT32_MAX)
		return ctl_fail(ctl, CTL_USAGE, buf_text(&ids), what, "several maps are named \"%s\": name one by its number",
			word);
	return CTL_DONE;
}

static bool
take_shape(struct map_shape *m, const Bpfd__V1__MapShape *s)
{
	if (m->known || !s->map || !s->n_values || s->value_bytes % s->n_values ||
	    s->map->key_size > UINT16_MAX)
		return false;
	m->key_size = s->map->key_size;
	m->value_size = s->map->value_size;
	m->value_bytes = s->value_bytes;
	m->n_values = s->n_values;
	m->key_type = s->key_type;
	m->value_type = s->value_type;
	m->name = strdup(s->map->name);
	m->type = strdup(s->map->type);
	m->known = true;
	return m->name && m->type;
}

static bool
take_types(struct map_shape *m, const ProtobufCBinaryData *part)
{
	uint8_t *blob = part->len > BLOB_MAX - m->blob_len ? NULL : realloc(m->blob, m->blob_len + part->len);

	if (!blob || m->types.n)
		return false;
	memcpy(blob + m->blob_len, part->data, part->len);
	m->blob = blob;
	m->blob_len += part->len;
	return true;
}

/* Types that cannot be read are none: then there is hex. */
static void
types_end(struct map_shape *m)
{
	if (m->blob && !m->types.n && kbtf_read(m->blob, m->blob_len, &m->types))
		m->key_type = m->value_type = 0;
}

static int
take(struct map_shape *m, const Bpfd__V1__ReadMapResponse *r, map_page_fn *page, void *arg)
{
	if (r->shape && !take_shape(m, r->shape))
		return -EIO;
	if (r->btf.len && !take_types(m, &r->btf))
		return -EIO;
	if (!r->n)
		return 0;
	if (!m->known || r->keys.len != (uint64_t)r->n * m->key_size || r->values.len != (uint64_t)r->n * m->value_bytes)
		return -EIO;
	types_end(m);
	return page ? page(arg, m, r->n, r->keys.data, r->values.data) : 0;
}

static int
take_all(struct ctl *ctl, struct map_shape *m, map_page_fn *page, void *arg, struct client_error *e)
{
	uint8_t *msg;
	size_t len;
	int got;

	while ((got = client_next(ctl->client, &msg, &len, e)) > 0) {
		Bpfd__V1__ReadMapResponse *r = bpfd__v1__read_map_response__unpack(NULL, len, msg);
		int err = r ? take(m, r, page, arg) : -EIO;

		free(msg);
		if (r)
			bpfd__v1__read_map_response__free_unpacked(r, NULL);
		if (err) {
			client_cancel(ctl->client);
			return err;
		}
	}
	types_end(m);
	return got ? got : m->known ? 0 : -EIO;
}

int
map_read(struct ctl *ctl, const char *what, Bpfd__V1__ReadMapRequest *req, struct map_shape *m, map_page_fn *page,
	void *arg)
{
	AUTO(client_error) struct client_error e = { 0 };
	size_t len = bpfd__v1__read_map_request__get_packed_size(req);
	AUTO(mem) uint8_t *packed = malloc(len + 1);
	int err = packed ? 0 : -ENOMEM;

	m->id = req->map;
	if (!err) {
		bpfd__v1__read_map_request__pack(req, packed);
		err = client_start(ctl->client, METHOD, packed, len, &e);
	}
	if (!err)
		err = take_all(ctl, m, page, arg, &e);
	if (e.code)
		return ctl_fail_call(ctl, what, &e);
	if (err)
		return ctl_fail(ctl, CTL_FAILED, NULL, what, err == -EPIPE ? "the elements cannot be written" :
			err == -ENOMEM ? "no memory" : "the answer is malformed");
	return CTL_DONE;
}
