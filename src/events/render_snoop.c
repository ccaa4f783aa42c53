/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"
#include "events/tables.h"
#include "events/text.h"

/* The JSON lines of go-ebpf's execsnoop and socketsnoop: its names, in its order. */

#define KEY(t, name) TEXT_LIT(t, ",\"" name "\":")

static void
string(struct text *t, const char *name, const void *s, size_t len)
{
	if (!len)
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "\":");
	text_json(t, s, len);
}

static void
time_value(struct text *t, const struct render *r, uint64_t boot_ns)
{
	text_char(t, '"');
	text_time(t, (int64_t)boot_ns + r->boot_offset_ns);
	text_char(t, '"');
}

static bool
get(const struct event *e, const char *name, struct value *v)
{
	const struct field *f = field_find(e->ev->tracer, name);

	return f && field_get(e, f, v);
}

static void
arguments(struct text *t, const struct event *e)
{
	const char *s, *end;
	size_t cap = t->cap;
	struct value v;

	if (!get(e, "args", &v) || v.type != F_LIST || !v.len)
		return;
	KEY(t, "args");
	text_char(t, '[');
	s = v.data;
	end = s + v.len;
	for (const char *at = s; at < end && !t->full && (size_t)(at - s) <= cap;) {
		size_t n = strnlen(at, (size_t)(end - at));

		if (at > s)
			text_char(t, ',');
		t->cap = cap == SIZE_MAX ? cap : cap - (size_t)(at - s);
		text_json(t, at, n);
		at += n + 1;
	}
	t->cap = cap;
	text_char(t, ']');
}

static void
process(struct text *t, const struct event *e)
{
	const struct rec_ctx *c = e->ctx;
	const struct ev_hdr *ev = e->ev;
	struct value v;

	KEY(t, "ppid");
	text_u64(t, ev->ppid);
	string(t, "parent_comm", (const char *)c + c->pcomm.off, c->pcomm.len);
	KEY(t, "pid");
	text_u64(t, ev->tgid);
	KEY(t, "uid");
	text_u64(t, ev->uid);
	KEY(t, "gid");
	text_u64(t, ev->gid);
	string(t, "comm", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
	if (ev->tracer == TR_EXEC && get(e, "filename", &v))
		string(t, "exe", v.data, v.len);
	else
		string(t, "exe", (const char *)c + c->exe.off, c->exe.len);
	arguments(t, e);
}

bool
render_execsnoop(struct text *t, const struct render *r, const struct event *e)
{
	const struct ev_hdr *ev = e->ev;
	bool exited = ev->tracer == TR_EXIT, error = ev->tracer == TR_EXEC && ev->ret < 0;

	if (!exited && ev->tracer != TR_EXEC)
		return false;
	TEXT_LIT(t, "{\"type\":\"");
	text_str(t, exited ? "exited" : error ? "error" : "started");
	TEXT_LIT(t, "\",\"start_time\":");
	time_value(t, r, ev->start && exited ? ev->start : ev->ts);
	process(t, e);
	if (exited) {
		KEY(t, "end_time");
		time_value(t, r, ev->ts);
		KEY(t, "running_time_ns");
		text_u64(t, ev->start && ev->start < ev->ts ? ev->ts - ev->start : 0);
	}
	if (error) {
		KEY(t, "error_code");
		text_i64(t, ev->ret);
	}
	text_char(t, '}');
	return true;
}

/* Its spelling of the states, the last one too. */
static const char *const states[] = {
	[1] = "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE",
	"CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING", "NEW_SYNC_RECV",
};

static void
state(struct text *t, const char *name, const struct event *e, const char *field)
{
	struct value v;

	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "\":\"");
	if (get(e, field, &v) && v.u && v.u < sizeof(states) / sizeof(states[0]))
		text_str(t, states[v.u]);
	else if (get(e, field, &v))
		text_u64(t, v.u);
	text_char(t, '"');
}

/* An address, a word of an enum: never anything that must be escaped. */
static void
word(struct text *t, const char *name, const struct event *e, const char *field)
{
	struct value v;

	if (!get(e, field, &v))
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "\":\"");
	value_line(t, field_find(e->ev->tracer, field), &v, "\"", " ");
	text_char(t, '"');
}

static void
port(struct text *t, const char *name, const struct event *e, const char *field)
{
	struct value v;

	if (!get(e, field, &v) || !v.u)
		return;
	TEXT_LIT(t, ",\"");
	text_str(t, name);
	TEXT_LIT(t, "\":");
	text_u64(t, v.u);
}

bool
render_socketsnoop(struct text *t, const struct render *r, const struct event *e)
{
	const struct ev_hdr *ev = e->ev;
	struct value v;

	if (ev->tracer != TR_TCPSTATE || !get(e, "oldstate", &v))
		return false;
	TEXT_LIT(t, "{\"timestamp\":");
	time_value(t, r, ev->ts);
	KEY(t, "id");
	text_u64(t, get(e, "cookie", &v) ? v.u : 0);
	KEY(t, "pid");
	text_u64(t, ev->tgid);
	string(t, "comm", ev->comm, strnlen(ev->comm, sizeof(ev->comm)));
	KEY(t, "uid");
	text_u64(t, ev->uid);
	KEY(t, "gid");
	text_u64(t, ev->gid);
	word(t, "source_ip", e, "saddr");
	word(t, "destination_ip", e, "daddr");
	port(t, "source_port", e, "sport");
	port(t, "destination_port", e, "dport");
	state(t, "state_old", e, "oldstate");
	state(t, "state_new", e, "newstate");
	word(t, "address_family", e, "family");
	word(t, "network_protocol", e, "protocol");
	text_char(t, '}');
	return true;
}
