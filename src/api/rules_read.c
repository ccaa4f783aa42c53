/* SPDX-License-Identifier: Apache-2.0 */
/* The rules at start: files as bpfd-config read them, and what the store has. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "api/rules.h"
#include "api/store.h"
#include "common/log.h"
#include "ipc/messages.h"

struct reading {
	struct rules *rs;
	const struct config *cfg;
	const struct action_table *actions;
};

/* One line for a rule, with its first error. */
static void
log_refused(const struct api_rule *r)
{
	const struct rule_problem *first = NULL;
	char place[PATH_MAX + 32], text[IPC_TEXT_MAX + 128];
	size_t n = 0;

	for (size_t i = 0; i < r->n_problems; i++) {
		n += !r->problems[i].warning;
		if (!first && !r->problems[i].warning)
			first = &r->problems[i];
	}
	if (!first)
		return;
	snprintf(place, sizeof(place), first->line ? "%s:%u:%u" : "%s", r->source, first->line, first->column);
	snprintf(text, sizeof(text), "%s%s; %s", first->text,
		n > 1 ? " (and more, which bpfctl rule check shows)" : "", r->origin == RULE_FROM_FILE ?
		"mend the file, then reload bpfd" : "create it again (bpfctl rule create --replace) or remove it");
	log_warn("rule.refused", "rule=%s file=%s text=%s", LOG_QUOTE(r->name), LOG_QUOTE(place),
		LOG_QUOTE(text));
}

static void
refuse(struct api_rule *r, const char *why)
{
	r->refused = true;
	rules_problem(r, false, "%s", why);
	log_refused(r);
}

/* Ends the reading of a rule: checks it against the configuration and those before it. */
static void
settle(const struct reading *rd, struct api_rule *r)
{
	const struct rule_by by = { .origin = r->origin, .uid = r->uid, .role = CONFIG_ADMIN };
	char why[IPC_TEXT_MAX] = "";
	const struct api_rule *same;

	if (!r->rule)
		return;
	if (rules_admit(r, rd->cfg, rd->actions, &by, why, sizeof(why)) != IPC_OK) {
		refuse(r, why);
		return;
	}
	same = rules_same(rd->rs, r, NULL);
	if (!same)
		return;
	snprintf(why, sizeof(why), "there is a rule of this name for the same tracer%s%s",
		same->source[0] ? " in " : "", same->source);
	refuse(r, why);
}

static int
on_file(void *arg, const struct parsed_file *f)
{
	const struct reading *rd = arg;
	AUTO(api_rule) struct api_rule *r = NULL;
	char stem[RULE_NAME_MAX], why[IPC_TEXT_MAX] = "";

	rule_stem(f->file, stem, sizeof(stem));
	r = rules_new(stem, f->file, f->text, f->text_len);
	if (!r)
		return -ENOMEM;
	r->origin = RULE_FROM_FILE;
	rules_problems(r, f);
	if (!f->packed) {
		r->refused = true;
		log_refused(r);
	} else if (rules_take_packed(r, f->packed, f->packed_len, why, sizeof(why)) < 0)
		refuse(r, why);
	settle(rd, r);
	rules_insert(rd->rs, TAKE_PTR(r));
	return 0;
}

static int
on_row(void *arg, const struct stored_rule *row)
{
	const struct reading *rd = arg;
	AUTO(api_rule) struct api_rule *r = rules_new(row->name, "", row->text, row->text_len);
	char why[IPC_TEXT_MAX] = "";

	if (!r)
		return -ENOMEM;
	r->origin = RULE_FROM_API;
	r->id = row->id;
	r->uid = row->uid;
	r->created_ns = row->created_ns;
	r->stale = rules_take_packed(r, row->packed, row->packed_len, why, sizeof(why)) < 0;
	if (r->rule && r->rule->tracers >> TR_DECLARED) {	/* meant by name, which only the text has */
		rule_free(TAKE_PTR(r->rule));
		free(TAKE_PTR(r->packed));
		r->stale = true;
	}
	r->refused = r->stale;
	/* Until it has been read again it is in use with the values that it had. */
	r->stale |= r->rule && r->rule->shared;
	settle(rd, r);
	rules_insert(rd->rs, TAKE_PTR(r));
	return 0;
}

int
rules_read(struct rules *rs, const struct config *cfg, const struct action_table *actions,
	const void *files, size_t len, struct store *st)
{
	struct reading rd = { .rs = rs, .cfg = cfg, .actions = actions };
	int err = files ? parsed_each(files, len, on_file, &rd) : 0;

	struct api_rule *r;

	if (err)
		return log_err(err, "rules.files", "what bpfd-config made of the rule files");
	err = store_each_rule(st, on_row, &rd);
	TAILQ_FOREACH(r, &rs->all, link)
		rules_warn_after(rs, r);
	return err;
}
