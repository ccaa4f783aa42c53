/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_RULES_MAKE_H
#define BPFD_TESTS_RULES_MAKE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/open.h"
#include "rules/match.h"
#include "rules/parse.h"
#include "unit/event_make.h"

/* Rule sets from texts, and events of "open", for tests and the bench. */
#define SET_MAX 20000

struct made_set {
	struct ruleset set;
	struct ruleset_entry entries[SET_MAX];
};

/* The text as a rule of the set.  Aborts on a mistake. */
static inline struct ruleset_entry *
made_rule(struct made_set *s, const char *text)
{
	struct ruleset_entry *e = &s->entries[s->set.n++];
	struct rules_parsed p;
	void *packed;
	int err = rules_parse("rule", text, strlen(text), NULL, &p);

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; !err && !p.rule && i < p.n_problems; i++)
		fprintf(stderr, "%u:%u: %s\n", p.problems[i].line, p.problems[i].column, p.problems[i].text);
	if (err || !p.rule || rule_pack(p.rule, &packed, &e->packed_len))
		abort();
	e->packed = packed;
	for (unsigned int i = 0; i < N_SEVERITIES; i++)
		e->actions[i] = 1;
	rules_parsed_free(&p);
	s->set.entries = s->entries;
	return e;
}

/* { match } of a rule of open, format 2; runtimes: of containers, in TOML. */
static inline struct ruleset_entry *
made_open_rule_of(struct made_set *s, const char *conditions, const char *runtimes)
{
	char text[4096];

	snprintf(text, sizeof(text), "version = 2\ntracer = \"open\"\nname = \"r%zu\"\nruntimes = [%s]\n"
		"[match]\nall = [ %s ]\n", s->set.n, runtimes, conditions);
	return made_rule(s, text);
}

static inline struct ruleset_entry *
made_open_rule(struct made_set *s, const char *conditions)
{
	return made_open_rule_of(s, conditions, "");
}

static inline struct matcher *
made_matcher(const struct made_set *s)
{
	struct matcher *m = NULL;
	char why[300] = "";
	void *bytes;
	size_t len;

	if (ruleset_pack(&s->set, &bytes, &len))
		abort();
	if (matcher_new(bytes, len, &m, why, sizeof(why))) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	free(bytes);
	return m;
}

static inline void
made_set_clear(struct made_set *s)
{
	for (size_t i = 0; i < s->set.n; i++)
		free((void *)(uintptr_t)s->entries[i].packed);
	memset(&s->set, 0, sizeof(s->set));
}

struct made_open {
	const char *path, *filename, *comm, *exe, *args, *runtime, *pod;
	size_t args_len;
	uint32_t uid, pid, oflags, flags, mntns, host_mntns;
	uint32_t cut;			/* EV_CUT() of members: EV_TRUNCATED then */
	uint64_t ts;
	int64_t ret;
};

static inline void
made_open(struct made *m, const struct made_open *o, struct event *e)
{
	struct ev_open ev = { .h = { .tracer = TR_OPEN, .ts = o->ts, .tgid = o->pid, .uid = o->uid,
		.flags = (uint16_t)(o->flags | (o->cut ? EV_TRUNCATED : 0)), .cut = (uint16_t)o->cut, .mntns = o->mntns, .ret = o->ret }, .oflags = o->oflags };

	const char *comm = o->comm ? o->comm : "cat";

	memcpy(ev.h.comm, comm, strnlen(comm, sizeof(ev.h.comm)));
	made_event(m, &ev, sizeof(ev));
	made_str(m, ev_open, path, o->path ? o->path : "/etc/passwd");
	made_str(m, ev_open, filename, o->filename ? o->filename : "passwd");
	made_ctx(m, CTX_PROC | (o->runtime ? CTX_CONTAINER : 0))->host_mntns = o->host_mntns;
	made_ctx_str(m, exe, o->exe ? o->exe : "/usr/bin/cat");
	made_ctx_str_len(m, args, o->args ? o->args : "", o->args_len);
	made_ctx_str(m, runtime, o->runtime ? o->runtime : "");
	made_ctx_str(m, pod_uid, o->pod ? o->pod : "");
	made_end(m);
	if (record_check(m->bytes, m->len, e))
		abort();
}

#endif
