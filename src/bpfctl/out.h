/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_OUT_H
#define BPFD_BPFCTL_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "bpfctl/buf.h"
#include "bpfctl/fields.h"

/*
 * What a command prints: one document, made of fields, objects and lists, collected in memory and
 * printed at the end.  The formats are writers (struct out_writer) behind this one interface.
 */
enum out_format { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_KV };

struct out_style {
	enum out_format format;
	bool color, headers;
};

struct out;
int	out_new(const struct out_style *style, struct out **out);	/* -ENOMEM */
void	out_free(struct out *o);
AUTO_DEFINE(out, struct out *, out_free)
int	out_format_from_name(const char *name);		/* -EINVAL */

/* The fields of msg, which schema describes, in the document itself (key NULL) or as an object. */
void	out_object(struct out *o, const char *key, const struct schema *schema, const void *msg);
/* n messages; in tables only when the format shows that much. */
void	out_list(struct out *o, const char *key, const struct schema *schema,
		const void *const *msgs, size_t n, enum field_show show);
int	out_print(struct out *o, FILE *f);		/* ends the document; -ENOMEM, -errno */

/* For the writers only. */
enum out_nest { OUT_OBJECT, OUT_LIST };
enum out_leaf { OUT_STRING, OUT_NUMBER, OUT_BOOL, OUT_NULL };
#define OUT_DEPTH 8

struct out_writer {
	bool flat;		/* composite values arrive as one text, times as people write them */
	/* key: NULL for the document and for elements of a list.  schema: of a list's rows. */
	void (*open)(struct out *o, const char *key, enum out_nest nest, const struct schema *schema);
	void (*close)(struct out *o, enum out_nest nest);
	/* field: NULL for elements of a list; attention: worth a colour. */
	void (*value)(struct out *o, const struct field *field, enum out_leaf leaf, const char *text,
		size_t len, bool attention);
};
extern const struct out_writer out_writer_table, out_writer_json, out_writer_yaml, out_writer_kv;

struct out {
	const struct out_writer *w;
	struct out_style style;
	struct buf text;		/* finished */
	struct buf path;		/* kv: keys down to here */
	struct out_table *table;	/* table: cells of the block being collected */
	unsigned int depth;
	struct {
		enum out_nest nest;
		size_t n;		/* members so far */
		size_t path_len;
	} level[OUT_DEPTH];
};

struct out_table *out_table_new(void);
void	out_table_free(struct out_table *t);

#endif
