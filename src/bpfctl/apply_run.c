/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/apply_run.h"

#include <stdlib.h>
#include <string.h>

#include "bpfctl/fit.h"
#include "proto/grpc.h"

/* A call that failed: reported, and kept for the document. */
static int
fail(struct ctl *ctl, struct apply_step *s, const struct client_error *e)
{
	AUTO(buf) struct buf what = { 0 };

	apply_show_progress(ctl, NULL, NULL);
	apply_step_text(&what, s);
	s->result = "failed";
	free(s->error);
	s->error = strdup(ctl_text_of(e));
	return ctl_fail_call(ctl, buf_text(&what), e);
}

/* The program that a link gets, of what is loaded or passed the verifier; NULL: there is none, reported. */
static const Bpfd__V1__Program *
program_of(struct ctl *ctl, struct apply_step *s, Bpfd__V1__Program *const *programs, size_t n)
{
	AUTO(buf) struct buf why = { 0 }, what = { 0 };
	const Bpfd__V1__Program *p;
	struct spec_attach by_name = { .program = s->link ? s->link->program_name : NULL };

	p = fit_program(s->attach ? s->attach : &by_name, programs, n, &why);
	if (p)
		return p;
	apply_step_text(&what, s);
	s->result = "failed";
	ctl_fail(ctl, CTL_FAILED, NULL, buf_text(&what), "%s", buf_text(&why));
	return NULL;
}

static int
load(struct ctl *ctl, struct apply_step *s, bool dry_run, Bpfd__V1__LoadResponse **reply)
{
	struct apply_load *a = s->load;
	AUTO(client_error) struct client_error e = { 0 };

	a->l.req.dry_run = dry_run;
	/* While the owner is to be loaded itself, its maps cannot be had: the verifier sees others like them. */
	if (a->owner_load)
		a->l.req.map_owner_group = a->owner_load->now.group;
	return rpc_load(ctl->client, &a->l.req, reply, &e) ? fail(ctl, s, &e) : CTL_DONE;
}

static int
attach(struct ctl *ctl, struct apply_step *s, bool dry_run, struct client_error *e)
{
	AUTO(reply) Bpfd__V1__AttachResponse *reply = NULL;
	Bpfd__V1__AttachRequest *req = &s->attach->req;
	const Bpfd__V1__Program *prog = program_of(ctl, s, s->load->now.programs, s->load->now.n_programs);

	if (!prog)
		return CTL_FAILED;
	req->program = prog->id;
	req->dry_run = dry_run;
	return rpc_attach(ctl->client, req, &reply, e) ? ctl_exit_of(e->code) : CTL_DONE;
}

static int
update(struct ctl *ctl, struct apply_step *s, bool dry_run, struct client_error *e)
{
	Bpfd__V1__UpdateLinkRequest req = BPFD__V1__UPDATE_LINK_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__UpdateLinkResponse *reply = NULL;

	req.link = s->link->id;
	req.dry_run = dry_run;
	if (s->new_program) {
		const Bpfd__V1__Program *prog = program_of(ctl, s, s->load->now.programs, s->load->now.n_programs);

		if (!prog)
			return CTL_FAILED;
		req.program = prog->id;
	}
	if (s->new_priority)
		req.priority = apply_priority(s->attach);
	if (s->new_proceed_on) {
		char *const *words;

		req.n_proceed_on = apply_proceed_on(s->attach, &words);
		req.proceed_on = (char **)(uintptr_t)words;
	}
	return rpc_update_link(ctl->client, &req, &reply, e) ? ctl_exit_of(e->code) : CTL_DONE;
}

static int
detach(struct ctl *ctl, const struct apply_step *s, bool dry_run, struct client_error *e)
{
	Bpfd__V1__DetachRequest req = BPFD__V1__DETACH_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__DetachResponse *reply = NULL;

	req.link = s->link->id;
	req.dry_run = dry_run;
	return rpc_detach(ctl->client, &req, &reply, e) ? ctl_exit_of(e->code) : CTL_DONE;
}

static bool
is_in_the_way(const struct client_error *e)
{
	return e->code == GRPC_ALREADY_EXISTS || e->code == GRPC_FAILED_PRECONDITION;
}

/* The link that was there, as it was: its program is still loaded. */
static void
put_back(struct ctl *ctl, const struct apply_step *s)
{
	Bpfd__V1__AttachRequest req = BPFD__V1__ATTACH_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__AttachResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf what = { 0 };
	const Bpfd__V1__Link *l = s->link;

	req.program = l->program;
	req.kind = l->kind;
	req.target = l->target;
	req.netns = l->netns;
	req.direction = l->direction;
	req.mode = l->mode;
	req.priority = l->priority;
	req.cookie = l->cookie;
	req.future = l->future;
	req.n_proceed_on = l->n_proceed_on;
	req.proceed_on = l->proceed_on;
	req.n_metadata = l->n_metadata;		/* entries of maps are all laid out and packed alike */
	req.metadata = (Bpfd__V1__AttachRequest__MetadataEntry **)l->metadata;
	req.n_options = l->n_options;
	req.options = (Bpfd__V1__AttachRequest__OptionsEntry **)l->options;
	if (rpc_attach(ctl->client, &req, &reply, &e) == 0)
		return;
	apply_step_text(&what, s);
	ctl_fail_call(ctl, buf_text(&what), &e);
	ctl_fail(ctl, CTL_PARTLY, NULL, buf_text(&what), "link %llu is detached and could not be put back",
		(unsigned long long)l->id);
}

/* The new one beside the old one; where two cannot be on the hook, after it. */
static int
reattach(struct ctl *ctl, struct apply_step *s, bool dry_run, struct client_error *e)
{
	bool was_there = apply_link_holds(s->link);
	int status = attach(ctl, s, dry_run, e);

	if (dry_run)
		return status && is_in_the_way(e) && was_there ? CTL_DONE : status;
	if (!status || !is_in_the_way(e) || !was_there)
		return status ? status : detach(ctl, s, false, e);
	client_error_clear(e);
	status = detach(ctl, s, false, e);
	if (status)
		return status;
	status = attach(ctl, s, false, e);
	if (status)
		put_back(ctl, s);
	return status;
}

/* What an update refuses, as of a link that waits for interfaces, is made anew. */
static int
update_or_reattach(struct ctl *ctl, struct apply_step *s, bool dry_run, struct client_error *e)
{
	int status = update(ctl, s, dry_run, e);

	if (!status || e->code != GRPC_FAILED_PRECONDITION || !s->attach)
		return status;
	client_error_clear(e);
	return reattach(ctl, s, dry_run, e);
}

static int
unload(struct ctl *ctl, const struct apply_step *s, bool dry_run, struct client_error *e)
{
	Bpfd__V1__UnloadRequest req = BPFD__V1__UNLOAD_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__UnloadResponse *reply = NULL;

	req.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	req.group = s->group;
	req.dry_run = dry_run;
	return rpc_unload(ctl->client, &req, &reply, e) ? ctl_exit_of(e->code) : CTL_DONE;
}

static int
remove_rule(struct ctl *ctl, const Bpfd__V1__Rule *old, struct client_error *e)
{
	Bpfd__V1__RemoveRuleRequest req = BPFD__V1__REMOVE_RULE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__RemoveRuleResponse *reply = NULL;

	req.name = old->name;
	if (old->n_tracers)
		req.tracer = old->tracers[0];
	return rpc_rule_remove(ctl->client, &req, &reply, e) ? ctl_exit_of(e->code) : CTL_DONE;
}

static bool
share_tracer(const Bpfd__V1__Rule *a, const Bpfd__V1__Rule *b)
{
	for (size_t i = 0; i < a->n_tracers; i++)
		for (size_t j = 0; j < b->n_tracers; j++)
			if (strcmp(a->tracers[i], b->tracers[j]) == 0)
				return true;
	return false;
}

static int
create_rule(struct ctl *ctl, const struct apply_step *s, bool dry_run, struct client_error *e)
{
	Bpfd__V1__CreateRuleRequest req = BPFD__V1__CREATE_RULE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__CreateRuleResponse *reply = NULL;

	req.text = s->rule->text;
	req.file = s->rule->file;
	req.replace = s->old != NULL;
	req.dry_run = dry_run;
	if (rpc_rule_create(ctl->client, &req, &reply, e))
		return ctl_exit_of(e->code);
	/* The daemon replaces what is of the same tracer, and has one of another beside it. */
	if (dry_run || !s->old || !reply->rule || share_tracer(s->old, reply->rule))
		return CTL_DONE;
	return remove_rule(ctl, s->old, e);
}

/* Every step but a load. */
static int
step(struct ctl *ctl, struct apply_step *s, bool dry_run)
{
	AUTO(client_error) struct client_error e = { 0 };
	int status = CTL_DONE;

	switch (s->act) {
	case APPLY_UPDATE:
		status = update_or_reattach(ctl, s, dry_run, &e);
		break;
	case APPLY_REATTACH:
		status = reattach(ctl, s, dry_run, &e);
		break;
	case APPLY_ATTACH:
		status = attach(ctl, s, dry_run, &e);
		break;
	case APPLY_DETACH:
		status = detach(ctl, s, dry_run, &e);
		break;
	case APPLY_UNLOAD:
		status = unload(ctl, s, dry_run, &e);
		break;
	case APPLY_RULE:
		status = create_rule(ctl, s, dry_run, &e);
		break;
	case APPLY_UNRULE:
		status = dry_run ? CTL_DONE : remove_rule(ctl, s->old, &e);
		break;
	case APPLY_LOAD:
	case APPLY_KEEP:
		break;
	}
	return status && e.code ? fail(ctl, s, &e) : status;
}

/* Only what is of a program that is there can be asked about. */
static bool
needs_load(const struct apply_step *s)
{
	return s->load && !s->load->now.group &&
		(s->act == APPLY_ATTACH || s->act == APPLY_REATTACH || s->act == APPLY_UPDATE);
}

static int
check_load(struct ctl *ctl, struct apply_plan *p, struct apply_step *s)
{
	AUTO(reply) Bpfd__V1__LoadResponse *reply = NULL;
	int status = load(ctl, s, true, &reply);

	for (size_t i = 0; i < p->n && !status; i++)
		if (p->steps[i].load == s->load && needs_load(&p->steps[i]) &&
		    !program_of(ctl, &p->steps[i], reply->programs, reply->n_programs))
			status = CTL_FAILED;
	return status;
}

int
apply_run_check(struct ctl *ctl, struct apply_plan *p)
{
	int status = CTL_DONE;

	for (size_t i = 0; i < p->n_changes && !status; i++) {
		struct apply_step *s = &p->steps[i];

		apply_show_progress(ctl, p, s);
		if (s->act == APPLY_LOAD)
			status = check_load(ctl, p, s);
		else if (!needs_load(s))
			status = step(ctl, s, true);
		if (!status)
			s->result = "checked";
	}
	apply_show_progress(ctl, p, NULL);
	return status;
}

static int
stage(struct ctl *ctl, struct apply_step *s)
{
	struct apply_load *a = s->load;
	int status = load(ctl, s, false, &a->l.reply);

	if (status)
		return status;
	a->now.group = a->l.reply->group;
	for (size_t i = 0; i < a->l.reply->n_programs; i++)
		if (spec_append(&a->now.programs, &a->now.n_programs, a->l.reply->programs[i]))
			return ctl_fail(ctl, CTL_FAILED, NULL, "apply", "no memory");
	s->group = a->now.group;
	s->result = "done";
	return CTL_DONE;
}

static int
interrupted(struct ctl *ctl)
{
	return client_interrupted(ctl->client) ? ctl_fail(ctl, CTL_FAILED, NULL, "apply", "interrupted") : CTL_DONE;
}

/* Loads everything, then asks about what could not be asked about before. */
static int
stage_all(struct ctl *ctl, struct apply_plan *p)
{
	AUTO(mem) bool *asks = calloc(p->n + 1, sizeof(*asks));
	int status = asks ? CTL_DONE : ctl_fail(ctl, CTL_FAILED, NULL, "apply", "no memory");

	for (size_t i = 0; i < p->n && !status; i++)
		asks[i] = needs_load(&p->steps[i]);
	for (size_t i = 0; i < p->n_changes && p->steps[i].act == APPLY_LOAD && !status; i++) {
		apply_show_progress(ctl, p, &p->steps[i]);
		status = stage(ctl, &p->steps[i]);
		if (!status)
			status = interrupted(ctl);
	}
	for (size_t i = 0; i < p->n && !status; i++)
		if (asks[i])
			status = step(ctl, &p->steps[i], true);
	return status;
}

/* The newest first: it may share the maps of one before. */
static int
take_back(struct ctl *ctl, struct apply_plan *p, int status)
{
	for (size_t i = p->n; i-- > 0;) {
		struct apply_step *s = &p->steps[i];

		if (s->act != APPLY_LOAD || !s->load->l.reply)
			continue;
		if (load_take_back(ctl, "apply", s->load->now.group, status) != CTL_PARTLY)
			s->result = "taken back";
		else
			status = CTL_PARTLY;
	}
	return status;
}

static int
run_steps(struct ctl *ctl, struct apply_plan *p)
{
	int status = stage_all(ctl, p);
	size_t n_done = 0;

	if (status)
		return take_back(ctl, p, status);
	for (size_t i = 0; i < p->n_changes && !status; i++) {
		struct apply_step *s = &p->steps[i];

		if (s->act != APPLY_LOAD) {
			apply_show_progress(ctl, p, s);
			status = interrupted(ctl);
			if (!status)
				status = step(ctl, s, false);
		}
		if (!status) {
			s->result = "done";
			n_done++;
		}
	}
	return status && n_done ? CTL_PARTLY : status;
}

int
apply_run(struct ctl *ctl, struct apply_plan *p)
{
	int status;

	for (size_t i = 0; i < p->n_changes; i++)
		p->steps[i].result = "not done";
	client_hold_signals(ctl->client);
	status = run_steps(ctl, p);
	apply_show_progress(ctl, p, NULL);
	if (status)
		apply_show_rest(ctl, p);
	client_release_signals(ctl->client);
	return status;
}
