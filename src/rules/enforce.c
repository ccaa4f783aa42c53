/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/enforce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/tracers.h"
#include "rules/enforce_parts.h"

#define HOUR_NS 3600000000000ULL

/* ---- a rule ---- */

static void
fill_row(struct enf_row *row, const struct enforce_source *from, const struct enforce_subject *s, uint16_t next)
{
	const struct rule *r = from->rule;

	memset(row, 0, sizeof(*row));
	row->next = next;
	row->hook = (uint8_t)s->hook;
	row->flags = (uint8_t)((from->enforce ? ENF_ENFORCE : 0) | (r->fail_closed ? ENF_CLOSED : 0));
	row->severity = r->severity;
	row->name_len = (uint32_t)strlen(r->name);
	memcpy(row->name, r->name, row->name_len);
	if (r->budget.rate_per_hour) {
		row->each_ns = HOUR_NS / r->budget.rate_per_hour;
		row->burst_ns = row->each_ns * r->budget.burst;
	} else if (s->verb == ENFORCE_KILL && from->kills_per_minute) {
		row->each_ns = HOUR_NS / 60 / from->kills_per_minute;
		row->burst_ns = HOUR_NS / 60;
	}
}

/* One row: in front of those that the hook has already, so the last rule comes first. */
static int
add_row(struct enforce_making *m, const struct enforce_source *from, const struct nnf *tree)
{
	struct enf_table *t = m->t;
	uint16_t next = t->first[m->s->hook];
	uint32_t n_steps = m->n_steps;
	int at;

	if (t->n_rows == ENF_ROWS)
		return -ENOSPC;
	m->tracer = ipc_tracer_by_name(m->s->tracer);
	m->row = (uint8_t)t->n_rows;
	at = enforce_tree(m, tree, (uint16_t)(ENF_MATCH | t->n_rows), next);
	if (at < 0)
		return at;
	if (at == (ENF_MATCH | (int)t->n_rows)) {
		snprintf(m->why, m->room, "without a condition it would stop every %s", enforce_hook_names[m->s->hook]);
		return -EINVAL;
	}
	if (at == next) {		/* it never matches: what was made of it is not used */
		memset(&t->steps[n_steps], 0, (m->n_steps - n_steps) * sizeof(t->steps[0]));
		m->n_steps = n_steps;
		return 0;
	}
	fill_row(&t->rows[t->n_rows], from, m->s, next);
	t->first[m->s->hook] = (uint16_t)at;
	t->n_rows++;
	return 0;
}

static int
add_rule(struct enforce_making *m, const struct enforce_source *from)
{
	struct nnf tree = { 0 };
	int err = from->rule->match ? nnf_make(from->rule->match, &tree) : -EINVAL;

	if (!from->rule->match)
		snprintf(m->why, m->room, "a rule that is decided in the kernel needs a condition");
	m->s = NULL;
	while (!err && (m->s = enforce_subject(from->rule, m->s)))
		err = add_row(m, from, &tree);
	if (err == -ENOSPC)
		snprintf(m->why, m->room, "the kernel's table of %d rules, %d comparisons and %d paths has no room for it",
			ENF_ROWS, ENF_STEPS, ENF_PATHS);
	nnf_clear(&tree);
	return err;
}

static void
begin(struct enforce_making *m, struct enf_table *t, char *why, size_t room)
{
	memset(t, 0, sizeof(*t));
	t->magic = ENF_MAGIC;
	for (size_t i = 0; i < ARRAY_SIZE(t->first); i++)
		t->first[i] = ENF_END;
	*m = (struct enforce_making){ .t = t, .why = why, .room = room };
}

/* Each verb needs a tracer that it is for, and each tracer one of the verbs. */
static int
check_subjects(const struct rule *r, char *why, size_t room)
{
	uint32_t verbs = enforce_verbs(r);
	uint64_t left = r->tracers;

	for (const struct enforce_subject *s = enforce_subject(r, NULL); s; s = enforce_subject(r, s)) {
		verbs &= ~s->verb;
		left &= ~(1ULL << ipc_tracer_by_name(s->tracer));
	}
	if (verbs & ENFORCE_KILL)
		snprintf(why, room, "kernel_kill is for rules of tracer exec");
	else if (verbs || left)
		snprintf(why, room, "what tracer %s sees cannot be denied in the kernel", left ?
			ipc_tracer_name((unsigned int)__builtin_ctzll(left)) : "?");
	else if (r->after[0])
		snprintf(why, room, "what came before an act is not known in the kernel: no \"after\" beside deny and kernel_kill");
	else if (r->runtimes)
		snprintf(why, room, "runtimes cannot be decided in the kernel: ns.host = false may do");
	else
		return 0;
	return -EINVAL;
}

/* The hooks of a rule alone, of which some may have no act that it is about; or negative errno. */
static int
hooks_of(const struct rule *r, char *why, size_t room)
{
	const struct enforce_source from = { .rule = r };
	AUTO(mem) struct enf_table *t = malloc(sizeof(*t));
	struct enforce_making m;
	int hooks = 0, err;

	if (!t) {
		snprintf(why, room, "no memory");
		return -ENOMEM;
	}
	begin(&m, t, why, room);
	err = add_rule(&m, &from);
	enforce_paths_clear(&m.paths);
	for (unsigned int i = 0; i < N_ENF_HOOKS && !err; i++)
		hooks |= t->first[i] == ENF_END ? 0 : 1 << i;
	return err ? err : hooks;
}

int
enforce_check(const struct rule *r, char *why, size_t room)
{
	int err;

	if (!enforce_verbs(r))
		return 0;
	err = check_subjects(r, why, room);
	return !err && hooks_of(r, why, room) < 0 ? -EINVAL : err;
}

uint32_t
enforce_hooks(const struct rule *r)
{
	char why[400];
	int hooks = hooks_of(r, why, sizeof(why));

	return hooks < 0 ? 0 : (uint32_t)hooks;
}

/* ---- all ---- */

/* NAME or NAME*, compared with what follows the last slash of an executable's path. */
static int
fill_protect(struct enf_table *t, const struct enforce_protect *p, char *why, size_t room)
{
	for (size_t i = 0; i < p->n; i++) {
		const char *name = p->names[i];
		size_t len = strcspn(name, "*?[\\");
		bool begins = name[len] == '*' && !name[len + 1];
		struct enf_protect *to = &t->protect[t->n_protect];

		if ((name[len] && !begins) || len >= ENF_WORD || t->n_protect == ENF_PROTECT) {
			snprintf(why, room, "actions.protect: \"%.64s\" cannot be told in the kernel, which takes %d of "
				"NAME and NAME*, each of %d bytes", name, ENF_PROTECT, ENF_WORD - 1);
			return -EINVAL;
		}
		memcpy(to->word, name, len);
		memset(to->mask, 0xff, begins ? len : len + 1);
		t->n_protect++;
	}
	return 0;
}

/* Those that are not left out, from the last: the first ones are asked first.  -ENOSPC: too many. */
static int
add_all(struct enforce_making *m, const struct enforce_source *sources, size_t n)
{
	int err = 0;

	for (size_t i = n; i-- > 0 && !err;)
		err = add_rule(m, &sources[i]);
	return err ? err : enforce_paths_fill(&m->paths, m->t);
}

int
enforce_compile(struct enforce_source *sources, size_t n, const struct enforce_protect *protect,
	struct enf_table *out, char *why, size_t room)
{
	size_t fit = n < ENF_ROWS ? n : ENF_ROWS;
	struct enforce_making m;
	int err;

	do {
		begin(&m, out, why, room);
		err = fill_protect(out, protect, why, room);
		if (!err)
			err = add_all(&m, sources, fit);
		enforce_paths_clear(&m.paths);
	} while (err == -ENOSPC && fit-- > 0);
	for (size_t i = 0; i < n; i++)
		sources[i].left_out = i >= fit;
	return err;
}
