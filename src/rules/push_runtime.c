/* SPDX-License-Identifier: Apache-2.0 */
/* Which kinds of cgroups a rule leaves: containers, the host, those of some runtimes (DIM_RUNTIME). */
#include <string.h>

#include "rules/push_items.h"
#include "rules/runtimes.h"
#include "rules/value.h"

#define HOST		(1u << RT_NOT_FOUND)
#define CONTAINERS	(((1u << N_RUNTIMES) - 1) & ~HOST)
#define EVERYTHING	(HOST | CONTAINERS | EV_RUNTIME_POD)

static void
add_mask(struct items *s, uint32_t mask)
{
	items_add(s, (struct item){ .value = mask, .dim = DIM_RUNTIME });
}

/* In events of "not found" there is no word. */
static uint32_t
by_words(const struct rule_node *test)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < test->n_values; i++)
		for (unsigned int rt = RT_NOT_FOUND + 1; rt < N_RUNTIMES; rt++)
			if (strcmp(runtime_names[rt], test->values[i].data) == 0)
				mask |= 1u << rt;
	return mask;
}

/* False: not told. */
static bool
by_bool(const struct field *f, const struct rule_node *test, uint32_t *mask)
{
	struct typed typed;
	char why[160];

	*mask = 0;
	for (uint32_t i = 0; i < test->n_values; i++) {
		if (value_read(f, FN_NONE, OP_eq, &test->values[i], false, &typed, why, sizeof(why)))
			return false;
		*mask |= typed.u ? CONTAINERS : HOST;
	}
	return true;
}

void
push_runtime(struct items *s, const struct field *f, const struct nnf *n)
{
	static const char *const of_containers[] = { "container.id", "container.runtime", "container.name",
		"container.image", "container.pod", "container.k8s_ns", "container.labels" };
	const struct rule_node *test = n->test;
	bool plain = test->fn == FN_NONE && !test->ref[0], runtime = strcmp(f->name, "container.runtime") == 0;
	uint32_t mask = 0;

	if (strcmp(f->name, "container") == 0 && plain && n->op == OP_eq && by_bool(f, test, &mask)) {
		add_mask(s, n->negate ? CONTAINERS + HOST - mask : mask);
		return;
	}
	if (runtime && plain && (n->op == OP_eq || n->op == OP_exists)) {
		mask = n->op == OP_eq ? by_words(test) : CONTAINERS;
		add_mask(s, n->negate ? CONTAINERS + HOST - mask : mask);
		return;
	}
	if (strcmp(f->name, "container.pod_uid") == 0 && !n->negate) {
		add_mask(s, EV_RUNTIME_POD);
		return;
	}
	/* What is not there fits nothing but a negation. */
	for (size_t i = 0; !n->negate && i < sizeof(of_containers) / sizeof(of_containers[0]); i++) {
		if (strcmp(f->name, of_containers[i]) != 0)
			continue;
		add_mask(s, CONTAINERS);
		return;
	}
	s->all = true;
}

/* As runtimes_fold() has it: "kube" is a pod, whatever runs it. */
void
push_runtimes(struct items *s, uint64_t runtimes)
{
	add_mask(s, (uint32_t)runtimes & (HOST | CONTAINERS));
	if (runtimes >> RT_KUBE & 1)
		add_mask(s, EV_RUNTIME_POD);
}
