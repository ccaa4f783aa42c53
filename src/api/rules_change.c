/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rules_change.h"

#include <stdio.h>
#include <string.h>

#include "api/ctl.h"
#include "api/enforce.h"
#include "api/programs_op.h"
#include "api/sets.h"
#include "api/store.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/chan.h"

#define FILE_DEFAULT "rule.toml"

struct change {
	struct op op;			/* first */
	struct api_rule *r;		/* until the model has it */
	struct rule_by by;
	uint64_t id;
	bool replace, dry_run, check;
	rule_reply *reply;
	void (*removed)(struct call *call);
};

static void
change_free(void *arg)
{
	struct change *c = arg;

	api_rule_free(c->r);
	free(c);
}

static struct change *
change_new(struct call *call)
{
	struct change *c = calloc(1, sizeof(*c));
	const struct peer *peer = call_peer(call);

	if (!c) {
		programs_refuse(call, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return NULL;
	}
	op_start(&c->op, call, change_free);
	c->by = (struct rule_by){ .origin = RULE_FROM_API, .uid = peer->uid, .role = peer->role };
	return c;
}

static void
answer(struct change *c, const struct api_rule *r)
{
	if (c->op.call)
		c->reply(c->op.call, r);
	op_ok(&c->op);
}

/* ---- create ---- */

static void
on_in_use(void *arg, const char *why)
{
	struct change *c = arg;
	struct api_rule *r;

	TAILQ_FOREACH(r, &c->op.api->rules.all, link)
		if (r->id == c->id)
			break;
	if (!r) {
		op_fail(&c->op, IPC_ABORTED, "the rule was removed meanwhile");
		return;
	}
	/* Stored it is: the next enricher or loader gets it too. */
	if (why)
		rules_problem(r, true, "not in use yet: %s", why);
	answer(c, r);
}

/* The rules that a new one takes the place of.  False: there is one that it may not. */
static bool
find_replaced(struct change *c, uint64_t *ids, size_t *n)
{
	struct api_rule *same = NULL;

	*n = 0;
	while ((same = rules_same(&c->op.api->rules, c->r, same))) {
		if (same->origin == RULE_FROM_FILE) {
			op_fail(&c->op, IPC_ALREADY_EXISTS, "rule %s is in %s: change it there", c->r->name,
				same->source);
			return false;
		}
		if (!c->replace) {
			op_fail(&c->op, IPC_ALREADY_EXISTS, "there is a rule %s already: replace it "
				"(bpfctl rule create --replace) or remove it", c->r->name);
			return false;
		}
		ids[(*n)++] = same->id;
	}
	if (c->op.api->rules.n - *n >= RULES_MAX) {
		op_fail(&c->op, IPC_RESOURCE_EXHAUSTED, "there are %d rules already", RULES_MAX);
		return false;
	}
	return true;
}

int
rules_store(struct api *api, struct api_rule *r, const uint64_t *replaced, size_t n)
{
	char tracers[512];
	const struct stored_rule row = { .name = r->name, .tracers = tracers, .text = r->text,
		.text_len = strlen(r->text), .packed = r->packed, .packed_len = r->packed_len,
		.uid = r->uid, .created_ns = r->created_ns };

	rules_tracer_names(r->rule->tracers, tracers, sizeof(tracers));
	return store_add_rule(api->store, &row, replaced, n, &r->id);
}

static void
drop(struct rules *rs, const uint64_t *ids, size_t n)
{
	struct api_rule *r, *next;

	for (r = TAILQ_FIRST(&rs->all); r; r = next) {
		next = TAILQ_NEXT(r, link);
		for (size_t i = 0; i < n; i++)
			if (r->id == ids[i]) {
				rules_remove(rs, r);
				break;
			}
	}
}

static void
create(struct change *c)
{
	struct api *api = c->op.api;
	AUTO(mem) uint64_t *ids = calloc(api->rules.n + 1, sizeof(*ids));
	size_t n;
	int err;

	if (!ids) {
		op_fail(&c->op, IPC_RESOURCE_EXHAUSTED, "no memory for the request");
		return;
	}
	if (!find_replaced(c, ids, &n))
		return;
	rules_warn_after(&api->rules, c->r);
	if (c->dry_run) {
		answer(c, c->r);
		return;
	}
	c->r->created_ns = programs_now_ns();
	err = rules_store(api, c->r, ids, n);
	if (err) {
		op_fail_store(&c->op, err);
		return;
	}
	drop(&api->rules, ids, n);
	c->id = c->r->id;
	rules_insert(&api->rules, TAKE_PTR(c->r));
	sets_changed(api->sets);
	if (!sets_wait(api->sets, on_in_use, c))
		on_in_use(c, "no memory to wait for it");
}

/* What it says is known; may it be? */
static void
admit(struct change *c)
{
	struct api_rule *r = c->r;
	char why[IPC_TEXT_MAX] = "";
	enum ipc_code code;

	r->origin = RULE_FROM_API;
	r->uid = c->op.uid;
	op_what(&c->op, "rule=%s%s", LOG_QUOTE(r->name), c->dry_run ? " dry_run=1" : "");
	code = rules_admit(r, c->op.api->cfg, c->op.api->actions, &c->by, why, sizeof(why));
	if (!code && r->rule->fail_closed && enforce_missing(c->op.api, r->rule, why, sizeof(why)))
		code = IPC_FAILED_PRECONDITION;
	if (code && c->check) {
		r->refused = true;
		rules_problem(r, false, "%s", why);
	}
	if (c->check)
		answer(c, r);
	else if (code)
		op_fail(&c->op, code, "%s", why);
	else
		create(c);
}

void
rules_create(struct call *call, struct api_rule *take, rule_reply *reply)
{
	AUTO(api_rule) struct api_rule *r = take;
	struct change *c = change_new(call);

	if (!c)
		return;
	c->r = TAKE_PTR(r);
	c->reply = reply;
	admit(c);
}

/* ---- text to rule ---- */

static size_t
problem_text(const char *file, const struct rule_problem *p, char *out, size_t size)
{
	int n = p->line ? snprintf(out, size, "%s:%u:%u: %s", file, p->line, p->column, p->text) :
		snprintf(out, size, "%s: %s", file, p->text);

	return (size_t)n < size ? (size_t)n : size - 1;
}

/* Every error on a line of its own, as far as there is room. */
static void
refuse_text(struct change *c, const struct parsed_file *f)
{
	char text[IPC_TEXT_MAX] = "";
	size_t len = 0;

	for (size_t i = 0; i < f->n_problems && len < sizeof(text) - 2; i++) {
		if (f->problems[i].warning)
			continue;
		if (len)
			text[len++] = '\n';
		len += problem_text(f->file, &f->problems[i], text + len, sizeof(text) - len);
	}
	op_fail(&c->op, IPC_INVALID_ARGUMENT, "%s", len ? text : "it is no rule");
}

static int
on_file(void *arg, const struct parsed_file *f)
{
	struct change *c = arg;
	char why[IPC_TEXT_MAX] = "";
	int err;

	rules_problems(c->r, f);
	if (!f->packed) {
		c->r->refused = true;
		if (c->check)
			answer(c, c->r);
		else
			refuse_text(c, f);
		return 1;
	}
	err = rules_take_packed(c->r, f->packed, f->packed_len, why, sizeof(why));
	if (err)
		op_fail(&c->op, err == -ENOMEM ? IPC_RESOURCE_EXHAUSTED : IPC_INVALID_ARGUMENT, "%s",
			err == -ENOMEM ? "no memory for the rule" : why);
	else
		admit(c);
	return 1;		/* c may be gone: no second one */
}

static void
on_parsed(void *arg, const void *bytes, size_t len, int err)
{
	struct change *c = arg;

	if (err) {
		log_err(err, "rules.parse", "rule=%s", LOG_QUOTE(c->r->name));
		op_fail(&c->op, err == -ETIMEDOUT ? IPC_DEADLINE_EXCEEDED : IPC_UNAVAILABLE,
			"bpfd-config did not read the rule (%s)", strerrorname_np(-err));
		return;
	}
	err = parsed_each(bytes, len, on_file, c);
	if (err != 1)
		op_fail(&c->op, IPC_INTERNAL, "bpfd-config's answer is not valid");
}

static const char *
file_name(const struct rule_request *rq)
{
	const char *base = strrchr(rq->file, '/');

	base = base ? base + 1 : rq->file;
	return base[0] ? base : FILE_DEFAULT;
}

void
rules_create_text(struct call *call, const struct rule_request *rq, rule_reply *reply)
{
	size_t len = strlen(rq->text);
	char file[IPC_TARGET_MAX], stem[RULE_NAME_MAX];
	struct change *c;
	int err;

	if (!len || len > RULE_TEXT_MAX) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, len ? "text: a rule has at most %d bytes" :
			"text: must not be empty", RULE_TEXT_MAX);
		return;
	}
	snprintf(file, sizeof(file), "%s", file_name(rq));
	if (!ipc_str_ok(file, sizeof(file))) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "file: has control characters");
		return;
	}
	c = change_new(call);
	if (!c)
		return;
	rule_stem(file, stem, sizeof(stem));
	c->replace = rq->replace;
	c->check = rq->check;
	c->dry_run = rq->dry_run || rq->check;
	c->reply = reply;
	c->r = rules_new(stem, "", rq->text, len);
	op_what(&c->op, "rule=%s%s", LOG_QUOTE(stem), c->dry_run ? " dry_run=1" : "");
	err = c->r ? ctl_rules_parse(c->op.api->ctl, file, rq->text, len, on_parsed, c) : -ENOMEM;
	if (err)
		op_fail_errno(&c->op, err == -EAGAIN ? -EBUSY : err);
}

/* ---- remove ---- */

static void
on_out_of_use(void *arg, const char *why)
{
	struct change *c = arg;

	if (why)
		log_warn("rule.removed", "text=%s", LOG_QUOTE(why));
	if (c->op.call)
		c->removed(c->op.call);
	op_ok(&c->op);
}

/* The rows of that name; 0: refused. */
static size_t
find_removed(struct change *c, const char *name, const char *tracer, uint64_t *ids)
{
	const struct rules *rs = &c->op.api->rules;
	struct api_rule *r = NULL;
	size_t n = 0;

	while ((r = rules_find(rs, name, tracer, r))) {
		if (r->origin == RULE_FROM_FILE) {
			op_fail(&c->op, IPC_FAILED_PRECONDITION, "rule %s is in %s: remove that file, then "
				"reload bpfd", name, r->source);
			return 0;
		}
		ids[n++] = r->id;
	}
	if (!n)
		op_fail(&c->op, IPC_NOT_FOUND, "there is no rule %s%s%s", LOG_QUOTE(name),
			tracer[0] ? " of tracer " : "", tracer);
	return n;
}

void
rules_remove_named(struct call *call, const char *name, const char *tracer,
	void (*reply)(struct call *call))
{
	struct api *api = call_api(call);
	AUTO(mem) uint64_t *ids = calloc(api->rules.n + 1, sizeof(*ids));
	struct change *c;
	size_t n;
	int err;

	if (!name[0]) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "rule name cannot be empty");
		return;
	}
	c = change_new(call);
	if (!c || !ids) {
		if (c)
			op_fail_errno(&c->op, -ENOMEM);
		return;
	}
	c->removed = reply;
	op_what(&c->op, "rule=%s", LOG_QUOTE(name));
	n = find_removed(c, name, tracer, ids);
	if (!n)
		return;
	err = store_del_rules(api->store, ids, n);
	if (err) {
		op_fail_store(&c->op, err);
		return;
	}
	drop(&api->rules, ids, n);
	sets_changed(api->sets);
	if (!sets_wait(api->sets, on_out_of_use, c))
		on_out_of_use(c, NULL);
}
