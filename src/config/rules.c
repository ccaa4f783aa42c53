/* SPDX-License-Identifier: Apache-2.0 */
#include "config/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "ipc/bundle.h"
#include "ipc/declared.h"
#include "rules/parse.h"

/* What is packed at the end: copies, since a bundle shows each file only for a moment. */
struct work {
	FILE *errors;
	struct rule_lists *lists;
	struct parsed_file *files;
	size_t n;
};

static void
work_free(struct work *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free((void *)(uintptr_t)w->files[i].file);
		free((void *)(uintptr_t)w->files[i].text);
		free((void *)(uintptr_t)w->files[i].problems);
		free((void *)(uintptr_t)w->files[i].packed);
	}
	free(w->files);
	rule_lists_free(w->lists);
}

static int
add_problem(struct rules_parsed *p, const char *text)
{
	struct rule_problem *all = reallocarray(p->problems, p->n_problems + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	p->problems = all;
	memset(&all[p->n_problems], 0, sizeof(*all));
	snprintf(all[p->n_problems++].text, sizeof(all->text), "%s", text);
	return 0;
}

static int
parse(struct work *w, const struct bundle_file *f, struct rules_parsed *p)
{
	char stem[RULE_NAME_MAX], why[512];

	if (f->refused) {
		snprintf(why, sizeof(why), "%.*s", (int)(f->text_len < 500 ? f->text_len : 500), f->text);
		return add_problem(p, why);
	}
	rule_stem(f->path, stem, sizeof(stem));
	return rules_parse(stem, f->text, f->text_len, w->lists, p);
}

/* A rule that its readers would refuse is a mistake of this program: said, not passed on. */
static int
pack(const struct rule *rule, void **out, size_t *len, char *why, size_t room)
{
	AUTO(mem) void *bytes = NULL;
	struct rule *again = NULL;
	int err = rule_pack(rule, &bytes, len);

	if (err == -E2BIG)
		snprintf(why, room, "the rule is larger than %d bytes when packed", RULE_PACKED_MAX);
	if (!err)
		err = rule_unpack(bytes, *len, &again, why, room);
	rule_free(again);
	if (!err)
		*out = TAKE_PTR(bytes);
	return err;
}

static int
add_file(struct work *w, const struct bundle_file *f)
{
	struct parsed_file *all = reallocarray(w->files, w->n + 1, sizeof(*all)), *to;
	struct rules_parsed p = { 0 };
	char why[256];
	int err = 0;

	if (!all)
		return -ENOMEM;
	w->files = all;
	to = &all[w->n++];
	memset(to, 0, sizeof(*to));
	to->file = strdup(f->path);
	to->text = malloc(f->text_len + 1);
	if (!to->file || !to->text)
		return -ENOMEM;
	if (!f->refused) {
		memcpy((char *)(uintptr_t)to->text, f->text, f->text_len);
		to->text_len = f->text_len;
	}
	err = parse(w, f, &p);
	if (!err && p.rule) {
		void *packed = NULL;

		err = pack(p.rule, &packed, &to->packed_len, why, sizeof(why));
		to->packed = packed;
		if (err && err != -ENOMEM)
			err = add_problem(&p, why);
	}
	to->problems = TAKE_PTR(p.problems);
	to->n_problems = p.n_problems;
	rules_parsed_free(&p);
	return err;
}

static int
take_list(void *arg, const struct bundle_file *f)
{
	struct work *w = arg;
	struct rules_parsed p = { 0 };
	char why[512];
	int err;

	if (f->kind != BUNDLE_LIST)
		return 0;
	if (f->refused) {
		snprintf(why, sizeof(why), "%.*s", (int)(f->text_len < 500 ? f->text_len : 500), f->text);
		fprintf(w->errors, "%s: %s\n", f->path, why);
		return rule_lists_refused(w->lists, f->path, why);
	}
	err = rule_lists_read(w->lists, f->path, f->text, f->text_len, &p);
	for (size_t i = 0; i < p.n_problems; i++)
		fprintf(w->errors, "%s:%u:%u: %s\n", f->path, p.problems[i].line, p.problems[i].column,
			p.problems[i].text);
	rules_parsed_free(&p);
	return err;
}

/* Before the rules, which may name them. */
static int
take_declared(void *arg, const struct bundle_file *f)
{
	AUTO(mem) struct declared_table *t = f->kind == BUNDLE_DECLARED ? malloc(sizeof(*t)) : NULL;

	if (f->kind != BUNDLE_DECLARED)
		return 0;
	if (!t)
		return -ENOMEM;
	if (f->text_len != sizeof(*t))
		return -EBADMSG;
	memcpy(t, f->text, sizeof(*t));
	if (!declared_table_ok(t))
		return -EBADMSG;
	schema_declare(t);
	return 0;
}

static int
take_rule(void *arg, const struct bundle_file *f)
{
	return f->kind == BUNDLE_RULE ? add_file(arg, f) : 0;
}

int
rules_read_bundle(const void *bytes, size_t len, uint32_t list_entries, FILE *errors, void **out, size_t *out_len)
{
	struct work w = { .errors = errors, .lists = rule_lists_new(list_entries) };
	int err = w.lists ? bundle_each(bytes, len, take_declared, &w) : -ENOMEM;

	if (!err)
		err = bundle_each(bytes, len, take_list, &w);
	if (!err)
		err = bundle_each(bytes, len, take_rule, &w);
	if (!err)
		err = parsed_pack(w.files, w.n, out, out_len);
	work_free(&w);
	return err;
}
