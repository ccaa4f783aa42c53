/* SPDX-License-Identifier: Apache-2.0 */
#include "component/evrig.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "bpf/open.h"
#include "common/memfd.h"
#include "ipc/actions.h"
#include "ring/ring.h"
#include "rules/match.h"
#include "rules/parse.h"
#include "unit/event_make.h"

#define RING_BYTES (1 << 20)

/* ---- rules ---- */

static void
set_word(struct rule_seed *s, const char **actions, const char **text, bool *enforce, char *w)
{
	if (strncmp(w, "action=", 7) == 0)
		actions[s->n_actions++] = w + 7;
	else if (strncmp(w, "contains=", 9) == 0)
		*text = w + 9;
	else if (strcmp(w, "enforce") == 0)
		*enforce = true;
	else
		s->tracer = w;
}

static int
pack_rule(const char *stem, char *line, void **out, size_t *len)
{
	const char *actions[8], *text = NULL;
	const struct rule_seed_filter filter = { .key = "path", .values = &text, .n_values = 1 };
	struct rule_seed s = { .name = stem, .actions = actions, .filters = &filter };
	char why[256] = "", *save = NULL;
	struct rule *r = NULL;
	bool enforce = false;
	int err;

	for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		set_word(&s, actions, &text, &enforce, w);
	s.n_filters = text != NULL;
	err = rule_from_seed(&s, &r, why, sizeof(why));
	if (err)
		return err;
	if (enforce)
		r->mode = RULE_ENFORCE;
	err = rule_pack(r, out, len);
	rule_free(r);
	return err;
}

static void
on_parse(struct evrig *e, const struct chan_msg *m)
{
	const struct msg_rules_parse *q = m->payload;
	const struct rule_problem bad = { .line = 3, .column = 7, .text = "this is bad" };
	const struct rule_problem odd = { .warning = true, .code = "W001", .text = "this is odd" };
	struct parsed_file f = { .file = q->file };
	struct msg_rules_parsed answer = { 0 };
	char text[4096] = "", line[4096], stem[IPC_TARGET_MAX];
	void *packed = NULL, *bytes = NULL;
	size_t len = 0;
	int fd;

	e->n_parses++;
	f.text = text;
	f.text_len = (size_t)pread(m->fds[0], text, sizeof(text) - 1, 0);
	snprintf(stem, sizeof(stem), "%s", q->file);
	if (strstr(stem, ".toml"))
		*strstr(stem, ".toml") = '\0';
	memcpy(line, text, sizeof(line));
	f.problems = strncmp(text, "bad", 3) == 0 ? &bad : &odd;
	f.n_problems = f.problems == &bad || strstr(text, "odd");
	if (strstr(line, "odd"))
		*strstr(line, "odd") = '\0';
	if (f.problems != &bad && pack_rule(stem, line, &packed, &f.packed_len) == 0)
		f.packed = packed;
	assert_int_equal(parsed_pack(&f, 1, &bytes, &len), 0);
	answer.len = len;
	fd = memfd_sealed("parsed", bytes, len);
	chan_send(e->t->rig.ctl, IPC_RULES_PARSED, m->hdr.seq, &answer, &fd);
	close(fd);
	free(bytes);
	free(packed);
}

/* ---- the enricher ---- */

static void
on_ruleset(struct evrig *e, const struct chan_msg *m)
{
	const struct msg_ruleset *q = m->payload;
	struct msg_ruleset_used used = { .generation = q->generation };
	const void *bytes = memfd_map(m->fds[0], q->len);
	struct matcher *old = e->matcher;

	used.err = bytes ? matcher_new(bytes, q->len, &e->matcher, used.text, sizeof(used.text)) : -EINVAL;
	if (!used.err) {
		if (old)
			matcher_adopt(e->matcher, old);
		matcher_free(old);
		e->generation = q->generation;
	}
	if (bytes)
		munmap((void *)(uintptr_t)bytes, q->len);
	e->n_sets++;
	if (!e->mute)
		chan_send(e->chan, IPC_RULESET_USED, m->hdr.seq, &used, NULL);
}

static void
on_stats(struct evrig *e, const struct chan_msg *m)
{
	const struct msg_ev_stat s = { .n = 1, .v = { { .value = 41, .name = "events.kernel.open.produced" } } };

	chan_send(e->chan, IPC_EV_STAT, m->hdr.seq, &s, NULL);
	chan_send(e->chan, IPC_EV_STATS_END, m->hdr.seq, NULL, NULL);
}

/* One rule in each answer, so that the API has to ask on. */
static void
on_rules(struct evrig *e, const struct chan_msg *m)
{
	const struct msg_ev_rules *rq = m->payload;
	struct msg_ev_rule_counts c = { .n = 0 };
	struct rule_count one;
	size_t at = rq->from;

	if (e->matcher)
		c.n = (uint32_t)matcher_counts(e->matcher, &at, &one, 1);
	c.next = c.n ? (uint32_t)at : 0;
	if (c.n)
		c.of[0] = (struct msg_rule_count){ one.id, one.matched, one.limited, one.deduped, one.acted };
	chan_send(e->chan, IPC_EV_RULE_COUNTS, m->hdr.seq, &c, NULL);
}

static void
serve_enricher(struct evrig *e)
{
	struct chan_msg m;

	while (e->chan && chan_recv(e->chan, &m) > 0) {
		if (m.hdr.type == IPC_RULESET)
			on_ruleset(e, &m);
		else if (m.hdr.type == IPC_EV_STATS)
			on_stats(e, &m);
		else if (m.hdr.type == IPC_EV_RULES)
			on_rules(e, &m);
		chan_drop_fds(&m);
	}
}

static void
serve_supervisor(struct evrig *e)
{
	struct chan_msg m;

	while (e->t->rig.ctl && chan_recv(e->t->rig.ctl, &m) > 0) {
		if (m.hdr.type == IPC_RULES_PARSE)
			on_parse(e, &m);
		if (m.hdr.type == IPC_CLASSES_WANTED) {
			e->classes = ((const struct msg_mask *)m.payload)->mask;
			e->n_classes++;
		}
		chan_drop_fds(&m);
	}
}

static void *
serve(void *arg)
{
	struct evrig *e = arg;
	bool stop = false;

	while (!stop) {
		pthread_mutex_lock(&e->lock);
		serve_enricher(e);
		serve_supervisor(e);
		stop = e->stop;
		pthread_mutex_unlock(&e->lock);
		usleep(1000);
	}
	return NULL;
}

void
evrig_enricher(struct evrig *e, bool alive)
{
	int fds[2];

	pthread_mutex_lock(&e->lock);
	chan_free(e->chan);
	e->chan = NULL;
	if (alive) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
		assert_int_equal(chan_new(fds[0], ROLE_ENRICHER, FROM_API, &e->chan), 0);
		chan_set_phase(e->chan, PHASE_RUN);
		chan_send(e->t->rig.ctl, IPC_API_ENRICHER, 0, NULL, &fds[1]);
		close(fds[1]);
	}
	pthread_mutex_unlock(&e->lock);
}

static bool
write_record(struct evrig *e, struct made *m)
{
	struct rec_hdr *r = (struct rec_hdr *)m->bytes;
	struct match_result result = { 0 };
	struct event ev;
	void *room;

	made_end(m);
	assert_int_equal(record_check(m->bytes, m->len, &ev), 0);
	if (!e->matcher || !matcher_run(e->matcher, &ev, &result))
		return false;
	for (uint32_t i = 0; i < result.n; i++)
		made_match(m, result.match[i].name, result.match[i].actions, result.match[i].flags);
	if (result.n) {		/* once more, with what matched */
		m->len = m->off_match;
		made_end(m);
	}
	r->seq = ring_reserve(e->ring, m->len, &room);
	r->generation = e->generation;
	r->streams = result.streams;
	memcpy(room, m->bytes, m->len);
	ring_push(e->ring);
	return true;
}

bool
evrig_open(struct evrig *e, const char *comm, const char *path)
{
	static struct made m;
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = 5000000000, .tgid = 42, .tid = 43, .ppid = 1,
		.uid = 1000, .gid = 100, .start = 4000000000, .ret = 3 }, .oflags = 0 };
	bool wanted;

	snprintf(o.h.comm, sizeof(o.h.comm), "%s", comm);
	pthread_mutex_lock(&e->lock);
	made_event(&m, &o, sizeof(o));
	made_str(&m, ev_open, path, path);
	made_str(&m, ev_open, filename, path);
	made_ctx(&m, CTX_PROC);
	made_ctx_str(&m, exe, "/usr/bin/cat");
	wanted = write_record(e, &m);
	pthread_mutex_unlock(&e->lock);
	return wanted;
}

void
evrig_commit(struct evrig *e)
{
	ring_commit(e->ring);
}

void
evrig_sets(struct evrig *e, unsigned int n)
{
	unsigned int have = 0;

	for (int i = 0; i < 5000 && have < n; i++) {
		pthread_mutex_lock(&e->lock);
		have = e->n_sets;
		pthread_mutex_unlock(&e->lock);
		usleep(1000);
	}
	assert_true(have >= n);
}

bool
evrig_classes(struct evrig *e, uint64_t classes)
{
	uint64_t have = ~classes;

	for (int i = 0; i < 5000 && have != classes; i++) {
		pthread_mutex_lock(&e->lock);
		have = e->classes;
		pthread_mutex_unlock(&e->lock);
		usleep(1000);
	}
	return have == classes;
}

/* ---- life ---- */

static void
run(struct evrig *e)
{
	evrig_enricher(e, true);
	e->stop = false;
	e->running = pthread_create(&e->thread, NULL, serve, e) == 0;
}

static void
halt(struct evrig *e)
{
	if (!e->running)
		return;
	pthread_mutex_lock(&e->lock);
	e->stop = true;
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	e->running = false;
}

int
evrig_setup(void **state)
{
	struct evrig *e = calloc(1, sizeof(*e));
	struct apirig *r;

	if (!e)
		return -1;
	e->t = calloc(1, sizeof(*e->t));
	pthread_mutex_init(&e->lock, NULL);
	e->ring_fd = ring_memfd(RING_BYTES);
	e->ring_ro = ring_readonly(e->ring_fd);
	e->cursor = ring_cursor_memfd();
	e->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (!e->t || ring_new(e->ring_fd, RING_BYTES, &e->ring) < 0 ||
	    ring_watch(e->ring, e->cursor, e->wake) < 0)
		return -1;
	r = &e->t->rig;
	if (apirig_open(r) < 0)
		return -1;
	r->events = true;
	r->ring = e->ring_ro;
	r->cursor = e->cursor;
	r->wake = e->wake;
	if (apirig_start(r) != 0)
		return -1;
	e->t->base = event_base_new();
	apirig_loader(r);
	run(e);
	evrig_sets(e, 1);
	*state = e;
	return 0;
}

void
evrig_stop(struct evrig *e)
{
	halt(e);
	evrig_enricher(e, false);
	apicall_hang_up(e->t);
	apirig_kill(&e->t->rig);
}

void
evrig_again(struct evrig *e)
{
	unsigned int n = e->n_sets;

	assert_int_equal(apirig_start(&e->t->rig), 0);
	apirig_loader(&e->t->rig);
	run(e);
	evrig_sets(e, n + 1);
}

void
evrig_restart(struct evrig *e)
{
	evrig_stop(e);
	evrig_again(e);
}

int
evrig_teardown(void **state)
{
	struct evrig *e = *state;
	void *t = e->t;

	halt(e);
	evrig_enricher(e, false);
	apicall_teardown(&t);
	matcher_free(e->matcher);
	ring_free(e->ring);
	close(e->ring_fd);
	close(e->ring_ro);
	close(e->cursor);
	close(e->wake);
	pthread_mutex_destroy(&e->lock);
	free(e);
	return 0;
}
