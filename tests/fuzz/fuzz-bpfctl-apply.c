/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_plan.h"
#include "common/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the planner is given is what it counts on: names, sets and kinds are there. */
static void
check(const struct apply_want *w)
{
	for (size_t i = 0; i < w->n_loads; i++) {
		const struct apply_load *l = w->loads[i];

		if (!apply_name_ok(l->name) || !apply_name_ok(l->set) || !l->object)
			abort();
		for (size_t j = 0; j < l->l.n_attach; j++)
			if (!*l->l.attach[j].req.kind || !l->attach_at[j].line)
				abort();
	}
	for (size_t i = 0; i < w->n_rules; i++)
		if (!apply_name_ok(w->rules[i]->set) || !w->rules[i]->text == !w->rules[i]->path)
			abort();
}

/* Any bytes are a file or are refused with lines that a terminal may see; a daemon that has nothing
 * gets all of it and no more. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(apply_want) struct apply_want w = { 0 };
	AUTO(apply_plan) struct apply_plan p = { 0 };
	const struct apply_actual nothing = { 0 };
	size_t n = 0;

	if (apply_read(&w, "dir/fuzz.toml", false, NULL, (const char *)data, size) || apply_check(&w))
		return 0;
	if (!utf8_ok(buf_text(&w.problems), w.problems.len) || memchr(buf_text(&w.problems), 0x1b, w.problems.len))
		abort();
	if (w.n_problems) {
		if (!w.problems.len)
			abort();
		return 0;
	}
	check(&w);
	for (size_t i = 0; i < w.n_rules; i++)
		if (!w.rules[i]->text)
			return 0;
	for (size_t i = 0; i < w.n_rules; i++)
		if (!(w.rules[i]->name = strdup(w.rules[i]->text)))
			return 0;
	if (apply_plan(&w, &nothing, true, &p))
		return 0;
	for (size_t i = 0; i < w.n_loads; i++)
		n += 1 + w.loads[i]->l.n_attach;
	if (!w.n_problems && p.n != n + w.n_rules)
		abort();
	return 0;
}
