/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/matcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "common/auto.h"
#include "rules/model.h"
#include "rules/ruleset.h"
#include "rules/runtimes.h"

#define ARENA_BYTES	65536
#define LIMIT_BYTES	(8u << 20)	/* of all tables of ratelimit and dedup */
#define LIMIT_PLACE	32

AUTO_DEFINE(matcher, struct matcher *, matcher_free)

void *
arena_take(struct matcher *m, size_t len)
{
	struct arena *a = m->arena;
	void *p;

	len = (len + 7) & ~(size_t)7;
	if (!a || a->room - a->used < len) {
		size_t room = len > ARENA_BYTES ? len : ARENA_BYTES;

		a = malloc(sizeof(*a) + room);
		if (!a)
			return NULL;
		*a = (struct arena){ .next = m->arena, .room = room };
		m->arena = a;
	}
	p = a->data + a->used;
	a->used += len;
	return p;
}

/* ---- reading the set ---- */

struct entry { struct source source; uint32_t order, seq; bool stream; };
struct reading {
	struct matcher *m;
	struct entry *entries;		/* and whats[i] of the matcher */
	const char **after;		/* of whats[i]: NULL, or in the matcher's arena */
	size_t n, n_limited;
	char *why;
	size_t room;
};

static char *
keep_text(struct matcher *m, const char *text)
{
	size_t len = strlen(text);
	char *copy = arena_take(m, len + 1);

	return copy ? memcpy(copy, text, len + 1) : NULL;
}

static int
keep_state(struct reading *rd, const struct rule *r, struct what *w)
{
	const char *random = (const char *)getauxval(AT_RANDOM);	/* 16 bytes */
	uint64_t seed = random ? hash_load64(random) ^ hash_load64(random + 8) : 1;
	size_t entries = 4096;
	int err;

	/* The first limited rules get large tables, many get smaller ones. */
	while (entries > 64 && entries * LIMIT_PLACE * (rd->n_limited + 1) > LIMIT_BYTES)
		entries /= 2;
	if (!r->dedup.window_ns && !r->ratelimit.rate_per_hour && !r->after[0])
		return 0;
	rd->n_limited++;
	err = limit_new(r, entries, hash_number(seed ^ rd->n), &w->limit);
	if (err || !r->after[0])
		return err;
	rd->after[w - rd->m->whats] = keep_text(rd->m, r->after);
	err = rd->after[w - rd->m->whats] ? 0 : -ENOMEM;
	return err ? err : sequence_new(r, entries, hash_number(seed + rd->n), &w->sequence);
}

static int
read_entry(void *arg, const struct ruleset_entry *e)
{
	struct reading *rd = arg;
	struct matcher *m = rd->m;
	AUTO(rule) struct rule *r = NULL;
	struct what *w = &m->whats[m->n_whats];
	struct entry *to = &rd->entries[rd->n];
	char *name;
	int err = rule_unpack(e->packed, e->packed_len, &r, rd->why, rd->room);

	if (err)
		return err;
	if (!r->enabled)
		return 0;
	name = keep_text(m, r->name);
	if (!name)
		return -ENOMEM;
	*w = (struct what){ .name = name, .name_len = (uint32_t)strlen(name), .severity = r->severity,
		.flags = e->enforce ? MATCH_ENFORCE : 0, .actions = e->actions[r->severity],
		.stream = e->stream, .stop = r->stop && !e->stream,
		.id = rule_id(e->packed, e->packed_len) };
	m->n_whats++;
	err = e->stream ? 0 : keep_state(rd, r, w);
	if (!err && !e->stream)
		err = secrets_of_rule(m, r, w);
	if (!err && r->runtimes)
		err = runtimes_fold(r);
	if (err)
		return err;
	if (r->urgent)
		m->urgent |= r->tracers;
	*to = (struct entry){ .source = { TAKE_PTR(r->match), r->tracers, r->format, (uint32_t)m->n_whats - 1 },
		.order = r->order, .seq = (uint32_t)rd->n, .stream = e->stream != 0 };
	rd->n++;
	return 0;
}

/* Streams first: "stop" is between rules.  Then by order, then as they came. */
static int
compare(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;

	if (a->stream != b->stream)
		return a->stream ? -1 : 1;
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

static int
compile_all(struct reading *rd)
{
	struct source *sources = calloc(rd->n ? rd->n : 1, sizeof(*sources));
	int err = sources ? 0 : -ENOMEM;

	if (rd->n)
		qsort(rd->entries, rd->n, sizeof(*rd->entries), compare);
	for (size_t i = 0; i < rd->n && sources; i++)
		sources[i] = rd->entries[i].source;
	for (unsigned int t = 1; t < N_TRACERS && !err; t++)
		err = compile_tracer(rd->m, t, sources, rd->n);
	free(sources);
	return err;
}

static int
count_entry(void *arg, const struct ruleset_entry *e)
{
	++*(size_t *)arg;
	return 0;
}

int
matcher_new(const void *bytes, size_t len, struct matcher **out, char *why, size_t room)
{
	AUTO(matcher) struct matcher *m = calloc(1, sizeof(*m));
	struct reading rd = { .m = m, .why = why, .room = room };
	struct ruleset head = { 0 };
	size_t n = 0;
	int err;

	snprintf(why, room, "the rule set is damaged");
	if (!m)
		return -ENOMEM;
	err = ruleset_read(bytes, len, &head, count_entry, &n);
	if (err)
		return err;
	rd.entries = calloc(n ? n : 1, sizeof(*rd.entries));
	rd.after = calloc(n ? n : 1, sizeof(*rd.after));
	m->whats = calloc(n ? n : 1, sizeof(*m->whats));
	m->generation = head.generation;
	m->default_actions = head.default_actions;
	m->defaults = head.defaults;
	err = rd.entries && rd.after && m->whats ? regex_engine_new(&m->engine) : -ENOMEM;
	if (!err)
		err = secrets_of_set(m, &head);
	if (!err)
		err = ruleset_read(bytes, len, &head, read_entry, &rd);
	if (!err)
		err = compile_all(&rd);
	if (!err)
		err = follow_link(m, rd.after);
	for (size_t i = 0; rd.entries && i < rd.n; i++) {
		if (!rd.entries[i].source.match)
			continue;
		node_clear(rd.entries[i].source.match);
		free(rd.entries[i].source.match);
	}
	free(rd.entries);
	free(rd.after);
	if (err == -ENOMEM)
		snprintf(why, room, "not enough memory for the rule set");
	if (!err)
		*out = TAKE_PTR(m);
	return err;
}

void
matcher_free(struct matcher *m)
{
	if (!m)
		return;
	for (unsigned int t = 0; t < N_TRACERS; t++)
		compile_clear(&m->tracers[t]);
	for (size_t i = 0; i < m->n_whats; i++) {
		limit_free(m->whats[i].limit);
		sequence_free(m->whats[i].sequence);
	}
	free(m->whats);
	regex_engine_free(m->engine);
	for (struct arena *a = m->arena; a;) {
		struct arena *next = a->next;

		free(a);
		a = next;
	}
	free(m);
}

uint32_t
matcher_generation(const struct matcher *m)
{
	return m->generation;
}

uint64_t
matcher_urgent(const struct matcher *m)
{
	return m->urgent;
}

void
matcher_stats(const struct matcher *m, struct matcher_stats *out)
{
	*out = m->stats;
	for (size_t i = 0; i < m->n_whats; i++) {
		out->limited += m->whats[i].held.limited;
		out->deduped += m->whats[i].held.deduped;
	}
	out->sequence_evicted = m->sequences.evicted;
}

uint64_t
rule_id(const void *packed, size_t len)
{
	return hash_bytes(packed, len, 0);
}

size_t
matcher_counts(const struct matcher *m, size_t *at, struct rule_count *out, size_t room)
{
	size_t n = 0;

	for (; *at < m->n_whats && n < room; ++*at) {
		const struct what *w = &m->whats[*at];

		if (w->matched)
			out[n++] = (struct rule_count){ w->id, w->matched, w->held.limited, w->held.deduped,
				w->actions ? w->matched - w->held.limited - w->held.deduped : 0 };
	}
	if (*at == m->n_whats)
		*at = 0;
	return n;
}

/* ---- one event ---- */

/* atom_test(); what an index has answered takes no call. */
static inline enum truth
test(struct matcher *m, struct tracer_set *t, uint32_t atom, const struct event *e)
{
	const struct atom *a = &t->atoms[atom];
	const struct slot *s = &t->slots[a->slot];

	if (a->anchor && s->epoch == t->epoch && !s->cut)
		return t->stamps[atom] == t->epoch ? IS_TRUE : IS_FALSE;
	return atom_test(m, t, a, e);
}

/* The tree with every unknown as given: false and true are the bounds of what it may be. */
static bool
run_code(struct matcher *m, struct tracer_set *t, uint32_t at, const struct event *e, bool as, bool *unknown)
{
	while (at < CODE_FAIL) {
		const struct code *c = &t->code[at];
		enum truth is = test(m, t, c->atom, e);
		bool yes = (is == IS_TRUE) != c->negate;

		if (__builtin_expect(is == IS_UNKNOWN, 0)) {
			*unknown = true;
			yes = as;
		}
		at = yes ? c->yes : c->no;
	}
	return at == CODE_MATCH;
}

/* True: no rule behind this one is looked at. */
static bool
try_rule(struct matcher *m, struct tracer_set *t, const struct crule *r, const struct event *e,
	struct match_result *out)
{
	struct what *w = &m->whats[r->what];
	bool unknown = false;
	uint32_t suppressed = 0, flags = w->flags;

	if (!run_code(m, t, r->entry, e, true, &unknown))
		return false;
	if (w->stream) {
		out->streams |= w->stream;
		return false;
	}
	if (w->sequence && !sequence_holds(w->sequence, e))
		return false;
	w->matched++;
	follow_note(m, w);
	if (unknown && !run_code(m, t, r->entry, e, false, &unknown))
		flags |= MATCH_UNKNOWN;
	if (w->limit && !limit_pass(w->limit, e, &suppressed, &w->held))
		return w->stop;
	out->actions |= w->actions;
	out->redact |= w->redact ? w->redact[e->ev->tracer] : 0;
	if (out->n < REC_MATCHES_MAX) {
		out->match[out->n].name = w->name;
		out->match[out->n].name_len = w->name_len;
		out->match[out->n].actions = w->actions;
		out->match[out->n].severity = w->severity;
		out->match[out->n].flags = flags;
		out->match[out->n].suppressed = suppressed;
		out->n++;
	}
	return w->stop;
}

static void
clear_candidates(struct tracer_set *t)
{
	memset(t->candidates, 0, t->n_words * sizeof(*t->candidates));
	memset(t->summary, 0, (t->n_words / 64 + 1) * sizeof(*t->summary));
}

/* As try_rule(), of the 64 rules of a word, which has no candidates then. */
static bool
try_word(struct matcher *m, struct tracer_set *t, uint32_t word, const struct event *e, struct match_result *out)
{
	const struct crule *rules = &t->rules[word * 64];
	uint64_t left = t->candidates[word];

	t->candidates[word] = 0;
	for (; left; left &= left - 1)
		if (try_rule(m, t, &rules[__builtin_ctzll(left)], e, out))
			return true;
	return false;
}

static void
run_candidates(struct matcher *m, struct tracer_set *t, const struct event *e, struct match_result *out)
{
	for (uint32_t i = 0; i <= t->n_words / 64; i++) {
		uint64_t left = t->summary[i];

		t->summary[i] = 0;
		for (; left; left &= left - 1)
			if (try_word(m, t, i * 64 + (uint32_t)__builtin_ctzll(left), e, out)) {
				clear_candidates(t);
				return;
			}
	}
}

static void
run_tracer(struct matcher *m, struct tracer_set *t, const struct event *e, struct match_result *out)
{
	if (++t->epoch == 0) {
		/* After 2^32 events: no stamp may look like one of a time before. */
		memset(t->stamps, 0, t->n_atoms * sizeof(*t->stamps));
		for (uint32_t i = 0; i < t->n_slots; i++)
			t->slots[i].epoch = 0;
		t->epoch = 1;
	}
	for (uint32_t i = 0; i < t->n_indices; i++)
		index_run(t, &t->indices[i], e);
	for (uint32_t i = 0; t->n_always && i < t->n_words; i++) {
		t->candidates[i] |= t->always[i];
		if (t->always[i])
			t->summary[i / 64] |= 1ULL << (i % 64);
	}
	run_candidates(m, t, e, out);
	if (m->noted)
		follow_set(m, e);
}

bool
matcher_run(struct matcher *m, const struct event *e, struct match_result *out)
{
	unsigned int tracer = e->ev->tracer;
	struct tracer_set *t = &m->tracers[tracer];

	m->stats.events++;
	out->actions = 0;
	out->streams = t->streams;
	out->redact = t->always_redacted;
	out->n = 0;
	if (t->n_rules)
		run_tracer(m, t, e, out);
	m->stats.matched += out->n > 0;
	if (m->defaults >> tracer & 1)
		out->actions |= m->default_actions;
	return out->n || out->streams || (m->defaults >> tracer & 1);
}
