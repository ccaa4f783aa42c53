/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/apply_want.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/rule_local.h"
#include "common/closest.h"

#define PROBLEMS_MAX 50

void
apply_problem(struct apply_want *w, const struct apply_place *at, const char *fmt, ...)
{
	struct local_problem p = { .file = at->file, .line = at->line, .column = at->column, .code = "" };
	char text[1024];
	va_list ap;

	if (++w->n_problems > PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p.text = text;
	rule_local_line(&w->problems, &p);
}

bool
apply_name_ok(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
			return false;
	return len > 0 && len <= APPLY_NAME_MAX && name[0] != '.';
}

int
apply_add_set(struct apply_want *w, const char *set)
{
	char *copy;

	for (size_t i = 0; i < w->n_sets; i++)
		if (strcmp(w->sets[i], set) == 0)
			return 0;
	copy = strdup(set);
	if (!copy || spec_append(&w->sets, &w->n_sets, copy)) {
		free(copy);
		return -ENOMEM;
	}
	return 0;
}

int
apply_rule_text(struct apply_rule *r, const char *text, size_t len)
{
	const char *end = len && text[len - 1] == '\n' ? "" : "\n";
	char *marked = NULL;

	if (asprintf(&marked, "%.*s%s" APPLY_RULE_MARK "%s\n", (int)len, text, end, r->set) < 0)
		return -ENOMEM;
	free(r->text);
	r->text = marked;
	return 0;
}

static struct apply_load *
find_load(const struct apply_want *w, const char *set, size_t set_len, const char *name)
{
	for (size_t i = 0; i < w->n_loads; i++)
		if (strlen(w->loads[i]->set) == set_len && memcmp(w->loads[i]->set, set, set_len) == 0 &&
		    strcmp(w->loads[i]->name, name) == 0)
			return w->loads[i];
	return NULL;
}

static void
check_owner(struct apply_want *w, struct apply_load *l)
{
	const char *slash = strchr(l->owner, '/');
	struct closest c;

	l->owner_load = slash ? find_load(w, l->owner, (size_t)(slash - l->owner), slash + 1) :
		find_load(w, l->set, strlen(l->set), l->owner);
	if (l->owner_load || slash)		/* of a set that is not here: the daemon may have it */
		return;
	closest_init(&c, l->owner);
	for (size_t i = 0; i < w->n_loads; i++)
		if (strcmp(w->loads[i]->set, l->set) == 0)
			closest_offer(&c, w->loads[i]->name);
	apply_problem(w, &l->at, "map_owner: set %s has no load called \"%s\"%s", l->set, l->owner,
		CLOSEST_TEXT(&c));
}

static void
check_circle(struct apply_want *w, const struct apply_load *l)
{
	const struct apply_load *o = l->owner_load;

	for (size_t i = 0; o && i < w->n_loads; i++, o = o->owner_load)
		if (o == l) {
			apply_problem(w, &l->at, "map_owner: load \"%s\" would own its own maps, by way of \"%s\"",
				l->name, l->owner);
			return;
		}
}

int
apply_check(struct apply_want *w)
{
	for (size_t i = 0; i < w->n_loads; i++) {
		struct apply_load *l = w->loads[i];
		const struct apply_load *same = find_load(w, l->set, strlen(l->set), l->name);

		if (same != l)
			apply_problem(w, &l->at, "set %s has a load called \"%s\" already: %s:%u", l->set, l->name,
				same->at.file, same->at.line);
		if (l->owner)
			check_owner(w, l);
	}
	for (size_t i = 0; i < w->n_loads; i++)
		check_circle(w, w->loads[i]);
	if (w->n_problems > PROBLEMS_MAX)
		buf_printf(&w->problems, "and %u errors more\n", w->n_problems - PROBLEMS_MAX);
	return w->problems.failed ? -ENOMEM : 0;
}

static void
load_free(struct apply_load *l)
{
	if (!l)
		return;
	load_args_free(&l->l);
	free(l->set);
	free(l->name);
	free(l->object);
	free(l->owner);
	free(l->attach_at);
	free(l->now.programs);
	free(l);
}

void
apply_rule_free(struct apply_rule *r)
{
	if (!r)
		return;
	free(r->set);
	free(r->file);
	free(r->path);
	free(r->text);
	free(r->name);
	free(r);
}

void
apply_want_free(struct apply_want *w)
{
	for (size_t i = 0; i < w->n_loads; i++)
		load_free(w->loads[i]);
	for (size_t i = 0; i < w->n_rules; i++)
		apply_rule_free(w->rules[i]);
	for (size_t i = 0; i < w->n_sets; i++)
		free(w->sets[i]);
	for (size_t i = 0; i < w->n_files; i++)
		free(w->files[i]);
	free(w->loads);
	free(w->rules);
	free(w->sets);
	free(w->files);
	buf_free(&w->problems);
}
