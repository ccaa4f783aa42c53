/* SPDX-License-Identifier: Apache-2.0 */
#include "api/event_pb.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "events/render.h"
#include "events/schema.h"
#include "events/text.h"

/* proto/bpfd_v1.proto and proto/grpc_api.proto. */
enum { E_SEQ = 1, E_TIME, E_TRACER, E_EVENT, E_PID, E_TID, E_PPID, E_UID, E_GID, E_COMM, E_EXE, E_RET,
	E_CONTAINER, E_RUNTIME, E_CGROUP, E_FIELDS, E_RULES, E_FLAGS, E_LOST, E_LINE,
	E_NAME, E_IMAGE, E_POD, E_NAMESPACE, E_LABELS, E_TRUSTED };
enum { F_NAME = 1, V_TEXT = 2, V_NUMBER, V_SIGNED, V_RAW, V_FLAG, V_LIST };
enum { M_NAME = 1, M_SEVERITY, M_ACTIONS, M_ENFORCE };
enum { S_PID = 1, S_TGID, S_UID, S_GID, S_DATA, S_CONTAINER, S_RUNTIME, S_TRACER, S_RET, S_COMMAND };
enum { WT_VARINT = 0, WT_LEN = 2 };

#define TEXT_MAX 1024		/* of a value that is made as text: flags, addresses */
#define SEED_MAX 65536		/* of a value in the seed's map: arguments in one line */

struct out {
	uint8_t *p, *end;
};

/* ---- the wire ---- */

static size_t
varint_len(uint64_t v)
{
	return v < 0x80 ? 1 : (size_t)(63 - __builtin_clzll(v)) / 7 + 1;
}

/* The caller has looked for room. */
static void
put_varint(struct out *o, uint64_t v)
{
	while (v >= 0x80) {
		*o->p++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*o->p++ = (uint8_t)v;
}

static uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static bool
room(const struct out *o, size_t n)
{
	return (size_t)(o->end - o->p) >= n;
}

static size_t
tag_len(unsigned int n)
{
	return n < 16 ? 1 : 2;
}

static void
put_uint(struct out *o, unsigned int n, uint64_t v)
{
	if (!v || !room(o, tag_len(n) + varint_len(v)))
		return;
	put_varint(o, n << 3 | WT_VARINT);
	put_varint(o, v);
}

static size_t
bytes_len(unsigned int n, size_t len)
{
	return tag_len(n) + varint_len(len) + len;
}

static bool
put_head(struct out *o, unsigned int n, size_t len)
{
	if (!room(o, bytes_len(n, len)))
		return false;
	put_varint(o, n << 3 | WT_LEN);
	put_varint(o, len);
	return true;
}

static void
put_raw(struct out *o, unsigned int n, const void *data, size_t len)
{
	if (!put_head(o, n, len))
		return;
	memcpy(o->p, data, len);
	o->p += len;
}

/* ---- UTF-8 (RFC 3629) ---- */

static bool
utf8_ok(const uint8_t *s, size_t len)
{
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		uint64_t w;

		memcpy(&w, s + i, sizeof(w));
		if (w & 0x8080808080808080ULL)
			break;
	}
	while (i < len) {
		uint32_t code;
		size_t n = text_utf8(s + i, len - i, &code);

		if (!n)
			return false;
		i += n;
	}
	return true;
}

/* Bytes of s as text, with "\xef\xbf\xbd" for each that is none; out NULL: only count. */
static size_t
utf8_fix(const uint8_t *s, size_t len, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < len;) {
		uint32_t code;
		size_t c = text_utf8(s + i, len - i, &code);

		if (out)
			memcpy(out + n, c ? s + i : (const uint8_t *)"\xef\xbf\xbd", c ? c : 3);
		n += c ? c : 3;
		i += c ? c : 1;
	}
	return n;
}

static size_t
text_len(const void *s, size_t len)
{
	return utf8_ok(s, len) ? len : utf8_fix(s, len, NULL);
}

/* fixed: text_len() of it. */
static void
put_text_body(struct out *o, const void *s, size_t len, size_t fixed)
{
	if (fixed == len)
		memcpy(o->p, s, len);
	else
		utf8_fix(s, len, o->p);
	o->p += fixed;
}

static void
put_text_always(struct out *o, unsigned int n, const void *s, size_t len)
{
	size_t fixed = text_len(s, len);

	if (put_head(o, n, fixed))
		put_text_body(o, s, len, fixed);
}

static void
put_text(struct out *o, unsigned int n, const void *s, size_t len)
{
	if (len)
		put_text_always(o, n, s, len);
}

static void
put_str(struct out *o, unsigned int n, const char *s)
{
	put_raw(o, n, s, strlen(s));
}

/* ---- bpfd.v1.Event ---- */

/* "name" of a field as it stands in its message: made once. */
struct name { uint8_t len, bytes[63]; };
#define NAMES_MAX 64

static const struct name *
name_of(unsigned int tracer, size_t i, const struct field *f)
{
	static struct name names[N_TRACERS][NAMES_MAX];
	struct name *n = &names[tracer][i];
	struct out o = { n->bytes, n->bytes + sizeof(n->bytes) };

	if (!n->len) {
		put_str(&o, F_NAME, f->name);
		n->len = (uint8_t)(o.p - n->bytes);
	}
	return n;
}

static bool
field_head(struct out *o, const struct name *name, size_t value_len)
{
	if (!put_head(o, E_FIELDS, name->len + value_len))
		return false;
	memcpy(o->p, name->bytes, name->len);
	o->p += name->len;
	return true;
}

static void
field_uint(struct out *o, const struct name *f, unsigned int n, uint64_t v)
{
	if (!field_head(o, f, 1 + varint_len(v)))
		return;
	put_varint(o, n << 3 | WT_VARINT);
	put_varint(o, v);
}

static void
field_bytes(struct out *o, const struct name *f, unsigned int n, const void *data, size_t len)
{
	if (field_head(o, f, bytes_len(n, len)))
		put_raw(o, n, data, len);
}

static void
field_list(struct out *o, const struct name *f, const char *data, size_t len)
{
	size_t total = 0;

	for (size_t i = 0, n; i < len; i += n + 1) {
		n = strnlen(data + i, len - i);
		total += bytes_len(1, text_len(data + i, n));
	}
	if (!field_head(o, f, bytes_len(V_LIST, total)) || !put_head(o, V_LIST, total))
		return;
	for (size_t i = 0, n; i < len; i += n + 1) {
		n = strnlen(data + i, len - i);
		put_text_always(o, 1, data + i, n);
	}
}

static void
put_field(struct out *o, const struct event_pb *pb, const struct name *name, const struct field *f,
	const struct value *v)
{
	static char text[TEXT_MAX];	/* one thread; not to be cleared each time */

	switch (v->type) {
	case F_U64:
		field_uint(o, name, V_NUMBER, v->u);
		break;
	case F_TIME:
		field_uint(o, name, V_NUMBER, v->u + (uint64_t)pb->boot_offset_ns);
		break;
	case F_I64:
		field_uint(o, name, V_SIGNED, zigzag((int64_t)v->u));
		break;
	case F_BOOL:
		field_uint(o, name, V_FLAG, v->u != 0);
		break;
	case F_STR:
	case F_PATH:
		field_bytes(o, name, utf8_ok(v->data, v->len) ? V_TEXT : V_RAW, v->data, v->len);
		break;
	case F_LIST:
		field_list(o, name, v->data, v->len);
		break;
	case F_IP:
	case F_MAC:
	case F_FLAGS:
	case F_ENUM:
		field_bytes(o, name, V_TEXT, text, render_value(f, v, text, sizeof(text)));
		break;
	}
}

static void
put_match(struct out *o, const struct event_pb *pb, const struct event *e, const struct rec_match *m)
{
	uint64_t known = pb->actions->n < 64 ? (1ULL << pb->actions->n) - 1 : UINT64_MAX;
	const char *name = (const char *)e->rec + m->name_off;
	const char *severity = m->severity < N_SEVERITIES ? severity_names[m->severity] : "";
	size_t len = bytes_len(M_NAME, text_len(name, m->name_len)) +
		bytes_len(M_SEVERITY, strlen(severity)) + (m->flags & MATCH_ENFORCE ? 2 : 0);

	for (uint64_t bits = m->actions & known; bits; bits &= bits - 1)
		len += bytes_len(M_ACTIONS, strlen(pb->actions->a[__builtin_ctzll(bits)].name));
	if (!put_head(o, E_RULES, len))
		return;
	put_text_always(o, M_NAME, name, m->name_len);
	put_str(o, M_SEVERITY, severity);
	for (uint64_t bits = m->actions & known; bits; bits &= bits - 1)
		put_str(o, M_ACTIONS, pb->actions->a[__builtin_ctzll(bits)].name);
	put_uint(o, M_ENFORCE, m->flags & MATCH_ENFORCE ? 1 : 0);
}

/* The words of the field marks. */
static void
put_flags(struct out *o, uint32_t flags)
{
	static const struct field *marks;

	if (!flags)
		return;
	if (!marks)
		marks = field_find(0, "marks");
	for (const struct field_word *w = marks->words; w->word; w++)
		if (flags & w->value)
			put_str(o, E_FLAGS, w->word);
}

#define CTX(e, member) (const char *)(e)->ctx + (e)->ctx->member.off, (e)->ctx->member.len

static void
put_container(struct out *o, const struct event *e)
{
	const char *label = (const char *)e->ctx + e->ctx->labels.off, *end = label + e->ctx->labels.len;

	put_text(o, E_NAME, CTX(e, name));
	put_text(o, E_IMAGE, CTX(e, image));
	put_text(o, E_POD, CTX(e, pod));
	put_text(o, E_NAMESPACE, CTX(e, k8s_ns));
	for (size_t len; label < end; label += len + 1) {
		len = strnlen(label, (size_t)(end - label));
		put_text(o, E_LABELS, label, len);
	}
	put_uint(o, E_TRUSTED, !(e->ctx->flags & CTX_CLAIM));
}

static void
put_common(struct out *o, const struct event_pb *pb, const struct event *e, const struct tracer_info *t)
{
	const struct ev_hdr *h = e->ev;

	put_uint(o, E_SEQ, e->rec ? e->rec->seq : 0);
	put_uint(o, E_TIME, h->ts + (uint64_t)pb->boot_offset_ns);
	put_str(o, E_TRACER, t->name);
	put_str(o, E_EVENT, t->events[h->event]);
	put_uint(o, E_PID, h->tgid);
	put_uint(o, E_TID, h->tid);
	put_uint(o, E_PPID, h->ppid);
	put_uint(o, E_UID, h->uid);
	put_uint(o, E_GID, h->gid);
	put_text(o, E_COMM, h->comm, strnlen(h->comm, sizeof(h->comm)));
	put_text(o, E_EXE, CTX(e, exe));
	put_uint(o, E_RET, zigzag(h->ret));
	put_text(o, E_CONTAINER, CTX(e, container));
	put_text(o, E_RUNTIME, CTX(e, runtime));
	put_text(o, E_CGROUP, CTX(e, cgroup));
}

size_t
event_pb(const struct event_pb *pb, const struct event *e, uint8_t *out, size_t size)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);
	struct out o = { out, out + size };
	struct value v;

	if (!t)
		return 0;
	put_common(&o, pb, e, t);
	for (const struct field *f = t->fields; f->name && f - t->fields < NAMES_MAX; f++)
		if (!(f->flags & FIELD_HIDDEN) && field_get(e, f, &v))
			put_field(&o, pb, name_of(e->ev->tracer, (size_t)(f - t->fields), f), f, &v);
	for (uint32_t i = 0; i < e->n_matches; i++)
		put_match(&o, pb, e, &e->matches[i]);
	put_flags(&o, e->ev->flags);
	if (e->ctx->flags & CTX_CONTAINER)
		put_container(&o, e);
	return (size_t)(o.p - out);
}

size_t
event_pb_line(const char *line, size_t len, uint8_t *out, size_t size)
{
	struct out o = { out, out + size };

	put_text_always(&o, E_LINE, line, len);
	return (size_t)(o.p - out);
}

size_t
event_pb_lost(uint64_t lost, uint8_t *out)
{
	struct out o = { out, out + 12 };

	put_uint(&o, E_LOST, lost);
	return (size_t)(o.p - out);
}

/* ---- grpc.Event ---- */

static void
seed_data(struct out *o, const char *key, const void *value, size_t len)
{
	size_t fixed = text_len(value, len), key_len = strlen(key);

	if (!put_head(o, S_DATA, bytes_len(1, key_len) + bytes_len(2, fixed)))
		return;
	put_raw(o, 1, key, key_len);
	put_text_always(o, 2, value, len);
}

static void
seed_value(struct out *o, const char *key, const struct event *e, const struct field *f)
{
	static char text[SEED_MAX];	/* one thread */
	struct value v;
	size_t n;

	if (!f || !field_get(e, f, &v))
		return;
	if (v.type == F_STR || v.type == F_PATH) {
		seed_data(o, key, v.data, v.len);
		return;
	}
	if (v.type != F_LIST) {
		seed_data(o, key, text, render_value(f, &v, text, sizeof(text)));
		return;
	}
	n = v.len < sizeof(text) ? v.len : sizeof(text);
	memcpy(text, v.data, n);
	for (size_t i = 0; i + 1 < n; i++)
		if (!text[i])
			text[i] = ' ';
	seed_data(o, key, text, n && !text[n - 1] ? n - 1 : n);
}

static bool
shown(const struct tracer_info *t, const char *name)
{
	for (const struct field *f = t->fields; f->name; f++)
		if (strcmp(f->name, name) == 0)
			return !(f->flags & FIELD_HIDDEN);
	return false;
}

/* Its keys, where the event has such a field under another name. */
static void
seed_aliases(struct out *o, const struct event *e, const struct tracer_info *t)
{
	static const char *const names[] = { "argv", "filename", "command", "returnval", "saddr", "daddr",
		"sport", "dport", "state", "tcpflags", "seq", "len" };
	char ret[24];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct field *f = field_find(e->ev->tracer, names[i]);

		if (f && !shown(t, names[i]))
			seed_value(o, names[i], e, f);
		else if (!f && strcmp(names[i], "returnval") == 0)
			seed_data(o, names[i], ret, (size_t)snprintf(ret, sizeof(ret), "%lld",
				(long long)e->ev->ret));
	}
	if (e->ev->tracer == TR_EXEC)
		seed_data(o, "type", "1", 1);
}

size_t
event_pb_seed(const struct event *e, uint8_t *out, size_t size)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);
	const struct ev_hdr *h = e->ev;
	struct out o = { out, out + size };

	if (!t)
		return 0;
	put_uint(&o, S_PID, h->tgid);
	put_uint(&o, S_TGID, h->ppid);
	put_uint(&o, S_UID, h->uid);
	put_uint(&o, S_GID, h->gid);
	seed_aliases(&o, e, t);
	for (const struct field *f = t->fields; f->name; f++)
		if (!(f->flags & FIELD_HIDDEN))
			seed_value(&o, f->name, e, f);
	put_text(&o, S_CONTAINER, CTX(e, container));
	if (e->ctx->runtime.len)
		put_text(&o, S_RUNTIME, CTX(e, runtime));
	else
		put_str(&o, S_RUNTIME, "not-found");
	put_str(&o, S_TRACER, t->seed_name ? t->seed_name : t->name);
	put_uint(&o, S_RET, (uint64_t)(int64_t)(int32_t)h->ret);
	put_text(&o, S_COMMAND, h->comm, strnlen(h->comm, sizeof(h->comm)));
	return (size_t)(o.p - out);
}
