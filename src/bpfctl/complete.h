/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_COMPLETE_H
#define BPFD_BPFCTL_COMPLETE_H

#include "bpfctl/args.h"
#include "bpfctl/buf.h"

struct client;

/*
 * Candidates for the last word of a command line, one per line: "candidate" or
 * "candidate<TAB>description".  A line ":file" asks the shell for file names.
 */
struct complete {
	struct client *client;		/* where ids and names are asked for; NULL: nowhere */
	const char *word;		/* what is being completed, from its beginning */
	const char *verb;		/* the command's first word; NULL: none */
	const char *kind;		/* of the attachment whose target is wanted; NULL: not known */
	struct buf out;
};

/* words[n - 1] is the word being completed, it may be empty; n is at least 1. */
void	complete_line(struct complete *c, const char *const *words, size_t n);
/* The value of -s or --socket among words; NULL: not given. */
const char *complete_socket(const char *const *words, size_t n);

/* Adds stem+candidate when it begins with the word.  Text that a shell might take for more than a
 * word is left out. */
void	complete_add(struct complete *c, const char *stem, const char *candidate, const char *help);
/* Candidates for what a word names, each after stem (in complete_live.c). */
void	complete_word(struct complete *c, const char *stem, enum word word, const char *choices);

#endif
