/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/shown.h"
#include "events/tables.h"
#include "events/text.h"

/*
 * One object: names are those of the fields, but for "container" and "ns", which are objects, and
 * the dot of exe.dev, which is an underscore.  Strings that are not UTF-8 are repeated byte by
 * byte as NAME_hex.
 */

/* A key as it stands in the text, and its length. */
#define KEY(name) ",\"" name "\":", sizeof(",\"" name "\":") - 1

static inline void
number(struct text *t, const char *key, size_t len, uint64_t u)
{
	text_bytes(t, key, len);
	text_u64(t, u);
}

static void
hex_key(struct text *t, const char *key, size_t len)
{
	text_bytes(t, key, len - strlen("\":"));
	TEXT_LIT(t, "_hex\":");
}

static void
string(struct text *t, const char *key, size_t key_len, const void *s, size_t len)
{
	text_bytes(t, key, key_len);
	if (text_json(t, s, len))
		return;
	hex_key(t, key, key_len);
	text_json_hex(t, s, len);
}

/* The cap is for all items together, so that many short ones are cut too. */
static bool
items(struct text *t, const char *s, size_t len, bool hex)
{
	const char *end = s + len;
	size_t cap = t->cap;
	bool valid = true;

	text_char(t, '[');
	for (const char *at = s; at < end && !t->full;) {
		size_t n = strnlen(at, (size_t)(end - at));

		if (at > s && (size_t)(at - s) >= cap) {
			t->cut = true;
			break;
		}
		if (at > s)
			text_char(t, ',');
		t->cap = cap == SIZE_MAX ? cap : cap - (size_t)(at - s);
		if (hex)
			text_json_hex(t, at, n);
		else if (!text_json(t, at, n))
			valid = false;
		at += n + 1;
	}
	text_char(t, ']');
	t->cap = cap;
	return valid;
}

static void
list(struct text *t, const char *key, size_t key_len, const void *s, size_t len)
{
	text_bytes(t, key, key_len);
	if (items(t, s, len, false))
		return;
	hex_key(t, key, key_len);
	items(t, s, len, true);
}

static void
words(struct text *t, const struct field *f, uint64_t u)
{
	const char *zero = u ? NULL : value_word(f, 0), *between = "\"";

	text_char(t, '[');
	if (zero) {
		text_char(t, '"');
		text_str(t, zero);
		text_char(t, '"');
	}
	for (const struct field_word *w = f->words; w && w->word; w++) {
		if (!w->value || (u & w->value) != w->value)
			continue;
		text_str(t, between);
		text_str(t, w->word);
		text_char(t, '"');
		u &= ~w->value;
		between = ",\"";
	}
	if (u) {
		text_str(t, between);
		text_hex(t, u);
		text_char(t, '"');
	}
	text_char(t, ']');
}

static void
quoted(struct text *t, const struct field *f, const struct value *v)
{
	text_char(t, '"');
	value_line(t, f, v, "\"", " ");
	text_char(t, '"');
}

static void
time_of(struct text *t, const char *key, size_t len, const struct render *r, uint64_t boot_ns)
{
	text_bytes(t, key, len);
	text_char(t, '"');
	text_time(t, (int64_t)boot_ns + r->boot_offset_ns);
	text_char(t, '"');
}

static void
named(struct text *t, struct shown *s, uint64_t u)
{
	const char *from = t->p;

	if (shown_kept(&s->in_json, t, u))
		return;
	words(t, s->f, u);
	shown_keep(&s->in_json, t, from, u);
}

static void
value(struct text *t, const struct render *r, struct shown *s, const struct value *v)
{
	const struct field *f = s->f;

	switch (f->type) {
	case F_LIST:
		list(t, s->json, s->json_len, v->data, v->len);
		return;
	case F_TIME:
		time_of(t, s->json, s->json_len, r, v->u);
		return;
	case F_FLAGS:
		text_bytes(t, s->json, s->json_len);
		if (f->flags & FIELD_HEX)
			quoted(t, &(struct field){ .type = F_U64, .flags = FIELD_HEX }, v);
		else
			named(t, s, v->u);
		return;
	case F_U64:
	case F_I64:
	case F_BOOL:
	case F_ENUM:
	case F_IP:
	case F_MAC:
	case F_STR:			/* string_again() */
	case F_PATH:
		break;
	}
	text_bytes(t, s->json, s->json_len);
	if (f->type == F_U64 && !(f->flags & FIELD_HEX))
		text_u64(t, v->u);
	else if (f->type == F_BOOL || f->type == F_I64)
		value_line(t, f, v, "", "");
	else
		quoted(t, f, v);
}

/* A file's path and its name as given are the same more often than not: escaped once. */
struct written { const void *data; size_t len; const char *text, *end; };

static void
string_again(struct text *t, const struct shown *s, const struct value *v, struct written *last)
{
	const char *text = t->p + s->json_len;

	if (last->text && v->len == last->len && memcmp(v->data, last->data, v->len) == 0) {
		text_bytes(t, s->json, s->json_len);
		text_bytes(t, last->text, (size_t)(last->end - last->text));
		return;
	}
	text_bytes(t, s->json, s->json_len);
	if (!text_json(t, v->data, v->len)) {
		hex_key(t, s->json, s->json_len);
		text_json_hex(t, v->data, v->len);
		return;
	}
	if (!t->full)
		*last = (struct written){ v->data, v->len, text, t->p };
}

static unsigned int
own(struct text *t, const struct render *r, const struct event *e)
{
	struct written last = { .text = NULL };
	unsigned int seen = 0;
	struct value v;

	for (struct shown *s = shown_of(e->ev->tracer)->fields; s->f; s++) {
		if (!shown_get(s, e, &v))
			continue;
		seen |= s->own;
		if (s->f->type == F_STR || s->f->type == F_PATH)
			string_again(t, s, &v, &last);
		else
			value(t, r, s, &v);
	}
	return seen;
}

static void
ctx_str(struct text *t, const struct rec_ctx *c, const char *key, size_t len, const struct ev_str *s)
{
	if (s->len)
		string(t, key, len, (const char *)c + s->off, s->len);
}

static void
process(struct text *t, const struct render *r, const struct event *e, unsigned int seen)
{
	const struct rec_ctx *c = e->ctx;

	if (!(seen & OWN_EXE))
		ctx_str(t, c, KEY("exe"), &c->exe);
	if (!(seen & OWN_CWD))
		ctx_str(t, c, KEY("cwd"), &c->cwd);
	if (!(seen & OWN_ARGS) && c->args.len)
		list(t, KEY("args"), (const char *)c + c->args.off, c->args.len);
	ctx_str(t, c, KEY("pcomm"), &c->pcomm);
	ctx_str(t, c, KEY("pexe"), &c->pexe);
	ctx_str(t, c, KEY("tty"), &c->tty);
	if (e->ev->start)
		time_of(t, KEY("start"), r, e->ev->start);
	if (!(c->flags & CTX_PROC))
		return;
	text_bytes(t, KEY("cap_eff"));
	text_char(t, '"');
	text_hex(t, c->cap_eff);
	text_char(t, '"');
	number(t, KEY("euid"), c->euid);
	number(t, KEY("egid"), c->egid);
	if (c->loginuid != UINT32_MAX)
		number(t, KEY("loginuid"), c->loginuid);
	if (c->sessionid != UINT32_MAX)
		number(t, KEY("sessionid"), c->sessionid);
	number(t, KEY("ns_pid"), c->ns_pid);
	if (c->exe_ino) {
		number(t, KEY("exe_dev"), c->exe_dev);
		number(t, KEY("exe_ino"), c->exe_ino);
	}
	number(t, KEY("exe_nlink"), c->exe_nlink);
	if (c->exe.len) {
		text_bytes(t, KEY("fileless"));
		text_str(t, c->exe_nlink ? "false" : "true");
	}
}

static void
namespaces(struct text *t, const struct event *e)
{
	const struct rec_ctx *c = e->ctx;

	TEXT_LIT(t, ",\"ns\":{\"mnt\":");
	text_u64(t, e->ev->mntns);
	if (c->flags & CTX_PROC) {
		number(t, KEY("pid"), c->pidns);
		number(t, KEY("net"), c->netns);
		number(t, KEY("user"), c->userns);
		number(t, KEY("cgroup"), c->cgroupns);
		text_bytes(t, KEY("host"));
		text_str(t, c->flags & CTX_HOST ? "true" : "false");
	}
	text_char(t, '}');
}

static void
container(struct text *t, const struct rec_ctx *c)
{
	ctx_str(t, c, KEY("cgroup"), &c->cgroup);
	if (!(c->flags & CTX_CONTAINER)) {
		TEXT_LIT(t, ",\"container\":null");
		return;
	}
	TEXT_LIT(t, ",\"container\":{\"trusted\":");
	text_str(t, c->flags & CTX_CLAIM ? "false" : "true");
	ctx_str(t, c, KEY("id"), &c->container);
	ctx_str(t, c, KEY("runtime"), &c->runtime);
	ctx_str(t, c, KEY("name"), &c->name);
	ctx_str(t, c, KEY("image"), &c->image);
	ctx_str(t, c, KEY("pod"), &c->pod);
	ctx_str(t, c, KEY("k8s_ns"), &c->k8s_ns);
	ctx_str(t, c, KEY("pod_uid"), &c->pod_uid);
	if (c->labels.len)
		list(t, KEY("labels"), (const char *)c + c->labels.off, c->labels.len);
	text_char(t, '}');
}

/*
 * What is the same for all events of a process, two thirds of a document, is kept as text: the
 * context that it was made from is compared byte by byte.
 */
#define KEPT		16		/* processes */
#define KEPT_CTX	2048
#define KEPT_TEXT	4096

struct kept {
	uint64_t ctx[KEPT_CTX / 8];
	uint64_t start;
	int64_t boot_offset_ns;
	uint32_t ctx_len, mntns;
	unsigned int seen;
	size_t len;			/* of text; 0: nothing is kept */
	char text[KEPT_TEXT];
};

static bool
is_kept(const struct kept *k, const struct render *r, const struct event *e, unsigned int seen)
{
	return k->len && k->ctx_len == e->ctx->len && k->start == e->ev->start &&
		k->mntns == e->ev->mntns && k->seen == seen &&
		k->boot_offset_ns == r->boot_offset_ns && memcmp(k->ctx, e->ctx, k->ctx_len) == 0;
}

static void
context(struct text *t, const struct render *r, const struct event *e, unsigned int seen)
{
	static struct kept kept[KEPT];
	struct kept *k = &kept[e->ev->tgid % KEPT];
	const char *from = t->p;
	size_t len;

	if (t->cap == SIZE_MAX && is_kept(k, r, e, seen)) {
		text_bytes(t, k->text, k->len);
		return;
	}
	process(t, r, e, seen);
	namespaces(t, e);
	container(t, e->ctx);
	len = (size_t)(t->p - from);
	if (t->full || t->cap != SIZE_MAX || len > KEPT_TEXT || e->ctx->len > KEPT_CTX)
		return;
	memcpy(k->ctx, e->ctx, e->ctx->len);
	memcpy(k->text, from, len);
	k->ctx_len = e->ctx->len;
	k->start = e->ev->start;
	k->mntns = e->ev->mntns;
	k->boot_offset_ns = r->boot_offset_ns;
	k->seen = seen;
	k->len = len;
}

static void
rules(struct text *t, const struct event *e)
{
	TEXT_LIT(t, ",\"rules\":[");
	for (uint32_t i = 0; i < e->n_matches; i++) {
		const struct rec_match *m = &e->matches[i];

		if (i)
			text_char(t, ',');
		TEXT_LIT(t, "{\"severity\":\"");
		text_str(t, severity_names[m->severity]);
		text_char(t, '"');
		string(t, KEY("name"), (const char *)e->rec + m->name_off, m->name_len);
		if (m->suppressed)
			number(t, KEY("suppressed"), m->suppressed);
		if (m->flags & MATCH_UNKNOWN)
			TEXT_LIT(t, ",\"unknown\":true");
		text_char(t, '}');
	}
	text_char(t, ']');
}

/* Most events match one rule, and many one behind the other the same. */
static void
kept_rules(struct text *t, const struct event *e)
{
	static struct { size_t name_len, len; uint32_t severity; char name[128], text[256]; } k;
	const struct rec_match *m = e->matches;
	const char *name = (const char *)e->rec + m->name_off, *from = t->p;
	bool plain = e->n_matches == 1 && !m->suppressed && !(m->flags & MATCH_UNKNOWN) && t->cap == SIZE_MAX;

	if (plain && k.len && k.severity == m->severity && k.name_len == m->name_len &&
	    memcmp(k.name, name, m->name_len) == 0) {
		text_bytes(t, k.text, k.len);
		return;
	}
	rules(t, e);
	if (!plain || t->full || m->name_len > sizeof(k.name) || (size_t)(t->p - from) > sizeof(k.text))
		return;
	k.len = (size_t)(t->p - from);
	k.name_len = m->name_len;
	k.severity = m->severity;
	memcpy(k.name, name, m->name_len);
	memcpy(k.text, from, k.len);
}

static void
marks(struct text *t, const struct event *e)
{
	static const struct field *f;
	uint64_t u = e->ev->flags;

	if (!f)
		f = common_find(0, "marks");
	if (u) {
		text_bytes(t, KEY("marks"));
		words(t, f, u);
	}
	if (t->cut)
		TEXT_LIT(t, ",\"cut\":true");
}

static void
kind(struct text *t, const struct event *e)
{
	const struct tracer_info *info = tracer_info(e->ev->tracer);

	text_bytes(t, KEY("tracer"));
	text_char(t, '"');
	text_str(t, info->name);
	TEXT_LIT(t, "\",\"event\":\"");
	text_str(t, info->events[e->ev->event]);
	TEXT_LIT(t, "\",\"retval\":");
}

/* The same for each event of its number. */
#define KINDS	8
static void
kept_kind(struct text *t, const struct event *e)
{
	static struct { size_t len; char text[88]; } kept[N_TRACERS][KINDS], *k;
	const char *from = t->p;

	if (e->ev->event >= KINDS) {
		kind(t, e);
		return;
	}
	k = &kept[e->ev->tracer][e->ev->event];
	if (k->len) {
		text_bytes(t, k->text, k->len);
		return;
	}
	kind(t, e);
	if (t->full || (size_t)(t->p - from) > sizeof(k->text))
		return;
	k->len = (size_t)(t->p - from);
	memcpy(k->text, from, k->len);
}

static void
what(struct text *t, const struct event *e)
{
	const char *error = e->ev->ret < 0 ? common_errno(e->ev->ret) : NULL;

	kept_kind(t, e);
	text_i64(t, e->ev->ret);
	if (error) {
		TEXT_LIT(t, ",\"error\":\"");
		text_str(t, error);
		text_char(t, '"');
	}
}

static void
who(struct text *t, const struct event *e)
{
	const struct ev_hdr *ev = e->ev;

	number(t, KEY("pid"), ev->tgid);
	number(t, KEY("tid"), ev->tid);
	number(t, KEY("ppid"), ev->ppid);
	number(t, KEY("uid"), ev->uid);
	number(t, KEY("gid"), ev->gid);
	string(t, KEY("comm"), ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
}

/* From tgid to comm: what who() tells, and more. */
#define WHO_OFF		offsetof(struct ev_hdr, tgid)
#define WHO_BYTES	(sizeof(struct ev_hdr) - WHO_OFF)

static void
kept_who(struct text *t, const struct event *e)
{
	static struct { char key[WHO_BYTES], text[176]; size_t len; } kept[KEPT], *k;
	const char *key = (const char *)e->ev + WHO_OFF, *from = t->p;

	k = &kept[e->ev->tid % KEPT];
	if (k->len && t->cap == SIZE_MAX && memcmp(k->key, key, WHO_BYTES) == 0) {
		text_bytes(t, k->text, k->len);
		return;
	}
	who(t, e);
	if (t->full || t->cap != SIZE_MAX || (size_t)(t->p - from) > sizeof(k->text))
		return;
	k->len = (size_t)(t->p - from);
	memcpy(k->text, from, k->len);
	memcpy(k->key, key, WHO_BYTES);
}

bool
render_json(struct text *t, const struct render *r, const struct event *e)
{
	unsigned int seen;

	TEXT_LIT(t, "{\"time\":\"");
	text_time(t, (int64_t)e->ev->ts + r->boot_offset_ns);
	text_char(t, '"');
	if (e->rec)
		number(t, KEY("seq"), e->rec->seq);
	if (r->host)
		string(t, KEY("host"), r->host, strlen(r->host));
	what(t, e);
	kept_who(t, e);
	seen = own(t, r, e);
	context(t, r, e, seen);
	if (e->rec && e->n_matches)
		kept_rules(t, e);
	marks(t, e);
	if (e->rec && e->rec->lost)
		number(t, KEY("lost"), e->rec->lost);
	text_char(t, '}');
	return true;
}
