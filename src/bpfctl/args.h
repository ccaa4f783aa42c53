/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_ARGS_H
#define BPFD_BPFCTL_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "bpfctl/buf.h"

struct ctl;
struct args;

/* What a word on the command line names: decides what completion offers. */
enum word {
	WORD_NONE, WORD_FILE, WORD_PROGRAM, WORD_LINK, WORD_MAP, WORD_GROUP,
	WORD_KIND, WORD_TARGET, WORD_OPTION, WORD_TYPE, WORD_ATTACH, WORD_NETNS,
	WORD_RULE,			/* of "rule": a file for create and check */
	WORD_TRACER, WORD_FILTER,
	WORD_MAP_NAME,			/* a map by number or name */
	WORD_IMAGE,			/* a cached image; of "image", a file for build */
	WORD_FILE_OR_IMAGE,
	WORD_CHOICE,			/* one of choices, separated by | */
};

struct opt {
	const char *name;		/* without the dashes */
	char letter;			/* 0: none */
	const char *arg;		/* NULL: takes no value */
	const char *help;
	enum word word;
	const char *choices;		/* WORD_CHOICE */
	bool many;			/* may be given several times */
};
#define OPT_END { NULL, 0, NULL, NULL, WORD_NONE, NULL, false }

/*
 * A command: one line in commands.def and cmd_NAME.c with its definition.  Help, completion and
 * the check of the man page come from it.
 */
struct command {
	const char *name;
	const char *synopsis;		/* what follows the name, without options */
	const char *help;		/* one line */
	const char *more;		/* further lines of --help; NULL: none */
	const struct opt *opts;		/* ends with OPT_END */
	size_t min_words, max_words;
	enum word words[4];		/* of each position; the last one is repeated */
	const char *choices;		/* of WORD_CHOICE positions */
	bool hidden;
	bool raw;			/* everything after the name is passed on unread */
	int (*run)(struct ctl *ctl, const struct args *args);	/* returns enum ctl_exit */
};

extern const struct command *const commands[];	/* in the order of commands.def, NULL at the end */
extern const struct opt global_opts[];

/* The command line after reading.  Texts point into argv. */
struct args {
	const struct command *cmd;	/* NULL: none was named */
	struct {
		const struct opt *opt;
		const char *value;	/* NULL for a flag */
	} *given;
	size_t n_given;
	const char **words;		/* after the command's name */
	size_t n_words;
	struct buf error, hint;		/* why it was refused; empty: nothing is wrong */
};

/* Reads argv[1..argc-1]; options may stand anywhere.  0, -EINVAL with error and hint, -ENOMEM. */
int	args_read(int argc, char *const *argv, struct args *out);
void	args_free(struct args *a);

static inline __attribute__((unused)) void
auto_args(struct args *a)
{
	args_free(a);
}

/* name is one of the command's or the global options. */
bool	args_has(const struct args *a, const char *name);
const char *args_get(const struct args *a, const char *name);	/* the last value; NULL: not given */
/* Walks an option's values: start with *at = 0; NULL at the end. */
const char *args_each(const struct args *a, const char *name, size_t *at);

const struct command *args_command(const char *name);		/* NULL: none */
const struct opt *args_opt(const struct command *cmd, const char *name);	/* own, then global */
/* The text of --help for a command, or for the program when cmd is NULL. */
void	help_text(struct buf *b, const struct command *cmd);

#endif
