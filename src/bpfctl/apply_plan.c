/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/apply_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_parts.h"
#include "bpfctl/fit.h"

struct apply_step *
planner_add(struct planner *p, enum apply_phase phase, enum apply_act act, char sign)
{
	static struct apply_step nowhere;	/* written to and never read */
	struct apply_step *all = reallocarray(p->phases[phase].v, p->phases[phase].n + 1, sizeof(*all));

	if (!all) {
		p->no_memory = true;
		nowhere = (struct apply_step){ 0 };
		return &nowhere;
	}
	p->phases[phase].v = all;
	all[p->phases[phase].n] = (struct apply_step){ .act = act, .sign = sign };
	return &all[p->phases[phase].n++];
}

char *
planner_text(struct planner *p, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0)
		return text;
	p->no_memory = true;
	return NULL;
}

static bool
has_set(const struct planner *p, const char *set)
{
	for (size_t i = 0; i < p->w->n_sets; i++)
		if (strcmp(p->w->sets[i], set) == 0)
			return true;
	return false;
}

/* ---- groups ---- */

static int
by_id(const void *a, const void *b)
{
	const struct apply_group *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct apply_group *
find_group(const struct planner *p, uint64_t id)
{
	for (size_t i = 0; i < p->n_groups; i++)
		if (p->groups[i].id == id)
			return &p->groups[i];
	return NULL;
}

static void
add_to_group(struct planner *p, Bpfd__V1__Program *prog)
{
	struct apply_group *g = find_group(p, prog->group);

	if (!g) {
		g = &p->groups[p->n_groups++];
		*g = (struct apply_group){ .id = prog->group,
			.set = apply_metadata(prog->metadata, prog->n_metadata, APPLY_MARK),
			.name = apply_metadata(prog->metadata, prog->n_metadata, APPLY_MARK_NAME) };
	}
	if (spec_append(&g->programs, &g->n_programs, prog))
		p->no_memory = true;
	g->lost |= strcmp(prog->state, "loaded") != 0;
}

static void
find_groups(struct planner *p)
{
	p->groups = calloc(p->a->n_programs + 1, sizeof(*p->groups));
	p->used = calloc(p->a->n_links + 1, sizeof(*p->used));
	if (!p->groups || !p->used) {
		p->no_memory = true;
		return;
	}
	for (size_t i = 0; i < p->a->n_programs; i++)
		if (p->a->programs[i]->group)
			add_to_group(p, p->a->programs[i]);
	qsort(p->groups, p->n_groups, sizeof(*p->groups), by_id);
}

/* ---- loads ---- */

static bool
is_mine(const struct apply_load *load, const struct apply_group *g)
{
	return strcmp(g->set, load->set) == 0 && strcmp(g->name, load->name) == 0;
}

/* The group whose maps a load is to share; 0 when it is none, or one that is to be loaded. */
static uint64_t
owner_group(struct planner *p, const struct apply_load *load)
{
	const char *slash = load->owner ? strchr(load->owner, '/') : NULL;
	uint64_t id = 0;

	if (!load->owner || load->owner_load)
		return load->owner ? load->owner_load->now.group : 0;
	for (size_t i = 0; slash && i < p->n_groups; i++)
		if (strlen(p->groups[i].set) == (size_t)(slash - load->owner) &&
		    strncmp(p->groups[i].set, load->owner, (size_t)(slash - load->owner)) == 0 &&
		    strcmp(p->groups[i].name, slash + 1) == 0)
			id = p->groups[i].id;
	if (!id)
		apply_problem(p->w, &load->at, "map_owner: there is no load \"%s\"", load->owner);
	return id;
}

/* What keeps a group from being the wanted load; "" when it is that. */
static void
compare(const struct apply_load *load, const struct apply_group *g, uint64_t owner, struct buf *why)
{
	if (load->owner_load && !owner)
		buf_str(why, "the maps that it shares");
	apply_load_differs(load, g, load->owner_load && !owner ? g->programs[0]->map_owner_group : owner, why);
}

static void
take_group(struct planner *p, struct apply_load *load, const struct apply_group *g)
{
	load->now.group = g->id;
	for (size_t i = 0; i < g->n_programs; i++)
		if (spec_append(&load->now.programs, &load->now.n_programs, g->programs[i]))
			p->no_memory = true;
}

static void
step_load(struct planner *p, struct apply_load *load, const struct apply_group *before, const char *why)
{
	struct apply_step *s = planner_add(p, PHASE_LOAD, APPLY_LOAD, before ? '~' : '+');

	s->set = load->set;
	s->load = load;
	s->name = planner_text(p, "%s", load->name);
	s->what = planner_text(p, "load");
	s->group = before ? before->id : 0;
	s->why = before ? planner_text(p, "%s; takes the place of group %llu", why, (unsigned long long)before->id) :
		planner_text(p, "%s", load->object);
}

/* load: what takes its place; NULL: nothing does. */
static void
step_unload(struct planner *p, const struct apply_group *g, char sign, struct apply_load *load, const char *why)
{
	struct apply_step *s = planner_add(p, sign == '-' ? PHASE_UNLOAD : PHASE_KEEP,
		sign == '-' ? APPLY_UNLOAD : APPLY_KEEP, sign);

	s->set = g->set;
	s->load = load;
	s->group = g->id;
	s->name = planner_text(p, "%s", g->name);
	s->what = planner_text(p, "load");
	s->why = planner_text(p, "group %llu%s", (unsigned long long)g->id, why);
}

/* A load by hand may have left programs out, which the daemon does not tell. */
static bool
has_attached(const struct apply_load *load, const struct apply_group *g)
{
	for (size_t i = 0; i < load->l.n_attach; i++) {
		AUTO(buf) struct buf why = { 0 };

		if (!fit_program(&load->l.attach[i], g->programs, g->n_programs, &why))
			return false;
	}
	return true;
}

/* Something equal that nobody marked is as good as one of the set's. */
static const struct apply_group *
find_equal(struct planner *p, const struct apply_load *load, uint64_t owner)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		const struct apply_group *g = &p->groups[i];
		AUTO(buf) struct buf why = { 0 };
		bool taken = false;

		if (*g->set)
			continue;
		for (size_t j = 0; j < p->w->n_loads; j++)
			taken |= p->w->loads[j]->now.group == g->id;
		compare(load, g, owner, &why);
		if (!taken && !why.len && has_attached(load, g))
			return g;
	}
	return NULL;
}

static void
plan_load(struct planner *p, struct apply_load *load)
{
	AUTO(mem) const struct apply_group **going = calloc(p->n_groups + 1, sizeof(*going));
	AUTO(buf) struct buf last_why = { 0 };
	const struct apply_group *now = NULL;
	uint64_t owner;
	size_t n = 0;

	if (load->now.planned)
		return;
	load->now.planned = true;
	if (load->owner_load)
		plan_load(p, load->owner_load);
	owner = owner_group(p, load);
	if (!going) {
		p->no_memory = true;
		return;
	}
	/* The newest that is as wanted stays; all others go, of a run before that came to no end too. */
	for (size_t i = p->n_groups; i-- > 0;) {
		const struct apply_group *g = &p->groups[i];
		AUTO(buf) struct buf why = { 0 };

		if (!is_mine(load, g))
			continue;
		compare(load, g, owner, &why);
		if (!now && !why.len)
			now = g;
		else
			going[n++] = g;
		if (!last_why.len)
			buf_str(&last_why, buf_text(&why));
	}
	if (!now && !n)
		now = find_equal(p, load, owner);
	if (now)
		take_group(p, load, now);
	else
		step_load(p, load, n ? going[0] : NULL, buf_text(&last_why));
	planner_links(p, load, going, n);
	for (size_t i = 0; i < n; i++)
		step_unload(p, going[i], '-', load, ", replaced");
}

static bool
is_wanted(const struct planner *p, const struct apply_group *g)
{
	for (size_t i = 0; i < p->w->n_loads; i++)
		if (is_mine(p->w->loads[i], g))
			return true;
	return false;
}

static void
plan_unwanted(struct planner *p)
{
	for (size_t i = 0; i < p->n_groups; i++) {
		const struct apply_group *g = &p->groups[i];

		if (*g->set && has_set(p, g->set) && !is_wanted(p, g))
			step_unload(p, g, p->prune ? '-' : ' ', NULL, p->prune ? ", not in the files" :
				": not in the files, kept; --prune removes it");
	}
}

/* Who shares the maps of another goes before it: it came after it. */
static int
newest_first(const void *a, const void *b)
{
	const struct apply_step *x = a, *y = b;

	return (x->group < y->group) - (x->group > y->group);
}

static int
join(struct planner *p, struct apply_plan *out)
{
	size_t n = 0;

	if (p->phases[PHASE_UNLOAD].n)
		qsort(p->phases[PHASE_UNLOAD].v, p->phases[PHASE_UNLOAD].n, sizeof(struct apply_step), newest_first);
	for (size_t i = 0; i < N_PHASES; i++)
		n += p->phases[i].n;
	*out = (struct apply_plan){ .steps = calloc(n + 1, sizeof(*out->steps)), .conflict = p->conflict };
	for (size_t i = 0; i < N_PHASES; i++) {
		for (size_t j = 0; j < p->phases[i].n && out->steps; j++)
			out->steps[out->n++] = p->phases[i].v[j];
		if (i != PHASE_KEEP)
			out->n_changes += p->phases[i].n;
		free(p->phases[i].v);
	}
	for (size_t i = 0; i < p->n_groups; i++)
		free(p->groups[i].programs);
	free(p->groups);
	free(p->used);
	return p->no_memory || !out->steps ? -ENOMEM : 0;
}

void
apply_plan_free(struct apply_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->steps[i].name);
		free(p->steps[i].what);
		free(p->steps[i].why);
		free(p->steps[i].error);
	}
	free(p->steps);
}

int
apply_plan(struct apply_want *w, const struct apply_actual *a, bool prune, struct apply_plan *out)
{
	struct planner p = { .w = w, .a = a, .prune = prune };

	find_groups(&p);
	for (size_t i = 0; i < w->n_loads && !p.no_memory; i++)
		plan_load(&p, w->loads[i]);
	if (!p.no_memory) {
		plan_unwanted(&p);
		planner_rules(&p);
	}
	return join(&p, out);
}
