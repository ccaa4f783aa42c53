/* SPDX-License-Identifier: Apache-2.0 */
/* actions = ["log", { use = "kill", when = "severity>=high" }] */
#include <string.h>

#include "rules/check.h"
#include "rules/parser.h"
#include "rules/seed.h"

static int
read_action_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct parser *p = arg;
	struct rule_action *a = &p->r->actions[p->r->n_actions];
	int s;

	if (strcmp(key, "use") == 0) {
		if (parser_name(p, key, v, a->name, sizeof(a->name)) && !check_action_name(a->name))
			parser_say(p, v->at, "", "%.60s is not a valid action", a->name);
	} else if (strcmp(key, "when") == 0) {
		s = v->kind == TOML_STRING && strncmp(v->text, "severity>=", 10) == 0 ?
			severity_by_name(v->text + 10) : -1;
		if (s < 0)
			parser_say(p, v->at, "", "when is \"severity>=\" and a severity");
		else
			a->min_severity = (uint32_t)s;
	} else {
		parser_say(p, at, "", "there is no key \"%.60s\" in an action: use, when", key);
	}
	return 0;
}

static int
read_action(void *arg, const struct toml_value *v)
{
	struct parser *p = arg;
	char why[200];

	if (v->kind == TOML_STRING) {
		parser_ok(p, v->at, seed_action(p->r, v->text, why, sizeof(why)), why);
		return 0;
	}
	if (v->kind != TOML_TABLE || p->r->n_actions == RULE_ACTIONS_MAX) {
		parser_say(p, v->at, "", "actions are at most 16 names or tables { use, when }");
		return 0;
	}
	memset(&p->r->actions[p->r->n_actions], 0, sizeof(p->r->actions[0]));
	toml_each(NULL, v->node, read_action_key, p);
	if (!p->r->actions[p->r->n_actions].name[0])
		parser_say(p, v->at, "", "the action has no name: { use = \"...\" }");
	else
		p->r->n_actions++;
	return 0;
}

void
parse_actions(struct parser *p, const char *key, const struct toml_value *v)
{
	if (v->kind == TOML_STRING)
		read_action(p, v);
	else if (parser_kind(p, key, v, TOML_ARRAY))
		toml_items(v->node, read_action, p);
}
