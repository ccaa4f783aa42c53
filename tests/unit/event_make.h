/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_EVENT_MAKE_H
#define BPFD_TESTS_EVENT_MAKE_H

#include <stdlib.h>
#include <string.h>

#include "bpf/action.h"
#include "events/record.h"
#include "events/schema.h"

/*
 * Events for tests, put together in the order of their parts:
 *   made_event(), made_str()..., made_ctx(), made_ctx_str()..., made_match()..., made_end()
 */
struct made {
	uint8_t bytes[REC_MAX] __attribute__((aligned(8)));
	size_t len;			/* so far */
	size_t off_ctx, off_match;
	struct { const char *name; struct rec_match m; } matches[REC_MATCHES_MAX];
	uint32_t n_matches;
};

static inline void
made_pad(struct made *m)
{
	while (m->len % 8)
		m->bytes[m->len++] = 0;
}

/* st: the tracer's struct, with tracer and event filled in */
static inline void
made_event(struct made *m, const void *st, size_t size)
{
	memset(m, 0, sizeof(*m));
	m->len = sizeof(struct rec_hdr);
	memcpy(m->bytes + m->len, st, size);
	m->len += size;
}

static inline struct ev_hdr *
made_ev(struct made *m)
{
	return (struct ev_hdr *)(m->bytes + sizeof(struct rec_hdr));
}

static inline struct rec_ctx *
made_rec_ctx(struct made *m)
{
	return (struct rec_ctx *)(m->bytes + m->off_ctx);
}

static inline void
made_bytes(struct made *m, size_t base, size_t member, const void *s, size_t len)
{
	struct ev_str ref = { .off = (uint16_t)(m->len - base), .len = (uint16_t)len };

	memcpy(m->bytes + base + member, &ref, sizeof(ref));
	memcpy(m->bytes + m->len, s, len);
	m->len += len;
}

#define made_str(m, st, member, s)                                                                 \
	made_bytes(m, sizeof(struct rec_hdr), offsetof(struct st, member), s, strlen(s))
#define made_str_len(m, st, member, s, len)                                                        \
	made_bytes(m, sizeof(struct rec_hdr), offsetof(struct st, member), s, len)

static inline struct rec_ctx *
made_ctx(struct made *m, uint32_t flags)
{
	made_pad(m);
	made_ev(m)->len = (uint32_t)(m->len - sizeof(struct rec_hdr));
	m->off_ctx = m->len;
	memset(m->bytes + m->len, 0, sizeof(struct rec_ctx));
	made_rec_ctx(m)->flags = flags;
	m->len += sizeof(struct rec_ctx);
	return made_rec_ctx(m);
}

#define made_ctx_str(m, member, s)                                                                 \
	made_bytes(m, (m)->off_ctx, offsetof(struct rec_ctx, member), s, strlen(s))
#define made_ctx_str_len(m, member, s, len)                                                        \
	made_bytes(m, (m)->off_ctx, offsetof(struct rec_ctx, member), s, len)

static inline struct rec_match *
made_match(struct made *m, const char *name, uint64_t actions, uint32_t flags)
{
	m->matches[m->n_matches].name = name;
	m->matches[m->n_matches].m = (struct rec_match){ .actions = actions, .flags = flags,
		.severity = SEV_HIGH };
	return &m->matches[m->n_matches++].m;
}

static inline void
made_end(struct made *m)
{
	struct rec_hdr *r = (struct rec_hdr *)m->bytes;

	made_pad(m);
	made_rec_ctx(m)->len = (uint32_t)(m->len - m->off_ctx);
	m->off_match = m->len;
	m->len += m->n_matches * sizeof(struct rec_match);
	for (uint32_t i = 0; i < m->n_matches; i++) {
		struct rec_match *to = (struct rec_match *)(m->bytes + m->off_match) + i;

		*to = m->matches[i].m;
		to->name_off = (uint32_t)m->len;
		to->name_len = (uint32_t)strlen(m->matches[i].name);
		memcpy(m->bytes + m->len, m->matches[i].name, to->name_len);
		m->len += to->name_len;
		r->actions |= to->actions;
	}
	made_pad(m);
	r->seq = 1;
	r->len = (uint32_t)m->len;
	r->off_ctx = (uint32_t)m->off_ctx;
	r->off_match = (uint32_t)m->off_match;
	r->n_matches = m->n_matches;
}

/* One of every part. */
static inline void
made_action(struct made *m)
{
	struct ev_action a = { .h = { .tracer = TR_ACTION, .ts = 5000000000, .tgid = 42, .tid = 43,
		.ppid = 1, .uid = 1000, .gid = 100, .start = 4000000000, .comm = "cat" },
		.cause = 7, .outcome = 1 };

	made_event(m, &a, sizeof(a));
	made_str(m, ev_action, action, "kill");
	made_str(m, ev_action, rule, "no-cats");
	made_str(m, ev_action, text, "no such process");
	*made_ctx(m, CTX_PROC | CTX_CONTAINER) = (struct rec_ctx){ .flags = CTX_PROC | CTX_CONTAINER,
		.cap_eff = 1, .loginuid = UINT32_MAX, .ns_pid = 3, .exe_nlink = 1, .cgroup_hierarchy = 2 };
	made_ctx_str(m, exe, "/usr/bin/cat");
	made_ctx_str_len(m, args, "cat\0/etc/passwd", sizeof("cat\0/etc/passwd"));
	made_ctx_str(m, cgroup, "/docker/0123");
	made_ctx_str(m, container, "0123");
	made_ctx_str(m, runtime, "docker");
	made_match(m, "all-actions", 1, 0);
	made_end(m);
}

/* Reads every byte that an accepted event refers to: a tool for AddressSanitizer and valgrind. */
static inline void
made_touch(const struct event *e)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);
	const struct field *tables[] = { common_fields, t->fields };
	volatile unsigned char sum = 0;
	struct value v;

	for (size_t i = 0; i < 2; i++) {
		for (const struct field *f = tables[i]; f->name; f++) {
			v = (struct value){ 0 };
			if (field_get(e, f, &v))
				for (size_t k = 0; k < v.len; k++)
					sum = (unsigned char)(sum + ((const unsigned char *)v.data)[k]);
		}
	}
	for (uint32_t i = 0; i < e->n_matches; i++)
		for (uint32_t k = 0; k < e->matches[i].name_len; k++)
			sum = (unsigned char)(sum + ((const char *)e->rec)[e->matches[i].name_off + k]);
}

#endif
