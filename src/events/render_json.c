/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/tables.h"
#include "events/text.h"

/*
 * One object: names are those of the fields, but for "container" and "ns", which are objects, and
 * the dot of exe.dev, which is an underscore.  Strings that are not UTF-8 are repeated byte by
 * byte as NAME_hex.
 */

static void
key(struct text *t, const char *name)
{
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "\":");
}

#define KEY(t, name) TEXT_LIT(t, ",\"" name "\":")

static void
number(struct text *t, const char *name, uint64_t u)
{
	key(t, name);
	text_u64(t, u);
}

static void
string(struct text *t, const char *name, const void *s, size_t len)
{
	key(t, name);
	if (text_json(t, s, len))
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "_hex\":");
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
list(struct text *t, const char *name, const void *s, size_t len)
{
	key(t, name);
	if (items(t, s, len, false))
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "_hex\":");
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
time_of(struct text *t, const char *name, const struct render *r, uint64_t boot_ns)
{
	key(t, name);
	text_char(t, '"');
	text_time(t, (int64_t)boot_ns + r->boot_offset_ns);
	text_char(t, '"');
}

static void
value(struct text *t, const struct render *r, const struct field *f, const struct value *v)
{
	switch (f->type) {
	case F_STR:
	case F_PATH:
		string(t, f->name, v->data, v->len);
		return;
	case F_LIST:
		list(t, f->name, v->data, v->len);
		return;
	case F_TIME:
		time_of(t, f->name, r, v->u);
		return;
	case F_FLAGS:
		key(t, f->name);
		if (f->flags & FIELD_HEX)
			quoted(t, &(struct field){ .type = F_U64, .flags = FIELD_HEX }, v);
		else
			words(t, f, v->u);
		return;
	case F_U64:
	case F_I64:
	case F_BOOL:
	case F_ENUM:
	case F_IP:
	case F_MAC:
		break;
	}
	key(t, f->name);
	if (f->type == F_BOOL || f->type == F_I64 || (f->type == F_U64 && !(f->flags & FIELD_HEX)))
		value_line(t, f, v, "", "");
	else
		quoted(t, f, v);
}

/*
 * The tracer's own fields.  Three of the common ones may be told better by the tracer; any other
 * that has a common name (the seq of a segment) gets the tracer's in front.
 */
enum { OWN_ARGS = 1, OWN_EXE = 2, OWN_CWD = 4, OWN_TWIN = 8 };
#define OWN_MAX 64

static const uint8_t *
own_kinds(unsigned int tracer)
{
	static uint8_t kinds[N_TRACERS][OWN_MAX];
	static uint64_t done;
	const struct field *f = tracer_info(tracer)->fields;

	if (done >> tracer & 1)
		return kinds[tracer];
	for (int i = 0; i < OWN_MAX && f[i].name; i++)
		kinds[tracer][i] = strcmp(f[i].name, "args") == 0 ? OWN_ARGS :
			strcmp(f[i].name, "exe") == 0 ? OWN_EXE :
			strcmp(f[i].name, "cwd") == 0 ? OWN_CWD :
			common_is(f[i].name) ? OWN_TWIN : 0;
	done |= 1ULL << tracer;
	return kinds[tracer];
}

static void
twin(struct text *t, const struct render *r, const struct field *f, const struct value *v,
	const char *tracer)
{
	char name[64] = "";
	struct text n = { .p = name, .end = name + sizeof(name) - 1, .cap = SIZE_MAX };
	struct field renamed = *f;

	text_str(&n, tracer);
	text_char(&n, '_');
	text_str(&n, f->name);
	renamed.name = name;
	value(t, r, &renamed, v);
}

static unsigned int
own(struct text *t, const struct render *r, const struct event *e)
{
	const struct tracer_info *info = tracer_info(e->ev->tracer);
	const uint8_t *kinds = own_kinds(e->ev->tracer);
	unsigned int seen = 0;
	struct value v;

	for (int i = 0; i < OWN_MAX && info->fields[i].name; i++) {
		const struct field *f = &info->fields[i];

		if (f->flags & FIELD_HIDDEN || !field_get(e, f, &v))
			continue;
		seen |= kinds[i];
		if (kinds[i] == OWN_TWIN)
			twin(t, r, f, &v, info->name);
		else
			value(t, r, f, &v);
	}
	return seen;
}

static void
ctx_str(struct text *t, const struct rec_ctx *c, const char *name, const struct ev_str *s)
{
	if (s->len)
		string(t, name, (const char *)c + s->off, s->len);
}

static void
process(struct text *t, const struct render *r, const struct event *e, unsigned int seen)
{
	const struct rec_ctx *c = e->ctx;

	if (!(seen & OWN_EXE))
		ctx_str(t, c, "exe", &c->exe);
	if (!(seen & OWN_CWD))
		ctx_str(t, c, "cwd", &c->cwd);
	if (!(seen & OWN_ARGS) && c->args.len)
		list(t, "args", (const char *)c + c->args.off, c->args.len);
	ctx_str(t, c, "pcomm", &c->pcomm);
	ctx_str(t, c, "pexe", &c->pexe);
	ctx_str(t, c, "tty", &c->tty);
	if (e->ev->start)
		time_of(t, "start", r, e->ev->start);
	if (!(c->flags & CTX_PROC))
		return;
	KEY(t, "cap_eff");
	text_char(t, '"');
	text_hex(t, c->cap_eff);
	text_char(t, '"');
	number(t, "euid", c->euid);
	number(t, "egid", c->egid);
	if (c->loginuid != UINT32_MAX)
		number(t, "loginuid", c->loginuid);
	if (c->sessionid != UINT32_MAX)
		number(t, "sessionid", c->sessionid);
	number(t, "ns_pid", c->ns_pid);
	if (c->exe_ino) {
		number(t, "exe_dev", c->exe_dev);
		number(t, "exe_ino", c->exe_ino);
	}
	number(t, "exe_nlink", c->exe_nlink);
	if (c->exe.len) {
		KEY(t, "fileless");
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
		number(t, "pid", c->pidns);
		number(t, "net", c->netns);
		number(t, "user", c->userns);
		number(t, "cgroup", c->cgroupns);
		KEY(t, "host");
		text_str(t, c->flags & CTX_HOST ? "true" : "false");
	}
	text_char(t, '}');
}

static void
container(struct text *t, const struct rec_ctx *c)
{
	ctx_str(t, c, "cgroup", &c->cgroup);
	if (!(c->flags & CTX_CONTAINER)) {
		TEXT_LIT(t, ",\"container\":null");
		return;
	}
	TEXT_LIT(t, ",\"container\":{\"claim\":");
	text_str(t, c->flags & CTX_CLAIM ? "true" : "false");
	ctx_str(t, c, "id", &c->container);
	ctx_str(t, c, "runtime", &c->runtime);
	ctx_str(t, c, "pod", &c->pod);
	text_char(t, '}');
}

/*
 * What is the same for all events of a process, two thirds of a document, is kept as text: the
 * context that it was made from is compared byte by byte.
 */
#define KEPT		16		/* processes */
#define KEPT_CTX	1024
#define KEPT_TEXT	2048

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
	if (!e->n_matches)
		return;
	TEXT_LIT(t, ",\"rules\":[");
	for (uint32_t i = 0; i < e->n_matches; i++) {
		const struct rec_match *m = &e->matches[i];

		if (i)
			text_char(t, ',');
		TEXT_LIT(t, "{\"severity\":\"");
		text_str(t, severity_names[m->severity]);
		text_char(t, '"');
		string(t, "name", (const char *)e->rec + m->name_off, m->name_len);
		if (m->suppressed)
			number(t, "suppressed", m->suppressed);
		if (m->flags & MATCH_UNKNOWN)
			TEXT_LIT(t, ",\"unknown\":true");
		text_char(t, '}');
	}
	text_char(t, ']');
}

static void
marks(struct text *t, const struct event *e)
{
	static const struct field *f;
	uint64_t u = e->ev->flags;

	if (!f)
		f = common_find(0, "marks");
	if (u) {
		KEY(t, "marks");
		words(t, f, u);
	}
	if (t->cut)
		TEXT_LIT(t, ",\"cut\":true");
}

static void
what(struct text *t, const struct event *e)
{
	const struct tracer_info *info = tracer_info(e->ev->tracer);
	const char *error = common_errno(e->ev->ret);

	KEY(t, "tracer");
	text_char(t, '"');
	text_str(t, info->name);
	TEXT_LIT(t, "\",\"event\":\"");
	text_str(t, info->events[e->ev->event]);
	TEXT_LIT(t, "\",\"retval\":");
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

	KEY(t, "pid");
	text_u64(t, ev->tgid);
	KEY(t, "tid");
	text_u64(t, ev->tid);
	KEY(t, "ppid");
	text_u64(t, ev->ppid);
	KEY(t, "uid");
	text_u64(t, ev->uid);
	KEY(t, "gid");
	text_u64(t, ev->gid);
	string(t, "comm", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
}

bool
render_json(struct text *t, const struct render *r, const struct event *e)
{
	unsigned int seen;

	TEXT_LIT(t, "{\"time\":\"");
	text_time(t, (int64_t)e->ev->ts + r->boot_offset_ns);
	text_char(t, '"');
	if (e->rec) {
		KEY(t, "seq");
		text_u64(t, e->rec->seq);
	}
	if (r->host)
		string(t, "host", r->host, strlen(r->host));
	what(t, e);
	who(t, e);
	seen = own(t, r, e);
	context(t, r, e, seen);
	if (e->rec)
		rules(t, e);
	marks(t, e);
	if (e->rec && e->rec->lost)
		number(t, "lost", e->rec->lost);
	text_char(t, '}');
	return true;
}
