/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_WANT_H
#define BPFD_BPFCTL_APPLY_WANT_H

#include <string.h>

#include "bpfctl/load_args.h"

/*
 * What the files of `bpfctl apply` want.  Each load and rule belongs to a set; what apply makes is
 * marked with it in the daemon, in metadata and in the last line of a rule's text, so that the next
 * apply knows what is the set's.
 */
#define APPLY_MARK "bpfd.apply"			/* the set */
#define APPLY_MARK_NAME APPLY_MARK ".name"	/* the load's name */
#define APPLY_MARK_PROGRAMS APPLY_MARK ".programs"	/* as in the file, sorted; none: all */
#define APPLY_MARK_GROUP APPLY_MARK ".map_group"
#define APPLY_MARK_TARGET APPLY_MARK ".target"	/* of an attachment, as in the file */
#define APPLY_RULE_MARK "# " APPLY_MARK "="
#define APPLY_NAME_MAX 64
#define APPLY_FILE_MAX (16u << 20)		/* bytes of a file */
#define APPLY_DIGEST_MAX 72			/* "sha256:..." with NUL */

static inline __attribute__((unused)) bool
apply_is_mark(const char *key)
{
	return strncmp(key, APPLY_MARK, strlen(APPLY_MARK)) == 0;
}

struct apply_place {
	const char *file;			/* of the want */
	unsigned int line, column;		/* 0: the file as a whole */
};

struct apply_load {
	struct apply_place at;
	char *set, *name;			/* together unique */
	char *object;				/* path */
	char *owner;				/* of shared maps: NAME or SET/NAME; NULL: none */
	struct apply_load *owner_load;		/* the same, found; NULL: it is not in the files */
	struct load l;				/* the request with the marks; the object once it is read */
	struct apply_place *attach_at;		/* of each of l.attach */
	char digest[APPLY_DIGEST_MAX];		/* "" until the object is read */
	struct {				/* by apply_plan(), then by who loads it */
		bool planned;
		uint64_t group;			/* 0: it is to be loaded */
		Bpfd__V1__Program **programs;	/* of the group; the array is this one's, they are not */
		size_t n_programs;
	} now;
};

struct apply_rule {
	struct apply_place at;
	char *set;
	char *file;				/* for messages and the name of a nameless rule */
	char *path;				/* read from there; NULL: the text is in the file */
	char *text;				/* with the mark */
	unsigned int line;			/* of the file, on which an inline text begins */
	char *name;				/* as the daemon reads it; NULL until then */
};

/* Elements are allocated one by one: pointers to them stay. */
struct apply_want {
	struct apply_load **loads;
	struct apply_rule **rules;
	size_t n_loads, n_rules;
	char **sets;				/* all that are named, also without anything in them */
	char **files;				/* owns the names in places */
	size_t n_sets, n_files;
	struct buf problems;			/* lines: FILE:LINE:COLUMN: error: ... */
	unsigned int n_problems;
};

/* Adds the text of a file, which paths in it are relative to.  set: NULL, or in place of what the file
 * says.  stdin_name: file is no name of a file, and names no set.  Mistakes go to want->problems.
 * -ENOMEM only. */
int	apply_read(struct apply_want *w, const char *file, bool is_stdin, const char *set, const char *text,
		size_t len);
/* After the last file: names that are there twice, owners that are not there or own each other. */
int	apply_check(struct apply_want *w);	/* -ENOMEM only */
void	apply_want_free(struct apply_want *w);

/* For the readers: a line in want->problems. */
void	apply_problem(struct apply_want *w, const struct apply_place *at, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
bool	apply_name_ok(const char *name);	/* letters, digits, '.', '_', '-' */
int	apply_add_set(struct apply_want *w, const char *set);	/* once; -ENOMEM */
/* Sets the text of a rule, with the mark behind it.  -ENOMEM. */
int	apply_rule_text(struct apply_rule *r, const char *text, size_t len);
void	apply_rule_free(struct apply_rule *r);	/* NULL is fine */

static inline __attribute__((unused)) void
auto_apply_want(struct apply_want *w)
{
	apply_want_free(w);
}

#endif
