/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/log.h"
#include "ipc/bpfnames.h"
#include "ipc/chan.h"
#include "ipc/globals.h"

#define KEY_MAX		IPC_TARGET_MAX

void
scratch_start(struct scratch *s)
{
	arena_start(&s->arena, SIZE_MAX);
	s->alloc = arena_allocator(&s->arena);
	s->failed = false;
}

void *
scratch_take(struct scratch *s, size_t n, size_t size)
{
	size_t bytes = n * size;
	void *p = bytes ? s->alloc.alloc(s->alloc.allocator_data, bytes) : NULL;

	if (bytes && !p)
		s->failed = true;
	if (p)
		memset(p, 0, bytes);
	return p;
}

char *
scratch_printf(struct scratch *s, const char *fmt, ...)
{
	char text[256];
	va_list ap;
	char *out;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out = scratch_take(s, 1, strlen(text) + 1);
	return out ? strcpy(out, text) : (char *)protobuf_c_empty_string;
}

void
rpc_reply(struct call *call, struct scratch *s, const ProtobufCMessage *response)
{
	if (s->failed)
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the answer");
	else
		call_reply(call, response);
	arena_end(&s->arena);
}

void
rpc_reply_within(struct call *call, struct scratch *s, const ProtobufCMessage *response,
	uint64_t max_bytes, const char *less)
{
	uint64_t max = max_bytes ? max_bytes : RPC_MESSAGE_MAX;
	size_t len = s->failed ? 0 : protobuf_c_message_get_packed_size(response);

	if (len <= max) {
		rpc_reply(call, s, response);
		return;
	}
	call_error(call, IPC_RESOURCE_EXHAUSTED, "the answer has %zu bytes, %llu are taken: ask for less by %s",
		len, (unsigned long long)max, less);
	arena_end(&s->arena);
}

bool
rpc_string(struct call *call, const char *field, const char *text, char *out, size_t size,
	bool may_be_empty)
{
	size_t len = strlen(text);

	if (!len && !may_be_empty) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: must not be empty", field);
		return false;
	}
	if (len >= size || !ipc_str_ok(text, len + 1)) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %s", field, len >= size ?
			"too long" : "has control characters");
		return false;
	}
	memcpy(out, text, len + 1);
	return true;
}

bool
rpc_texts(struct call *call, const char *field, size_t n, void *entries, struct kvs *out)
{
	struct text_entry **e = entries;
	char key[KEY_MAX];

	if (n > PROGRAMS_METADATA_MAX) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %zu entries, at most %d", field, n,
			PROGRAMS_METADATA_MAX);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (!rpc_string(call, field, e[i]->key, key, sizeof(key), false))
			return false;
		if (strlen(e[i]->value) >= PROGRAMS_VALUE_MAX) {
			programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: the value of %s is too long",
				field, LOG_QUOTE(key));
			return false;
		}
		if (kvs_set(out, key, e[i]->value, strlen(e[i]->value)) < 0) {
			programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
			return false;
		}
	}
	return true;
}

bool
rpc_globals(struct call *call, const char *field, size_t n, void *entries, struct kvs *out,
	struct msg_load *msg)
{
	struct bytes_entry **e = entries;
	char name[IPC_NAME_MAX];
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (!rpc_string(call, field, e[i]->key, name, sizeof(name), false))
			return false;
		if (kvs_set(out, name, e[i]->value.data, e[i]->value.len) < 0) {
			programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
			return false;
		}
	}
	for (size_t i = 0; i < out->n; i++) {
		const struct kv *kv = &out->v[i];

		if (globals_add(msg->globals, sizeof(msg->globals), &len, kv->key, strlen(kv->key),
			    kv->value, kv->len) < 0) {
			programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: %s has %zu bytes; all together "
				"may have %d", field, LOG_QUOTE(kv->key), kv->len, IPC_GLOBALS_MAX);
			return false;
		}
	}
	msg->globals_len = (uint32_t)len;
	return true;
}

size_t
rpc_text_entries(struct scratch *s, const struct kvs *k, const ProtobufCMessageDescriptor *desc,
	void *out)
{
	struct text_entry **e = scratch_take(s, k->n, sizeof(*e));
	struct text_entry *all = scratch_take(s, k->n, sizeof(*all));

	if (!e || !all)
		return 0;
	for (size_t i = 0; i < k->n; i++) {
		all[i] = (struct text_entry){ PROTOBUF_C_MESSAGE_INIT(desc), k->v[i].key,
			(char *)k->v[i].value };
		e[i] = &all[i];
	}
	*(struct text_entry ***)out = e;
	return k->n;
}

size_t
rpc_bytes_entries(struct scratch *s, const struct kvs *k, const ProtobufCMessageDescriptor *desc,
	void *out)
{
	struct bytes_entry **e = scratch_take(s, k->n, sizeof(*e));
	struct bytes_entry *all = scratch_take(s, k->n, sizeof(*all));

	if (!e || !all)
		return 0;
	for (size_t i = 0; i < k->n; i++) {
		all[i] = (struct bytes_entry){ PROTOBUF_C_MESSAGE_INIT(desc), k->v[i].key,
			{ k->v[i].len, k->v[i].value } };
		e[i] = &all[i];
	}
	*(struct bytes_entry ***)out = e;
	return k->n;
}

bool
rpc_load_prog(struct call *call, const char *field, struct msg_load *msg, const char *name,
	const char *kind, const char *attach_to)
{
	struct load_prog *p = &msg->progs[msg->n_progs];
	char where[64];

	if (msg->n_progs == IPC_PROGS_MAX) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: at most %d programs may be named",
			field, IPC_PROGS_MAX);
		return false;
	}
	snprintf(where, sizeof(where), "%s[%u]: name", field, msg->n_progs);
	if (!rpc_string(call, where, name, p->name, sizeof(p->name), false))
		return false;
	snprintf(where, sizeof(where), "%s[%u]: attach_to", field, msg->n_progs);
	if (!rpc_string(call, where, attach_to, p->attach_to, sizeof(p->attach_to), true))
		return false;
	for (uint32_t i = 0; i < msg->n_progs; i++)
		if (strcmp(msg->progs[i].name, name) == 0) {
			programs_refuse(call, IPC_INVALID_ARGUMENT, "%s: program %s is named twice", field,
				LOG_QUOTE(name));
			return false;
		}
	p->attach_type = IPC_ANY_ATTACH;
	if (kind[0] && bpf_prog_kind_from_name(kind, &p->prog_type, &p->attach_type) < 0) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%s[%u]: type %s is not one of %s", field,
			msg->n_progs, LOG_QUOTE(kind), bpf_prog_kinds());
		return false;
	}
	msg->n_progs++;
	return true;
}

void
rpc_load_grant(struct msg_load *msg)
{
	msg->type_grant = 0;
	for (uint32_t i = 0; i < msg->n_progs; i++) {
		if (!msg->progs[i].prog_type) {
			msg->type_grant = 0;
			return;
		}
		msg->type_grant |= 1ULL << msg->progs[i].prog_type;
	}
}

bool
rpc_load_texts(struct call *call, struct load_args *a, const char *path, const char *source,
	const char *uuid)
{
	a->path = strdup(path);
	a->source = strdup(source);
	a->uuid = strdup(uuid);
	if (a->path && a->source && a->uuid)
		return true;
	programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
	return false;
}

const char *
rpc_live_name(enum live_state live, bool link)
{
	if (live == LIVE_LOST)
		return "lost";
	if (live == LIVE_ORPHAN)
		return "orphan";
	return link ? "attached" : "loaded";
}

static void
on_cancel(void *arg)
{
	struct query *q = arg;

	q->call = NULL;
}

struct query *
rpc_query(struct call *call, size_t size)
{
	struct query *q = calloc(1, size);

	if (!q) {
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	q->api = call_api(call);
	q->call = call;
	call_on_cancel(call, on_cancel, q);
	return q;
}

void
rpc_loader_away(struct call *call)
{
	call_error(call, IPC_UNAVAILABLE, "bpfd-loader is being restarted: try again");
}

const struct msg_prog_facts *
rpc_find_prog(const struct answer *a, uint64_t id)
{
	for (size_t i = 0; a->result.code == IPC_OK && i < a->n_progs; i++)
		if (a->progs[i].id == id)
			return &a->progs[i];
	return NULL;
}
