/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sets.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/api.h"
#include "api/ctl.h"
#include "api/ctl_enricher.h"
#include "api/ctl_loader.h"
#include "api/enforce.h"
#include "api/streams.h"
#include "common/auto.h"
#include "common/log.h"
#include "common/memfd.h"
#include "ipc/tracers.h"

#define RETRY_MS 50

struct sets_wait {
	TAILQ_ENTRY(sets_wait) link;
	struct sets *s;
	uint64_t change;		/* the last one that it waits for */
	struct event timer;
	sets_fn *fn;
	void *arg;
};

struct sets {
	struct api *api;
	uint64_t *last;			/* generation, kept over this process's death */
	uint64_t change, built, used;	/* numbers of changes: made, in the set, in use */
	bool enricher_has, loader_has;	/* the set that is built */
	bool loader_asked;		/* a TRACERS_WANT is on its way */
	bool classes_told;
	uint32_t generation;
	uint64_t wanted, defaults, classes;
	int filter_fd;			/* kernel filter of the set; -1: none yet */
	uint64_t filter_len;
	struct enf_table *enforce;	/* what the kernel decides; NULL: nothing */
	bool enforce_told;		/* the loader has it */
	char refusal[IPC_TEXT_MAX];	/* why the enricher does not use it; "" */
	struct msg_tracer_state tracers[N_TRACERS];
	struct event run;
	TAILQ_HEAD(, sets_wait) waits;
};

static void
wait_end(struct sets_wait *w, bool run, const char *why)
{
	TAILQ_REMOVE(&w->s->waits, w, link);
	event_del(&w->timer);
	if (run)
		w->fn(w->arg, why);
	free(w);
}

void
sets_free(struct sets *s)
{
	if (!s)
		return;
	while (!TAILQ_EMPTY(&s->waits))
		wait_end(TAILQ_FIRST(&s->waits), true, "bpfd is stopping");
	event_del(&s->run);
	close_keep_errno(s->filter_fd);
	free(s->enforce);
	free(s);
}

/* ---- what a set is made of ---- */

static uint64_t
rule_tracers(const struct api *api)
{
	const struct api_rule *r;
	uint64_t mask = 0;

	TAILQ_FOREACH(r, &api->rules.all, link)
		if (rules_active(r))
			mask |= r->in_kernel ? 1ULL << TR_ENFORCE : r->rule->tracers;
	return mask;
}

uint64_t
sets_base_tracers(const struct api *api)
{
	return (api->cfg->tracers_enabled.mask | rule_tracers(api)) & ipc_tracers_allowed(api->cfg);
}

static uint64_t
default_actions(const struct api *api)
{
	const struct conf_PATTERNS *p = &api->cfg->actions_default;
	uint64_t mask = 0;

	for (uint32_t i = 0; i < api->actions->n; i++)
		for (uint32_t j = 0; j < p->n; j++)
			if (fnmatch(p->glob[j], api->actions->a[i].name, 0) == 0)
				mask |= 1ULL << i;
	return mask;
}

static uint64_t
classes_of(const struct api *api, uint64_t actions)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < api->actions->n; i++)
		if (actions & 1ULL << i)
			mask |= 1ULL << action_types[api->actions->a[i].type].class;
	return mask;
}

static uint64_t
add_rules(const struct api *api, struct ruleset *set, struct ruleset_entry *e)
{
	const struct api_rule *r;
	uint64_t actions = 0;

	TAILQ_FOREACH(r, &api->rules.all, link) {
		if (!rules_active(r))
			continue;
		e[set->n] = (struct ruleset_entry){ .packed = r->in_kernel ? r->decisions : r->packed,
			.packed_len = r->in_kernel ? r->decisions_len : r->packed_len, .enforce = r->enforce };
		memcpy(e[set->n].actions, r->actions, sizeof(r->actions));
		for (unsigned int v = 0; v < N_SEVERITIES; v++)
			actions |= r->actions[v];
		set->n++;
	}
	return actions;
}

static int
seal(const char *name, void *bytes, size_t len)
{
	int fd = memfd_sealed(name, bytes, len);

	free(bytes);
	return fd;
}

/* The kernel filter need not let pass what only a stream of matched events would look at. */
static int
build_filter(struct sets *s, const struct ruleset *set, size_t n_rules)
{
	struct ruleset pushed = *set;
	void *bytes;
	size_t len;
	int err, fd;

	pushed.n = n_rules + streams_pushed(s->api->streams);
	err = push_compute(&pushed, s->wanted, &bytes, &len);
	if (err)
		return err;
	fd = seal("kfilter", bytes, len);
	if (fd < 0)
		return fd;
	close_keep_errno(s->filter_fd);
	s->filter_fd = fd;
	s->filter_len = len;
	return 0;
}

static int
build_set(struct sets *s, const struct ruleset *set)
{
	struct msg_ruleset m = { .generation = s->generation };
	void *bytes;
	size_t len;
	int err = ruleset_pack(set, &bytes, &len), fd;

	if (err)
		return err;
	m.len = len;
	fd = seal("ruleset", bytes, len);
	if (fd < 0)
		return fd;
	ctl_enricher_ruleset(s->api->enricher, fd, &m);
	return 0;
}

/* The same table again would only give back what of budgets is used up. */
static int
build_enforce(struct sets *s)
{
	AUTO(mem) struct enf_table *table = NULL;
	int err = enforce_build(s->api, &table);

	if (err)
		return err;
	if (!table == !s->enforce && (!table || memcmp(table, s->enforce, sizeof(*table)) == 0))
		return 0;
	free(s->enforce);
	s->enforce = TAKE_PTR(table);
	s->enforce_told = false;
	return 0;
}

static int
build(struct sets *s)
{
	struct api *api = s->api;
	uint64_t allowed = ipc_tracers_allowed(api->cfg), actions;
	AUTO(mem) struct ruleset_entry *e = calloc(api->rules.n + STREAMS_MAX + 1, sizeof(*e));
	struct ruleset set = { .generation = ++s->generation, .entries = e };
	const char *redact[CONFIG_PATTERNS_MAX];
	size_t n_rules;
	int err;

	if (!e)
		return -ENOMEM;
	err = build_enforce(s);
	if (err)
		return err;
	*s->last = s->generation;
	actions = add_rules(api, &set, e);
	n_rules = set.n;
	s->defaults = set.defaults = api->cfg->tracers_enabled.mask & allowed & ~rule_tracers(api);
	set.default_actions = default_actions(api);
	s->wanted = sets_base_tracers(api);
	set.n += streams_entries(api->streams, s->generation, s->wanted, e + set.n);
	s->wanted |= streams_tracers(api->streams) & allowed;
	if (set.defaults)
		actions |= set.default_actions;
	for (; set.n_redact < api->cfg->events_redact.n; set.n_redact++)
		redact[set.n_redact] = api->cfg->events_redact.item[set.n_redact];
	set.redact = redact;
	s->classes = classes_of(api, actions);
	s->enricher_has = s->loader_has = false;
	s->refusal[0] = '\0';
	err = build_filter(s, &set, n_rules);
	return err ? err : build_set(s, &set);
}

/* ---- who has it ---- */

static void
settle(struct sets *s)
{
	struct sets_wait *w, *next;

	if (!s->enricher_has || !s->loader_has)
		return;
	s->used = s->built;
	streams_used(s->api->streams, s->generation);
	for (w = TAILQ_FIRST(&s->waits); w; w = next) {
		next = TAILQ_NEXT(w, link);
		if (w->change <= s->used)
			wait_end(w, true, s->refusal[0] ? s->refusal : NULL);
	}
}

void
sets_enricher_used(struct sets *s, const struct msg_ruleset_used *m)
{
	if (m->generation != s->generation || s->enricher_has)
		return;
	if (m->err) {
		log_err(m->err, "ruleset.refused", "generation=%u text=%s", m->generation,
			LOG_QUOTE(m->text));
		memcpy(s->refusal, m->text, sizeof(s->refusal));
	}
	s->enricher_has = true;
	settle(s);
}

void
sets_tracer_state(struct sets *s, const struct msg_tracer_state *m)
{
	if (m->tracer < N_TRACERS)
		s->tracers[m->tracer] = *m;
}

static void
on_tracers(void *arg, struct answer *a)
{
	struct sets *s = arg;

	s->loader_asked = false;
	if (a->lost)
		return;		/* the next loader is told when it is there */
	for (size_t i = 0; i < a->n_tracers; i++)
		sets_tracer_state(s, &a->tracers[i]);
	if (a->result.code != IPC_OK)
		log_warn("tracers.failed", "text=%s", LOG_QUOTE(a->result.text));
	s->loader_has = true;
	settle(s);
	if (s->change > s->built)
		event_active(&s->run, EV_TIMEOUT, 0);
}

static void
on_enforce(void *arg, struct answer *a)
{
	if (!a->lost && a->result.code != IPC_OK)
		log_err(-EPROTO, "enforce.refused", "text=%s", LOG_QUOTE(a->result.text));
}

/* Before the tracers, with which it is in force. */
static void
tell_enforce(struct sets *s)
{
	struct msg_enforce_want m = { .len = s->enforce ? sizeof(*s->enforce) : 0 };
	AUTO(fd) int fd = -1;

	if (s->enforce_told)
		return;
	fd = memfd_sealed("enforce", s->enforce ? (void *)s->enforce : "", m.len);
	if (fd >= 0 && ctl_loader_call(s->api->loader, IPC_ENFORCE_WANT, &m, &fd, on_enforce, s) == 0)
		s->enforce_told = true;
}

static void
ask_loader(struct sets *s)
{
	struct msg_tracers_want m = { .len = s->filter_len };

	if (s->filter_fd < 0)
		return;
	tell_enforce(s);
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if (!(ipc_tracer_flags(t) & TR_NO_KERNEL))
			m.tracers |= s->wanted & 1ULL << t;
	if (ctl_loader_call(s->api->loader, IPC_TRACERS_WANT, &m, &s->filter_fd, on_tracers, s) == 0)
		s->loader_asked = true;
}

void
sets_loader_ready(struct sets *s)
{
	s->enforce_told = false;
	if (s->change > s->built)
		event_active(&s->run, EV_TIMEOUT, 0);
	else
		ask_loader(s);
}

static void
tell_classes(struct sets *s, uint64_t before)
{
	const struct timeval tv = { .tv_usec = RETRY_MS * 1000 };

	if (s->classes == before && s->classes_told)
		return;
	s->classes_told = ctl_classes_wanted(s->api->ctl, s->classes) == 0;
	if (!s->classes_told)
		event_add(&s->run, &tv);
}

static void
on_run(evutil_socket_t fd, short what, void *arg)
{
	const struct timeval tv = { .tv_usec = RETRY_MS * 1000 };
	struct sets *s = arg;
	uint64_t before = s->classes, change = s->change;
	int err;

	/* One at a time: an answer of the loader says nothing of which question it is to. */
	if (s->loader_asked)
		return;
	if (change > s->built) {
		err = build(s);
		if (err) {
			log_err(err, "ruleset.build", "rules=%zu", s->api->rules.n);
			event_add(&s->run, &tv);
			return;
		}
		s->built = change;
		if (ctl_loader_is_ready(s->api->loader))
			ask_loader(s);
	}
	tell_classes(s, before);
}

void
sets_changed(struct sets *s)
{
	s->change++;
	event_active(&s->run, EV_TIMEOUT, 0);
}

static void
on_wait_late(evutil_socket_t fd, short what, void *arg)
{
	struct sets_wait *w = arg;
	const struct sets *s = w->s;

	wait_end(w, true, !s->enricher_has ? "bpfd-enricher does not answer" :
		"bpfd-loader has not said what became of the tracers");
}

struct sets_wait *
sets_wait(struct sets *s, sets_fn *fn, void *arg)
{
	const struct timeval tv = { .tv_sec = SETS_WAIT_S };
	struct sets_wait *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	*w = (struct sets_wait){ .s = s, .change = s->change, .fn = fn, .arg = arg };
	evtimer_assign(&w->timer, s->api->base, on_wait_late, w);
	event_add(&w->timer, &tv);
	TAILQ_INSERT_TAIL(&s->waits, w, link);
	return w;
}

void
sets_wait_cancel(struct sets_wait *w)
{
	if (w)
		wait_end(w, false, NULL);
}

const struct msg_tracer_state *
sets_tracer(const struct sets *s, unsigned int tracer)
{
	return &s->tracers[tracer];
}

uint64_t
sets_wanted(const struct sets *s)
{
	return s->wanted;
}

uint64_t
sets_defaults(const struct sets *s)
{
	return s->defaults;
}

uint32_t
sets_generation(const struct sets *s)
{
	return s->generation;
}

int
sets_new(struct api *api, uint64_t *last, struct sets **out)
{
	struct sets *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->api = api;
	s->last = last;
	s->filter_fd = -1;
	s->generation = (uint32_t)*last;
	for (unsigned int t = 0; t < N_TRACERS; t++)
		s->tracers[t].tracer = t;
	TAILQ_INIT(&s->waits);
	evtimer_assign(&s->run, api->base, on_run, s);
	*out = s;
	return 0;
}
