/* SPDX-License-Identifier: Apache-2.0 */
/* The planner's part about links: which of those that are there is the one that a file wants. */
#include <string.h>

#include "bpfctl/apply_parts.h"
#include "bpfctl/fit.h"

struct of_load {
	struct planner *p;
	struct apply_load *load;
	const struct apply_group *const *going;
	size_t n_going;
};

static const struct apply_group *
going_group(const struct of_load *o, uint64_t id)
{
	for (size_t i = 0; i < o->n_going; i++)
		if (o->going[i]->id == id)
			return o->going[i];
	return NULL;
}

static bool
is_marked(const struct of_load *o, const Bpfd__V1__Link *l)
{
	return strcmp(apply_link_metadata(l, APPLY_MARK), o->load->set) == 0;
}

/* The name of the program that an attachment means, among those of the present group or, while that is
 * to come, of the one that goes.  NULL: that cannot be told yet, or there is none. */
static const char *
program_name(const struct of_load *o, const struct spec_attach *a, struct buf *why)
{
	const Bpfd__V1__Program *prog;

	if (o->load->now.group)
		prog = fit_program(a, o->load->now.programs, o->load->now.n_programs, why);
	else if (a->program)
		return a->program;
	else
		prog = o->n_going ? fit_program(a, o->going[0]->programs, o->going[0]->n_programs, why) : NULL;
	return prog ? prog->name : NULL;
}

enum likeness { OTHER, SAME_HOOK, SAME_BUT_PROGRAM, SAME_BUT_PLACE, SAME };

/* How much of a link is as wanted.  What nobody marked must be all of it. */
static enum likeness
likeness(const struct of_load *o, const struct spec_attach *a, const char *program, const Bpfd__V1__Link *l)
{
	bool same_program = program && strcmp(program, l->program_name) == 0;
	bool attached = apply_link_holds(l), details = apply_same_details(a, l);

	if (!apply_same_place(a, l))
		return OTHER;
	if (!is_marked(o, l))
		return l->group == o->load->now.group && attached && same_program && details &&
			apply_same_metadata(a, l) && apply_same_proceed_on(a, l) &&
			l->priority == apply_priority(a) ? SAME_BUT_PLACE : OTHER;
	if (!details)
		return same_program ? SAME_HOOK : OTHER;
	if (!same_program)
		return SAME_BUT_PROGRAM;
	return attached && l->group == o->load->now.group ? SAME : SAME_BUT_PLACE;
}

static const Bpfd__V1__Link *
find_link(const struct of_load *o, const struct spec_attach *a, const char *program, enum likeness at_least)
{
	const struct apply_actual *all = o->p->a;
	enum likeness best = OTHER;
	size_t found = 0;

	for (size_t i = 0; i < all->n_links; i++) {
		const Bpfd__V1__Link *l = all->links[i];
		enum likeness like;

		if (o->p->used[i] || (l->group != o->load->now.group && !going_group(o, l->group)) || !l->group)
			continue;
		like = likeness(o, a, program, l);
		if (like >= at_least && like > best) {
			best = like;
			found = i;
		}
	}
	if (best == OTHER)
		return NULL;
	o->p->used[found] = true;
	return all->links[found];
}

static struct apply_step *
step_link(const struct of_load *o, enum apply_phase phase, enum apply_act act, char sign, const char *program,
	const char *kind, const char *target)
{
	struct apply_step *s = planner_add(o->p, phase, act, sign);

	s->set = o->load->set;
	s->load = o->load;
	s->name = planner_text(o->p, "%s", o->load->name);
	s->what = planner_text(o->p, "attach %s%s%s%s%s", program ? program : "", program ? " " : "", kind,
		*target ? ":" : "", target);
	return s;
}

static void
add_why(struct buf *why, const char *text)
{
	buf_printf(why, "%s%s", why->len ? ", " : "", text);
}

static void
add_words(struct buf *why, char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(why, "%s%s", i ? "+" : "", words[i]);
	if (!n)
		buf_str(why, "the hook's own");
}

/* A link that is the wanted one, and what has to change for it to be as wanted. */
static void
change(const struct of_load *o, struct spec_attach *a, const char *program, const Bpfd__V1__Link *l)
{
	bool lost = !apply_link_holds(l), details = apply_same_details(a, l);
	bool metadata = apply_same_metadata(a, l), results = apply_same_proceed_on(a, l);
	bool moves = l->group != o->load->now.group, other = program && strcmp(program, l->program_name) != 0;
	char *const *words;
	size_t n = apply_proceed_on(a, &words);
	/* A link is as persistent as the program that it was made for. */
	bool persistence = !moves || l->persistent == o->load->l.req.persistent;
	bool anew = lost || !details || !metadata || !persistence || (!results && !n);
	AUTO(buf) struct buf why = { 0 };
	struct apply_step *s;

	if (lost)
		add_why(&why, "it is lost");
	if (other)
		buf_printf(&why, "%sprogram %s -> %s", why.len ? ", " : "", l->program_name, program);
	else if (moves)
		add_why(&why, "program of the new load");
	if (l->priority != apply_priority(a))
		buf_printf(&why, "%spriority %d -> %d", why.len ? ", " : "", l->priority, apply_priority(a));
	if (!results) {
		add_why(&why, "proceed_on ");
		add_words(&why, l->proceed_on, l->n_proceed_on);
		buf_str(&why, " -> ");
		add_words(&why, words, n);
	}
	if (!details)
		add_why(&why, "mode, cookie or options");
	if (!metadata)
		add_why(&why, "metadata");
	if (!why.len)
		return;
	s = step_link(o, PHASE_CHANGE, anew ? APPLY_REATTACH : APPLY_UPDATE, '~', program, a->req.kind, a->req.target);
	s->attach = a;
	s->link = l;
	s->new_program = moves || other;
	s->new_priority = l->priority != apply_priority(a);
	s->new_proceed_on = !results;
	s->why = planner_text(o->p, "link %llu: %s", (unsigned long long)l->id, buf_text(&why));
}

static void
attach(const struct of_load *o, struct spec_attach *a, const char *program)
{
	AUTO(buf) struct buf why = { 0 };
	struct apply_step *s = step_link(o, PHASE_ATTACH, APPLY_ATTACH, '+', program, a->req.kind, a->req.target);

	s->attach = a;
	if (a->req.priority)
		buf_printf(&why, "priority %d", a->req.priority);
	if (a->req.n_proceed_on) {
		add_why(&why, "proceed_on ");
		add_words(&why, a->req.proceed_on, a->req.n_proceed_on);
	}
	s->why = planner_text(o->p, "%s", buf_text(&why));
}

/* What is left on the load's groups: the set's own goes; what others attached to a program that goes
 * moves along, or it would go with it. */
static void
leave(const struct of_load *o, size_t i)
{
	const Bpfd__V1__Link *l = o->p->a->links[i];
	const struct apply_group *going = going_group(o, l->group);
	struct apply_step *s;

	if (is_marked(o, l) && (going || (l->group && l->group == o->load->now.group))) {
		s = step_link(o, PHASE_DETACH, APPLY_DETACH, '-', l->program_name, l->kind, l->target);
		s->why = planner_text(o->p, "link %llu: not in the files", (unsigned long long)l->id);
	} else if (going && apply_link_holds(l)) {
		s = step_link(o, PHASE_CHANGE, APPLY_UPDATE, '~', l->program_name, l->kind, l->target);
		s->new_program = true;
		s->why = planner_text(o->p, "link %llu, which apply did not make: program of the new load",
			(unsigned long long)l->id);
	} else {
		return;
	}
	s->link = l;
	o->p->used[i] = true;
}

void
planner_links(struct planner *p, struct apply_load *load, const struct apply_group *const *going, size_t n_going)
{
	static const enum likeness rounds[] = { SAME, SAME_BUT_PLACE, SAME_BUT_PROGRAM, SAME_HOOK };
	const struct of_load o = { p, load, going, n_going };
	AUTO(mem) const Bpfd__V1__Link **links = calloc(load->l.n_attach + 1, sizeof(*links));

	/* What a link with future brought comes and goes with that. */
	for (size_t i = 0; i < p->a->n_links; i++)
		p->used[i] |= p->a->links[i]->by != 0;
	if (!links) {
		p->no_memory = true;
		return;
	}
	/* The best fits first, so that a near one does not take another's. */
	for (size_t r = 0; r < ARRAY_SIZE(rounds); r++)
		for (size_t i = 0; i < load->l.n_attach; i++) {
			AUTO(buf) struct buf why = { 0 };
			const char *program = program_name(&o, &load->l.attach[i], &why);

			if (!links[i])
				links[i] = find_link(&o, &load->l.attach[i], program, rounds[r]);
			if (r == 0 && load->now.group && !program)
				apply_problem(p->w, &load->attach_at[i], "%s", buf_text(&why));
		}
	for (size_t i = 0; i < load->l.n_attach; i++) {
		AUTO(buf) struct buf why = { 0 };
		const char *program = program_name(&o, &load->l.attach[i], &why);

		if (links[i])
			change(&o, &load->l.attach[i], program, links[i]);
		else
			attach(&o, &load->l.attach[i], program);
	}
	for (size_t i = 0; i < p->a->n_links; i++)
		if (!p->used[i])
			leave(&o, i);
}
