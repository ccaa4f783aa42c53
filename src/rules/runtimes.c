/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/runtimes.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rules/model.h"

const char *const runtime_names[N_RUNTIMES] = {
	[RT_NOT_FOUND] = "not-found",
#define RUNTIME(id, name) [RT_##id] = name,
#include "rules/runtimes.def"
};

int
runtime_by_name(const char *name)
{
	static const struct { const char *alias; enum runtime rt; } aliases[] = {
		{ "host", RT_NOT_FOUND }, { "crio", RT_CRIO }, { "nspawn", RT_NSPAWN },
	};

	for (int i = 0; i < N_RUNTIMES; i++)
		if (strcasecmp(runtime_names[i], name) == 0)
			return i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcasecmp(aliases[i].alias, name) == 0)
			return (int)aliases[i].rt;
	return -1;
}

static struct rule_node *
add_exists(struct rule_node *any, const char *field)
{
	struct rule_node *n = node_add(any, NODE_TEST);

	if (n) {
		n->op = OP_exists;
		snprintf(n->field, sizeof(n->field), "%s", field);
	}
	return n;
}

/*
 * "kube" is a pod, whatever engine runs it, or an engine that could not be told from the cgroup;
 * "host" is an event without a runtime.
 */
static int
fill_any(struct rule_node *any, uint64_t runtimes)
{
	struct rule_node *n = node_add(any, NODE_TEST);
	int err = 0;

	if (!n)
		return -ENOMEM;
	n->op = OP_in;
	strcpy(n->field, "container.runtime");
	for (unsigned int i = 0; i < N_RUNTIMES && !err; i++)
		if (runtimes >> i & 1)
			err = node_add_value(n, runtime_names[i], strlen(runtime_names[i]));
	if (!err && (runtimes >> RT_KUBE & 1) && !add_exists(any, "container.pod_uid"))
		err = -ENOMEM;
	if (!err && (runtimes >> RT_NOT_FOUND & 1)) {
		n = node_add(any, NODE_NOT);
		if (!n || !add_exists(n, "container.runtime"))
			err = -ENOMEM;
	}
	return err;
}

int
runtimes_fold(struct rule *r)
{
	struct rule_node *all = calloc(1, sizeof(*all)), *any = all ? node_add(all, NODE_ANY) : NULL, *own;
	int err = any ? fill_any(any, r->runtimes) : -ENOMEM;

	if (!err && r->match) {
		own = node_add(all, NODE_ALL);
		if (own) {
			*own = *r->match;
			free(r->match);
		} else {
			err = -ENOMEM;
		}
	}
	if (err) {
		if (all)
			node_clear(all);
		free(all);
		return err;
	}
	r->match = all;
	r->runtimes = 0;
	return 0;
}
