/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_APPLY_READER_H
#define BPFD_BPFCTL_APPLY_READER_H

#include "bpfctl/apply_want.h"
#include "config/toml.h"

/* Between the readers of a file's tables. */
struct apply_reader {
	struct apply_want *w;
	const char *file;			/* as the want owns it */
	const char *dir;			/* paths are relative to it */
	const char *text;			/* the file's */
	size_t len;
	char *set;				/* of what names none */
	bool fixed_set;				/* --set: the file may not name another */
	bool no_memory;
	struct apply_load *load;		/* the one being read */
	struct spec_attach *attach;		/* the same */
	struct apply_rule *rule;
};

/* One key of a table.  kind TOML_OTHER: any, which read() judges. */
struct apply_key {
	const char *name;
	enum toml_kind kind;
	void (*read)(struct apply_reader *r, const struct toml_value *v);
};

/* Gives every entry of a table (node NULL: of the document) to its key's read(); what is unknown or of
 * another kind is a problem.  what: "a load", for those. */
void	apply_keys(struct apply_reader *r, const struct toml_doc *doc, const void *node, const char *what,
		const struct apply_key *keys, size_t n);
void	apply_say(struct apply_reader *r, struct toml_place at, const char *fmt, ...)
		__attribute__((format(printf, 3, 4)));
/* A string without NUL, copied to *out in place of what is there. */
void	apply_text(struct apply_reader *r, const struct toml_value *v, char **out);
/* A name of a set or load, the same. */
void	apply_name(struct apply_reader *r, const struct toml_value *v, char **out);
/* Calls fn with "KEY=TEXT" for each entry of a table: strings, integers, and true and false as yes and
 * no.  A mistake that fn describes in *why is told at the entry. */
typedef int apply_pair_fn(struct apply_reader *r, const char *key, const char *value, struct buf *why);
void	apply_pairs(struct apply_reader *r, const struct toml_value *v, bool only_text, apply_pair_fn *fn);
/* The strings of an array, one after another. */
void	apply_strings(struct apply_reader *r, const struct toml_value *v,
		void (*fn)(struct apply_reader *r, const struct toml_value *v));
/* path as it is opened: from the file's folder.  NULL: no memory, noted. */
char	*apply_path(struct apply_reader *r, const char *path);

/* KEY=VALUE into a load's globals or metadata, by who reads such an option; into an attachment's metadata.
 * -EINVAL with a sentence in *why, -ENOMEM. */
int	apply_load_pair(struct load *l, int (*add)(struct load *l, const char *text, struct buf *why),
		const char *key, const char *value, struct buf *why);
int	apply_attach_pair(struct spec_attach *a, const char *key, const char *value, struct buf *why);
/* Notes in a load that was read, and in its attachments, what they are of.  -ENOMEM. */
int	apply_mark(struct apply_load *l);

/* One table each of [[load]] and its [[load.attach]]. */
void	apply_read_load(struct apply_reader *r, const struct toml_value *v);

#endif
