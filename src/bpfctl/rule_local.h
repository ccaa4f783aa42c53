/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_RULE_LOCAL_H
#define BPFD_BPFCTL_RULE_LOCAL_H

#include "bpfctl/buf.h"

/* Rules and events without a daemon.  Apart from the rest of bpfctl: its struct field is another. */
struct local_problem {
	const char *file;		/* as given to rule_local_read() */
	uint32_t line, column;
	int warning;			/* as protobuf-c has a bool */
	const char *code;
	char *text;
};

struct local_rule {
	bool ok;
	char name[128];
	char *explain;			/* NULL when not ok */
	struct local_problem *problems;
	size_t n_problems;
};

/*
 * Lists and macros of a folder, for rule_local_read().  What is wrong with them is said in lines.  A
 * negative errno of the folder itself.
 */
#define RULE_LOCAL_LISTS BPFD_SYSCONFDIR "/bpfd/lists.d"
struct rule_lists;
int	rule_local_lists(const char *folder, struct rule_lists **out, struct buf *lines);
void	rule_local_lists_free(struct rule_lists *lists);	/* NULL is fine */

/*
 * A tracer that a daemon has and bpfctl itself does not know: root declared it there.  fields: its own
 * and behind them those that every tracer has.  From then on files may name it.
 */
struct local_field { const char *name, *type; };
void	rule_local_declare(const char *name, const struct local_field *fields, size_t n);

/* Reads a file as bpfd-config would; actions is the folder of named actions.  0, or a negative errno of opening and reading it. */
#define RULE_LOCAL_ACTIONS BPFD_SYSCONFDIR "/bpfd/actions.d"
int	rule_local_read(const char *file, const struct rule_lists *lists, const char *actions, struct local_rule *out);
void	rule_local_free(struct local_rule *r);
/* The text of a file ("-": of standard input) of at most max bytes, with a NUL; the same errors, -EFBIG. */
#define RULE_LOCAL_MAX (256u << 10)
int	rule_local_text(const char *file, size_t max, char **text, size_t *len);

/* "FILE:LINE:COLUMN: error: TEXT [CODE]" */
void	rule_local_line(struct buf *b, const struct local_problem *p);

/* The header line of "trace" in that format; nothing when it has none. */
void	trace_local_header(struct buf *b, const char *format);
/* Names of tracers and of fields (of every tracer), one after another; NULL ends. */
enum local_names { LOCAL_TRACERS, LOCAL_FIELDS };
const char *local_name(enum local_names what, size_t i);

static inline __attribute__((unused)) void
auto_rule_lists(struct rule_lists **l)
{
	rule_local_lists_free(*l);
}

static inline __attribute__((unused)) void
auto_local_rule(struct local_rule *r)
{
	rule_local_free(r);
}

#endif
