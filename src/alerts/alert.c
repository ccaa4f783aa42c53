/* SPDX-License-Identifier: Apache-2.0 */
#include "alerts/alert.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "events/render.h"
#include "events/schema.h"

#define ALERT_MAGIC 0x31747261u

/* In front of the texts, which follow one another in the order of alert.def. */
struct packed {
	uint32_t magic, len;		/* len: of all */
	uint64_t epoch, seq;
	int64_t time_ns;
	uint32_t severity, pid, uid, suppressed;
	uint32_t text[N_ALERT_TEXTS];
	uint32_t reserved;
};
_Static_assert(sizeof(struct packed) == 104, "no holes");

const char *const alert_text_names[N_ALERT_TEXTS] = {
#define ALERT_TEXT(id, name, bytes, help) #name,
#include "alerts/alert.def"
};

static const uint32_t most[N_ALERT_TEXTS] = {
#define ALERT_TEXT(id, name, bytes, help) bytes,
#include "alerts/alert.def"
};

#define ALERT_TEXT(id, name, bytes, help) + (bytes)
_Static_assert(sizeof(struct packed) + 0
#include "alerts/alert.def"
	<= ALERT_MAX, "every alert fits");

/* ---- the event's ---- */

static struct alert_str
whole(const char *s)
{
	return (struct alert_str){ s, strlen(s) };
}

static struct alert_str
of_ctx(const struct rec_ctx *c, struct ev_str s)
{
	return (struct alert_str){ (const char *)c + s.off, s.len };
}

static void
who(struct alert *a, const struct event *e)
{
	const struct rec_ctx *c = e->ctx;
	const struct tracer_info *info = tracer_info(e->ev->tracer);

	a->text[ALERT_TRACER] = whole(info->name);
	a->text[ALERT_EVENT] = whole(info->events[e->ev->event]);
	a->text[ALERT_COMM] = (struct alert_str){ e->ev->comm, strnlen(e->ev->comm, sizeof(e->ev->comm)) };
	a->text[ALERT_EXE] = of_ctx(c, c->exe);
	if (c->flags & CTX_CONTAINER) {
		a->text[ALERT_CONTAINER] = of_ctx(c, c->container);
		a->text[ALERT_NAME] = of_ctx(c, c->name);
		a->text[ALERT_IMAGE] = of_ctx(c, c->image);
	}
	if (c->flags & CTX_POD) {
		a->text[ALERT_POD] = of_ctx(c, c->pod);
		a->text[ALERT_NAMESPACE] = of_ctx(c, c->k8s_ns);
	}
}

/* ---- packed ---- */

static size_t
put_text(struct packed *p, char *out, enum alert_text i, struct alert_str s)
{
	size_t len = s.len < most[i] ? s.len : most[i];

	memcpy(out, s.s, len);
	p->text[i] = (uint32_t)len;
	return len;
}

static size_t
put_event(struct packed *p, char *out, enum alert_text i, enum render_format format,
	const struct alert_from *from, const struct event *e)
{
	const struct render r = { .format = format, .boot_offset_ns = from->boot_offset_ns, .host = from->host };
	size_t len = render_event(&r, e, out, most[i]);

	p->text[i] = (uint32_t)len;
	return len;
}

size_t
alert_pack(const struct alert_from *from, const struct event *e, const struct rec_match *m, void *out)
{
	struct packed p = { .magic = ALERT_MAGIC, .epoch = from->epoch, .seq = e->rec->seq,
		.time_ns = (int64_t)e->ev->ts + from->boot_offset_ns,
		.severity = m ? m->severity : SEV_INFO, .pid = e->ev->tgid, .uid = e->ev->uid,
		.suppressed = m ? m->suppressed : 0 };
	char *at = (char *)out + sizeof(p);
	struct alert a;

	for (int i = 0; i < N_ALERT_TEXTS; i++)
		a.text[i] = whole("");
	a.text[ALERT_HOST] = whole(from->host);
	if (m)
		a.text[ALERT_RULE] = (struct alert_str){ (const char *)e->rec + m->name_off, m->name_len };
	who(&a, e);
	for (enum alert_text i = 0; i < ALERT_LINE; i++)
		at += put_text(&p, at, i, a.text[i]);
	at += put_event(&p, at, ALERT_LINE, RENDER_TABLE, from, e);
	at += put_event(&p, at, ALERT_JSON, RENDER_JSON, from, e);
	p.len = (uint32_t)(at - (char *)out);
	memcpy(out, &p, sizeof(p));
	return p.len;
}

int
alert_unpack(const void *bytes, size_t len, struct alert *out)
{
	const char *at = (const char *)bytes + sizeof(struct packed);
	struct alert a = { 0 };
	struct packed p;

	if (len < sizeof(p))
		return -EBADMSG;
	memcpy(&p, bytes, sizeof(p));
	if (p.magic != ALERT_MAGIC || p.len != len || p.severity >= N_SEVERITIES || p.reserved)
		return -EBADMSG;
	len -= sizeof(p);
	for (int i = 0; i < N_ALERT_TEXTS; i++) {
		if (p.text[i] > most[i] || p.text[i] > len)
			return -EBADMSG;
		a.text[i] = (struct alert_str){ at, p.text[i] };
		at += p.text[i];
		len -= p.text[i];
	}
	if (len)
		return -EBADMSG;
	a.epoch = p.epoch;
	a.seq = p.seq;
	a.time_ns = p.time_ns;
	a.severity = p.severity;
	a.pid = p.pid;
	a.uid = p.uid;
	a.suppressed = p.suppressed;
	*out = a;
	return 0;
}

void
alert_id(const struct alert *a, char out[40])
{
	snprintf(out, 40, "%016llx-%llu", (unsigned long long)a->epoch, (unsigned long long)a->seq);
}
