/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the store whose text is read again: another bpfd has stored them, or they name lists for all rules. */
#include <stdio.h>
#include <string.h>

#include "api/ctl.h"
#include "api/rules_change.h"
#include "api/sets.h"
#include "common/log.h"

struct reread {
	struct api *api;
	struct api_rule *r;		/* while it is read: what there is already */
	uint64_t id;
};

static void
forget(struct api_rule *r)
{
	rule_free(TAKE_PTR(r->rule));
	free(TAKE_PTR(r->packed));
	free(TAKE_PTR(r->decisions));
	r->decisions_len = 0;
	free(TAKE_PTR(r->problems));
	r->n_problems = 0;
}

/* A new row in place of the old one; the rule keeps its age. */
static void
take_into_use(struct api *api, struct api_rule *r)
{
	const struct rule_by by = { .origin = RULE_FROM_API, .uid = r->uid, .role = CONFIG_ADMIN };
	uint64_t old = r->id;
	char why[IPC_TEXT_MAX] = "";

	if (rules_admit(r, api->cfg, api->actions, &by, why, sizeof(why)) != IPC_OK) {
		rules_problem(r, false, "%s", why);
		return;
	}
	if (rules_same(&api->rules, r, NULL)) {
		rules_problem(r, false, "there is a rule of this name for the same tracer");
		return;
	}
	r->refused = false;
	if (rules_store(api, r, &old, 1) < 0)
		r->id = old;
	log_notice("rule.reread", "rule=%s", LOG_QUOTE(r->name));
}

static int
on_file(void *arg, const struct parsed_file *f)
{
	const struct reread *q = arg;
	struct api_rule *r = q->r;
	char why[IPC_TEXT_MAX] = "";

	if (r->packed && f->packed && r->packed_len == f->packed_len &&
	    memcmp(r->packed, f->packed, f->packed_len) == 0)
		return 1;
	r->refused = true;
	forget(r);
	rules_problems(r, f);
	if (f->packed && rules_take_packed(r, f->packed, f->packed_len, why, sizeof(why)) < 0)
		rules_problem(r, false, "%s", why);
	if (r->rule)
		take_into_use(q->api, r);
	sets_changed(q->api->sets);
	return 1;
}

/* One that is in use stays so, with what its lists had. */
static void
not_read(struct api_rule *r)
{
	rules_problem(r, !r->refused, r->refused ?
		"it was stored by another version of bpfd and cannot be read again: create it again" :
		"its lists could not be read again: it has the values of before");
}

static void
on_reread(void *arg, const void *bytes, size_t len, int err)
{
	AUTO(mem) struct reread *q = arg;

	TAILQ_FOREACH(q->r, &q->api->rules.all, link)
		if (q->r->stale && q->r->id == q->id)
			break;
	if (q->r) {
		q->r->stale = false;
		if (err || parsed_each(bytes, len, on_file, q) != 1)
			not_read(q->r);
	}
	rules_reread(q->api);
}

void
rules_reread(struct api *api)
{
	struct api_rule *r;

	TAILQ_FOREACH(r, &api->rules.all, link) {
		struct reread *q = r->stale ? calloc(1, sizeof(*q)) : NULL;
		char file[RULE_NAME_MAX + 8];

		if (!q)
			continue;
		*q = (struct reread){ .api = api, .id = r->id };
		snprintf(file, sizeof(file), "%s.toml", r->name);
		if (ctl_rules_parse(api->ctl, file, r->text, strlen(r->text), on_reread, q) == 0)
			return;
		free(q);
		r->stale = false;
		not_read(r);
	}
}
