/* SPDX-License-Identifier: Apache-2.0 */
/* [lists]: names for values that several conditions share. */
#include <stdlib.h>
#include <string.h>

#include "rules/parser.h"

struct reading { struct parser *p; struct rule_lists *to; struct rule_list *list; };

static int
read_value(void *arg, const struct toml_value *v)
{
	struct reading *r = arg;

	parser_value(r->p, r->list->name, v, &r->list->values);
	return 0;
}

static int
read_list(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct reading *r = arg;
	struct rule_list *all;

	if (!*key || strlen(key) >= LIST_NAME_MAX) {
		parser_say(r->p, at, "", "the name of a list has 1 to %d bytes", LIST_NAME_MAX - 1);
		return 0;
	}
	if (!parser_kind(r->p, key, v, TOML_ARRAY))
		return 0;
	for (size_t i = 0; i < r->to->n; i++) {
		if (strcmp(r->to->list[i].name, key) == 0) {
			parser_say(r->p, at, "", "there is a list \"%s\" already", key);
			return 0;
		}
	}
	all = reallocarray(r->to->list, r->to->n + 1, sizeof(*all));
	if (!all) {
		r->p->no_memory = true;
		return 0;
	}
	r->to->list = all;
	r->list = &all[r->to->n++];
	memset(r->list, 0, sizeof(*r->list));
	strcpy(r->list->name, key);
	toml_items(v->node, read_value, r);
	return 0;
}

void
parse_lists(struct parser *p, const struct toml_value *v, struct rule_lists *to)
{
	struct reading r = { .p = p, .to = to };

	if (parser_kind(p, "lists", v, TOML_TABLE))
		toml_each(NULL, v->node, read_list, &r);
}

void
parser_lists_clear(struct rule_lists *lists)
{
	for (size_t i = 0; i < lists->n; i++)
		node_clear(&lists->list[i].values);
	free(lists->list);
	memset(lists, 0, sizeof(*lists));
}

/* The file's own come before global ones. */
const struct rule_list *
parser_list(const struct parser *p, const char *name)
{
	const struct rule_lists *both[] = { &p->own, p->lists };

	for (size_t k = 0; k < ARRAY_SIZE(both); k++)
		for (size_t i = 0; both[k] && i < both[k]->n; i++)
			if (strcmp(both[k]->list[i].name, name) == 0)
				return &both[k]->list[i];
	return NULL;
}
