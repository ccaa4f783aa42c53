/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/complete.h"

#include <string.h>

/* Where the walk over the words before the last one ended. */
struct place {
	const struct command *cmd;
	const struct opt *pending;	/* option that waits for its value */
	const char *words[3];		/* the first of the command's words */
	size_t n_words;
	bool only_words;
	bool lost;			/* an unknown command: nothing can be said */
};

static const struct opt *
find(const struct command *cmd, const char *arg)
{
	char name[2] = { arg[1], '\0' };
	const struct opt *tables[] = { cmd ? cmd->opts : NULL, global_opts };

	if (arg[1] == '-')
		return strchr(arg, '=') ? NULL : args_opt(cmd, arg + 2);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct opt *o = tables[i]; o && o->name; o++)
			if (o->letter && o->letter == name[0])
				return arg[2] ? NULL : o;
	return NULL;
}

static void
step(struct place *p, const char *word)
{
	if (p->pending) {
		p->pending = NULL;
		return;
	}
	if (!p->only_words && strcmp(word, "--") == 0) {
		p->only_words = true;
		return;
	}
	if (!p->only_words && word[0] == '-' && word[1]) {
		const struct opt *o = find(p->cmd, word);

		p->pending = o && o->arg ? o : NULL;
		return;
	}
	if (!p->cmd) {
		p->cmd = args_command(word);
		p->lost |= !p->cmd;
		return;
	}
	if (p->n_words < ARRAY_SIZE(p->words))
		p->words[p->n_words] = word;
	p->n_words++;
}

const char *
complete_socket(const char *const *words, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		if (strncmp(words[i], "--socket=", 9) == 0)
			return words[i] + 9;
		if (strcmp(words[i], "-s") == 0 || strcmp(words[i], "--socket") == 0)
			return words[i + 1];
		if (strncmp(words[i], "-s", 2) == 0)
			return words[i] + 2;
	}
	return NULL;
}

static void
option_names(struct complete *c, const struct opt *opts)
{
	AUTO(buf) struct buf name = { 0 };

	for (const struct opt *o = opts; o->name; o++) {
		name.len = 0;
		buf_printf(&name, "--%s", o->name);
		complete_add(c, "", buf_text(&name), o->help);
	}
}

static void
command_names(struct complete *c)
{
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			complete_add(c, "", commands[i]->name, commands[i]->help);
}

/* --name=value in one word. */
static void
joined_value(struct complete *c, const struct place *p)
{
	AUTO(buf) struct buf stem = { 0 };
	size_t len = strcspn(c->word, "=");
	const struct opt *o;

	buf_add(&stem, c->word + 2, len - 2);
	o = args_opt(p->cmd, buf_text(&stem));
	stem.len = 0;
	buf_add(&stem, c->word, len + 1);
	if (o)
		complete_word(c, buf_text(&stem), o->word, o->choices);
}

static void
positional(struct complete *c, const struct place *p)
{
	size_t at = p->n_words;
	enum word word;

	if (at >= p->cmd->max_words)
		return;
	while (at > 0 && (at >= ARRAY_SIZE(p->cmd->words) || p->cmd->words[at] == WORD_NONE))
		at--;
	word = p->cmd->words[at];
	/* get program|link|map ID */
	if (word == WORD_PROGRAM && at > 0 && p->n_words > 0 && p->words[0] &&
	    strcmp(p->words[0], "program") != 0)
		word = strcmp(p->words[0], "link") == 0 ? WORD_LINK : WORD_MAP;
	c->verb = p->n_words > 0 ? p->words[0] : NULL;
	c->kind = p->n_words > 1 ? p->words[1] : NULL;
	complete_word(c, "", word, p->cmd->choices);
}

void
complete_line(struct complete *c, const char *const *words, size_t n)
{
	struct place p = { 0 };

	c->word = words[n - 1];
	for (size_t i = 0; i + 1 < n; i++)
		step(&p, words[i]);
	if (p.lost)
		return;
	if (p.pending)
		complete_word(c, "", p.pending->word, p.pending->choices);
	else if (!p.only_words && strncmp(c->word, "--", 2) == 0 && strchr(c->word, '='))
		joined_value(c, &p);
	else if (!p.only_words && c->word[0] == '-') {
		if (p.cmd)
			option_names(c, p.cmd->opts);
		option_names(c, global_opts);
	} else if (!p.cmd)
		command_names(c);
	else
		positional(c, &p);
}
