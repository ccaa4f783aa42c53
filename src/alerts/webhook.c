/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/webhook.h"

#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "events/text.h"
#include "ipc/template.h"

/* Escaped six times as long at most (\u00XX), and what is around it. */
#define ROOM(a_len)	(6 * (a_len) + 4096)

/* Falco's words, which its tools sort by. */
static const char *const priorities[N_SEVERITIES] = {
	[SEV_DEBUG] = "Debug", [SEV_INFO] = "Informational", [SEV_NOTICE] = "Notice", [SEV_LOW] = "Warning",
	[SEV_MEDIUM] = "Error", [SEV_HIGH] = "Critical", [SEV_CRITICAL] = "Emergency",
};

/* ---- parts ---- */

static void
member(struct text *t, const char *name, struct alert_str s)
{
	text_char(t, '"');
	text_str(t, name);
	TEXT_LIT(t, "\":");
	text_json(t, s.s, s.len);
	text_char(t, ',');
}

static void
member_time(struct text *t, int64_t ns)
{
	TEXT_LIT(t, "\"time\":\"");
	text_time(t, ns);
	TEXT_LIT(t, "\",");
}

static struct alert_str
str(const char *s)
{
	return (struct alert_str){ s, strlen(s) };
}

/* The event's own document; one that was cut to nothing is still JSON. */
static void
document(struct text *t, const struct alert *a)
{
	const struct alert_str json = a->text[ALERT_JSON];

	if (json.len)
		text_bytes(t, json.s, json.len);
	else
		TEXT_LIT(t, "null");
}

/* ---- formats ---- */

/* https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md */
static void
cloudevent(struct text *t, const struct alert *a)
{
	char id[40];

	alert_id(a, id);
	TEXT_LIT(t, "{\"specversion\":\"1.0\",");
	member(t, "id", str(id));
	TEXT_LIT(t, "\"source\":\"/bpfd/");
	for (size_t i = 0; i < a->text[ALERT_HOST].len; i++) {	/* a URI: what a host name has not is left out */
		char c = a->text[ALERT_HOST].s[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_')
			text_char(t, c);
	}
	TEXT_LIT(t, "\",\"type\":\"bpfd.");
	text_line(t, a->text[ALERT_TRACER].s, a->text[ALERT_TRACER].len, "\"");
	TEXT_LIT(t, "\",");
	if (a->text[ALERT_RULE].len)
		member(t, "subject", a->text[ALERT_RULE]);
	member_time(t, a->time_ns);
	member(t, "severity", str(severity_names[a->severity]));
	TEXT_LIT(t, "\"datacontenttype\":\"application/json\",\"data\":");
	document(t, a);
	text_char(t, '}');
}

/* As Falco writes with json_output, and falcosidekick takes. */
static void
falco(struct text *t, const struct alert *a)
{
	char id[40];

	alert_id(a, id);
	text_char(t, '{');
	member(t, "uuid", str(id));
	member(t, "hostname", a->text[ALERT_HOST]);
	member_time(t, a->time_ns);
	member(t, "rule", a->text[ALERT_RULE]);
	member(t, "priority", str(priorities[a->severity]));
	member(t, "output", a->text[ALERT_LINE]);
	TEXT_LIT(t, "\"source\":\"bpfd\",\"tags\":[],\"output_fields\":{");
	member(t, "proc.name", a->text[ALERT_COMM]);
	member(t, "proc.exepath", a->text[ALERT_EXE]);
	if (a->text[ALERT_CONTAINER].len) {
		member(t, "container.id", a->text[ALERT_CONTAINER]);
		member(t, "container.name", a->text[ALERT_NAME]);
		member(t, "container.image.repository", a->text[ALERT_IMAGE]);
	}
	if (a->text[ALERT_POD].len) {
		member(t, "k8s.pod.name", a->text[ALERT_POD]);
		member(t, "k8s.ns.name", a->text[ALERT_NAMESPACE]);
	}
	member(t, "evt.type", a->text[ALERT_EVENT]);
	TEXT_LIT(t, "\"user.uid\":");
	text_u64(t, a->uid);
	TEXT_LIT(t, ",\"proc.pid\":");
	text_u64(t, a->pid);
	TEXT_LIT(t, "}}");
}

/* ---- templates ---- */

static void
escaped(struct text *t, const struct webhook *w, struct alert_str s)
{
	struct text inner = *t;

	if (!w->json) {
		text_line(t, s.s, s.len, "");
		return;
	}
	text_json(&inner, s.s, s.len);		/* without its quotes */
	if (!inner.full) {
		size_t len = (size_t)(inner.p - t->p) - 2;

		memmove(t->p, t->p + 1, len);
		t->p += len;
	} else {
		t->full = true;
	}
}

/* The text that a field is; N_ALERT_TEXTS: it is none of those. */
static const enum alert_text texts[N_TEMPLATE_FIELDS] = { [FIELD_RULE] = ALERT_RULE, [FIELD_HOST] = ALERT_HOST,
	[FIELD_TRACER] = ALERT_TRACER, [FIELD_EVENT] = ALERT_EVENT, [FIELD_COMM] = ALERT_COMM, [FIELD_EXE] = ALERT_EXE,
	[FIELD_CONTAINER] = ALERT_CONTAINER, [FIELD_NAME] = ALERT_NAME, [FIELD_IMAGE] = ALERT_IMAGE, [FIELD_POD] = ALERT_POD,
	[FIELD_NAMESPACE] = ALERT_NAMESPACE, [FIELD_LINE] = ALERT_LINE, [FIELD_JSON] = ALERT_JSON,
	[FIELD_SEVERITY] = N_ALERT_TEXTS, [FIELD_TIME] = N_ALERT_TEXTS, [FIELD_ID] = N_ALERT_TEXTS, [FIELD_PID] = N_ALERT_TEXTS,
	[FIELD_UID] = N_ALERT_TEXTS, [FIELD_SUPPRESSED] = N_ALERT_TEXTS };

static void
value(struct text *t, const struct webhook *w, const struct alert *a, enum template_field field)
{
	char id[40];

	if (field == FIELD_SEVERITY) {
		text_str(t, severity_names[a->severity]);
	} else if (field == FIELD_TIME) {
		text_time(t, a->time_ns);
	} else if (field == FIELD_ID) {
		alert_id(a, id);
		text_str(t, id);
	} else if (texts[field] == N_ALERT_TEXTS) {
		text_u64(t, field == FIELD_PID ? a->pid : field == FIELD_UID ? a->uid : a->suppressed);
	} else if (field == FIELD_JSON && w->json) {
		document(t, a);			/* a document in a document */
	} else {
		escaped(t, w, a->text[texts[field]]);
	}
}

static void
fill_in(struct text *t, const struct webhook *w, const struct alert *a)
{
	struct template_part part;

	for (const char *p = w->template; p && *p;) {
		p = template_next(p, &part);
		text_bytes(t, part.text, part.len);
		if (part.field < N_TEMPLATE_FIELDS)
			value(t, w, a, part.field);
	}
}

/* ---- the body ---- */

static void
one(struct text *t, const struct webhook *w, const struct alert *a)
{
	switch (w->format) {
	case WEBHOOK_JSON:
		document(t, a);
		return;
	case WEBHOOK_CLOUDEVENTS:
		cloudevent(t, a);
		return;
	case WEBHOOK_FALCO:
		falco(t, a);
		return;
	case WEBHOOK_TEMPLATE:
		fill_in(t, w, a);
		return;
	case N_WEBHOOK_FORMATS:
		return;
	}
}

/* As often as a template's text may name any one of them. */
static size_t
room_for(const struct webhook *w, const struct alert *alerts, size_t n)
{
	size_t room = 64, times = 1;

	for (const char *p = w->template; p && *p; p++)
		times += *p == '{';
	for (size_t i = 0; i < n; i++) {
		size_t longest = 0, all = 0;

		for (size_t k = 0; k < N_ALERT_TEXTS; k++) {
			all += alerts[i].text[k].len;
			longest = alerts[i].text[k].len > longest ? alerts[i].text[k].len : longest;
		}
		room += ROOM(w->format == WEBHOOK_TEMPLATE ? times * longest : all);
	}
	return room + (w->template ? strlen(w->template) * n : 0);
}

size_t
webhook_write(const struct webhook *w, const struct alert *alerts, size_t n, char **out)
{
	const size_t room = room_for(w, alerts, n);
	AUTO(mem) char *bytes = malloc(room);
	struct text t = { .p = bytes, .end = bytes + room, .cap = SIZE_MAX };

	if (!bytes)
		return 0;
	if (w->many)
		text_char(&t, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			text_char(&t, ',');
		one(&t, w, &alerts[i]);
	}
	if (w->many)
		text_char(&t, ']');
	if (t.full)
		return 0;
	*out = TAKE_PTR(bytes);
	return (size_t)(t.p - *out);
}

const char *
webhook_content_type(const struct webhook *w)
{
	if (w->format == WEBHOOK_CLOUDEVENTS)
		return w->many ? "application/cloudevents-batch+json" : "application/cloudevents+json";
	return "application/json";
}
