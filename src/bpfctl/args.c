/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/args.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/closest.h"

const struct command *
args_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static const struct opt *
find_opt(const struct command *cmd, const char *name, size_t len, char letter)
{
	const struct opt *tables[] = { cmd ? cmd->opts : NULL, global_opts };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct opt *o = tables[i]; o && o->name; o++)
			if (letter ? o->letter == letter :
				     strlen(o->name) == len && memcmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

const struct opt *
args_opt(const struct command *cmd, const char *name)
{
	return find_opt(cmd, name, strlen(name), 0);
}

static int
refuse(struct args *a)
{
	buf_printf(&a->hint, "see bpfctl %s%s--help", a->cmd ? a->cmd->name : "",
		a->cmd ? " " : "");
	return -EINVAL;
}

static void
offer_opts(struct closest *c, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		char name[CLOSEST_NAME];

		snprintf(name, sizeof(name), "--%s", o->name);
		closest_offer(c, name);
	}
}

static int
unknown_opt(struct args *a, const char *arg, size_t len)
{
	AUTO(buf) struct buf name = { 0 };
	struct closest c;

	buf_add(&name, arg, len);
	closest_init(&c, buf_text(&name));
	if (len > 2) {
		offer_opts(&c, a->cmd ? a->cmd->opts : NULL);
		offer_opts(&c, global_opts);
	}
	buf_printf(&a->error, "unknown option %s%s", buf_text(&name), CLOSEST_TEXT(&c));
	return refuse(a);
}

static int
give(struct args *a, const struct opt *o, const char *value)
{
	for (size_t i = 0; i < a->n_given && !o->many && o->arg; i++)
		if (a->given[i].opt == o) {
			buf_printf(&a->error, "--%s is given twice", o->name);
			return refuse(a);
		}
	a->given[a->n_given].opt = o;
	a->given[a->n_given++].value = value;
	return 0;
}

/* An option at argv[*i]; moves *i over its value. */
static int
read_opt(struct args *a, int argc, char *const *argv, int *i)
{
	const char *arg = argv[*i], *value = NULL;
	bool is_long = arg[1] == '-';
	const struct opt *o;

	if (is_long) {
		size_t len = strcspn(arg, "=");

		value = arg[len] ? arg + len + 1 : NULL;
		o = find_opt(a->cmd, arg + 2, len - 2, 0);
		if (!o)
			return unknown_opt(a, arg, len);
	} else {
		value = arg[2] ? arg + 2 : NULL;
		o = find_opt(a->cmd, NULL, 0, arg[1]);
		if (!o)
			return unknown_opt(a, arg, 2);
	}
	if (!o->arg && value) {
		buf_printf(&a->error, "--%s takes no value", o->name);
		return refuse(a);
	}
	if (o->arg && !value) {
		if (*i + 1 >= argc) {
			buf_printf(&a->error, "--%s needs a value: %s", o->name, o->arg);
			return refuse(a);
		}
		value = argv[++*i];
	}
	return give(a, o, value);
}

static int
read_command(struct args *a, const char *name)
{
	struct closest c;

	a->cmd = args_command(name);
	if (a->cmd)
		return 0;
	closest_init(&c, name);
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			closest_offer(&c, commands[i]->name);
	buf_printf(&a->error, "unknown command %s%s", name, CLOSEST_TEXT(&c));
	return refuse(a);
}

static int
check_words(struct args *a)
{
	if (!a->cmd || args_has(a, "help") || a->cmd->raw)
		return 0;
	if (a->n_words < a->cmd->min_words)
		buf_printf(&a->error, "something is missing: bpfctl %s [options] %s", a->cmd->name,
			a->cmd->synopsis);
	else if (a->n_words > a->cmd->max_words)
		buf_printf(&a->error, "what is %s? bpfctl %s [options] %s",
			a->words[a->cmd->max_words], a->cmd->name, a->cmd->synopsis);
	return a->error.len ? refuse(a) : 0;
}

int
args_read(int argc, char *const *argv, struct args *a)
{
	bool only_words = false;
	int err = 0;

	*a = (struct args){ 0 };
	a->given = calloc((size_t)argc + 1, sizeof(*a->given));
	a->words = calloc((size_t)argc + 1, sizeof(*a->words));
	if (!a->given || !a->words)
		return -ENOMEM;
	for (int i = 1; i < argc && !err; i++) {
		if (a->cmd && a->cmd->raw)
			a->words[a->n_words++] = argv[i];
		else if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && argv[i][0] == '-' && argv[i][1])
			err = read_opt(a, argc, argv, &i);
		else if (!a->cmd)
			err = read_command(a, argv[i]);
		else
			a->words[a->n_words++] = argv[i];
	}
	return err ? err : check_words(a);
}

void
args_free(struct args *a)
{
	free(a->given);
	free(a->words);
	buf_free(&a->error);
	buf_free(&a->hint);
}

const char *
args_each(const struct args *a, const char *name, size_t *at)
{
	for (size_t i = *at; i < a->n_given; i++)
		if (strcmp(a->given[i].opt->name, name) == 0) {
			*at = i + 1;
			return a->given[i].value ? a->given[i].value : "";
		}
	return NULL;
}

const char *
args_get(const struct args *a, const char *name)
{
	const char *value = NULL, *next;
	size_t at = 0;

	while ((next = args_each(a, name, &at)))
		value = next;
	return value;
}

bool
args_has(const struct args *a, const char *name)
{
	return args_get(a, name) != NULL;
}
