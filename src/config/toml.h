/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TOML_H
#define BPFD_CONFIG_TOML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* TOML 1.0 with the place of every key and value, by toml++ behind a C border. */
struct toml_doc;

struct toml_place {
	unsigned int line, column;	/* from 1 */
};

enum toml_kind { TOML_STRING, TOML_INTEGER, TOML_BOOL, TOML_ARRAY, TOML_TABLE, TOML_OTHER };

struct toml_value {
	enum toml_kind kind;
	struct toml_place at;
	const char *text;		/* TOML_STRING: len bytes and a NUL, of the document */
	size_t len;
	int64_t number;			/* TOML_INTEGER; TOML_BOOL: 0 or 1 */
	const void *node;		/* for toml_each() and toml_items() */
};

typedef int toml_entry_fn(void *arg, const char *key, struct toml_place at, const struct toml_value *v);
typedef int toml_item_fn(void *arg, const struct toml_value *v);

/* NULL with the parser's words in why (room bytes) and *at.  Free with toml_free(). */
struct toml_doc *toml_read(const char *text, size_t len, char *why, size_t room,
		struct toml_place *at);
void	toml_free(struct toml_doc *doc);

/* Every entry of a table (node NULL: of the document), in the order of the keys. Ends early with
 * the first result that is not 0, and returns it. */
int	toml_each(const struct toml_doc *doc, const void *node, toml_entry_fn *fn, void *arg);
int	toml_items(const void *node, toml_item_fn *fn, void *arg);

const char *toml_kind_name(enum toml_kind kind);	/* "a string" */

#ifdef __cplusplus
}
#endif

#endif
