/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *const op_names[N_OPS] = {
	[OP_NONE] = "",
#define OP(name, help) [OP_##name] = #name,
#include "rules/ops.def"
};

const char *const op_helps[N_OPS] = {
	[OP_NONE] = "",
#define OP(name, help) [OP_##name] = help,
#include "rules/ops.def"
};

const char *const fn_names[FN_LEN + 1] = {
	[FN_NONE] = "", [FN_BASENAME] = "basename", [FN_LOWER] = "lower", [FN_LEN] = "len",
};

enum rule_op
op_by_name(const char *name)
{
	for (unsigned int i = 1; i < N_OPS; i++)
		if (strcmp(op_names[i], name) == 0)
			return (enum rule_op)i;
	return OP_NONE;
}

void
rule_stem(const char *path, char *out, size_t room)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	size_t len = strlen(base);

	if (len > 5 && strcmp(base + len - 5, ".toml") == 0)
		len -= 5;
	snprintf(out, room, "%.*s", (int)len, base);
}

int
severity_by_name(const char *name)
{
	for (int i = 0; i < N_SEVERITIES; i++)
		if (strcasecmp(severity_names[i], name) == 0)
			return i;
	return -1;
}

void
node_clear(struct rule_node *n)
{
	for (uint32_t i = 0; i < n->n_children; i++)
		node_clear(&n->children[i]);
	for (uint32_t i = 0; i < n->n_values; i++)
		free(n->values[i].data);
	free(n->children);
	free(n->values);
	memset(n, 0, sizeof(*n));
}

/* Arrays grow at powers of two: the room is known from the count. */
static void *
grow(void *array, uint32_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return reallocarray(array, n ? 2 * (size_t)n : 1, size);
}

struct rule_node *
node_add(struct rule_node *n, enum node_kind kind)
{
	struct rule_node *all = grow(n->children, n->n_children, sizeof(*all)), *child;

	if (!all)
		return NULL;
	n->children = all;
	child = &all[n->n_children++];
	memset(child, 0, sizeof(*child));
	child->kind = kind;
	return child;
}

void
node_simplify(struct rule_node *n)
{
	while ((n->kind == NODE_ALL || n->kind == NODE_ANY) && n->n_children == 1) {
		struct rule_node *only = n->children;

		*n = *only;
		free(only);
	}
	for (uint32_t i = 0; i < n->n_children; i++)
		node_simplify(&n->children[i]);
}

int
node_add_value(struct rule_node *n, const char *data, size_t len)
{
	struct rule_value *all;
	char *copy;

	if (n->n_values >= RULE_LIST_MAX)
		return -E2BIG;
	all = grow(n->values, n->n_values, sizeof(*all));
	if (!all)
		return -ENOMEM;
	n->values = all;
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	all[n->n_values++] = (struct rule_value){ copy, len };
	return 0;
}

void
rule_free(struct rule *r)
{
	if (!r)
		return;
	if (r->match) {
		node_clear(r->match);
		free(r->match);
	}
	free(r->description);
	free(r->tags);
	free(r->mitre);
	free(r);
}
