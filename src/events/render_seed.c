/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/tables.h"
#include "events/text.h"

/* The two lines of genuinetools/bpfd. */

static const char *
tracer_name(const struct event *e)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);

	return t->seed_name ? t->seed_name : t->name;
}

/* comm, or the line that was typed. */
static bool
command(const struct event *e, struct value *v)
{
	static const struct field *of[N_TRACERS];
	const struct field **f = &of[e->ev->tracer];

	if (!*f)
		*f = field_find(e->ev->tracer, "command");
	return field_get(e, *f, v);
}

bool
render_seed(struct text *t, const struct render *r, const struct event *e)
{
	const struct rec_ctx *c = e->ctx;
	const struct ev_hdr *ev = e->ev;
	const uint32_t ids[] = { ev->tgid, ev->ppid, ev->uid, ev->gid };
	struct value v;

	(void)r;
	text_str(t, tracer_name(e));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		text_char(t, '\t');
		text_u64(t, ids[i]);
	}
	text_char(t, '\t');
	if (command(e, &v))
		text_line(t, v.data, v.len, "");
	text_char(t, '\t');
	if (c->flags & CTX_CONTAINER)
		text_line(t, (const char *)c + c->runtime.off, c->runtime.len, "");
	else
		TEXT_LIT(t, "not-found");
	text_char(t, '\t');
	if (c->flags & CTX_CONTAINER)
		text_line(t, (const char *)c + c->container.off, c->container.len, "");
	return true;
}

/* logrus quotes a value that has other bytes than these. */
static void
logrus(struct text *t, const char *key, const char *s, size_t len)
{
	static const bool plain[256] = { ['a' ... 'z'] = true, ['A' ... 'Z'] = true,
		['0' ... '9'] = true, ['-'] = true, ['.'] = true, ['_'] = true, ['/'] = true,
		['@'] = true, ['+'] = true, ['^'] = true };

	text_str(t, key);
	for (size_t i = 0; i < len; i++) {
		if (!plain[(unsigned char)s[i]]) {
			text_go(t, s, len);
			return;
		}
	}
	text_bytes(t, s, len);
}

/* What the first bpfd put into the map of its own tracers; of others every field. */
static const char *const seed_keys[N_TRACERS][10] = {
	[TR_EXEC] = { "argv", "type" },
	[TR_OPEN] = { "filename" },
	[TR_OPENBREAKOUT] = { "filename" },
	[TR_BASHREADLINE] = { "command" },
	[TR_TCPDROP] = { "saddr", "daddr", "sport", "dport", "state", "tcpflags", "seq", "len" },
};

/* Of a tracer's map: made at its first event. */
#define ENTRIES_MAX 64
struct entry {
	const struct field *f;		/* NULL ends */
	uint8_t len;
	char key[62];			/* "NAME": as it stands inside the message's quotes */
};

static void
add(struct entry **at, const struct entry *end, const struct field *f, const char *name)
{
	struct text t = { .p = (*at)->key, .end = (*at)->key + sizeof((*at)->key), .cap = SIZE_MAX,
		.quoted = true };

	if (!f || *at == end)
		return;
	text_go(&t, name, strlen(name));
	text_char(&t, ':');
	(*at)->len = (uint8_t)(t.p - (*at)->key);
	(*at)++->f = f;
}

static const struct entry *
entries_of(unsigned int tracer)
{
	static struct entry entries[N_TRACERS][ENTRIES_MAX + 1];
	const char *const *keys = seed_keys[tracer];
	struct entry *at = entries[tracer], *end = at + ENTRIES_MAX;

	if (at->f)
		return at;
	for (size_t i = 0; keys[i]; i++)
		add(&at, end, field_find(tracer, keys[i]), keys[i]);
	for (const struct field *f = tracer_info(tracer)->fields; !keys[0] && f->name; f++)
		if (!(f->flags & FIELD_HIDDEN))
			add(&at, end, f, f->name);
	if (tracer != TR_BASHREADLINE)
		add(&at, end, common_find(0, "comm"), "command");
	add(&at, end, common_find(0, "retval"), "returnval");
	return entries[tracer];
}

static void
data(struct text *t, const struct event *e)
{
	bool first = true;
	struct value v;

	for (const struct entry *at = entries_of(e->ev->tracer); at->f; at++) {
		const struct field *f = at->f;

		if (!field_get(e, f, &v))
			continue;
		if (!first)
			TEXT_LIT(t, ", ");
		first = false;
		t->quoted = false;
		text_bytes(t, at->key, at->len);
		t->quoted = true;
		if (f->type == F_STR || f->type == F_PATH) {
			text_go(t, v.data, v.len);
			continue;
		}
		text_char(t, '"');
		value_line(t, f, &v, "\"", f->type == F_FLAGS ? " | " : " ");
		text_char(t, '"');
	}
}

bool
render_logfmt(struct text *t, const struct render *r, const struct event *e)
{
	const struct rec_ctx *c = e->ctx;
	bool in = c->flags & CTX_CONTAINER;

	(void)r;
	TEXT_LIT(t, "level=info msg=\"map[string]string{");
	t->quoted = true;
	data(t, e);
	t->quoted = false;
	TEXT_LIT(t, "}\"");
	logrus(t, " container_id=", (const char *)c + c->container.off, in ? c->container.len : 0);
	if (in)
		logrus(t, " container_runtime=", (const char *)c + c->runtime.off, c->runtime.len);
	else
		TEXT_LIT(t, " container_runtime=not-found");
	TEXT_LIT(t, " pid=");
	text_u64(t, e->ev->tgid);
	TEXT_LIT(t, " tgid=");
	text_u64(t, e->ev->ppid);
	TEXT_LIT(t, " tracer=");
	text_str(t, tracer_name(e));
	return true;
}
