/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TRACER_READER_H
#define BPFD_CONFIG_TRACER_READER_H

#include "config/mistakes.h"
#include "config/traced.h"

/* What tracers.c and tracer_items.c share: one file of tracers.d that is being read. */
#define ITEM_KEYS 4

struct tracer_reader;

/* A table within an array: a field, or a filter. */
struct item_key { const char *name; enum toml_kind kind; bool needed; };
struct item {
	const char *what;
	struct item_key keys[ITEM_KEYS];	/* name NULL ends */
	void (*take)(struct tracer_reader *r);
};

struct tracer_reader {
	struct kbtf btf;
	struct declared_table *table;
	struct declared_table before;		/* a reload leaves those that are the same where they are */
	struct declared d;			/* of the file that is read */
	struct traced traced;
	const struct item *item;		/* that is read, with what it says */
	struct toml_value v[ITEM_KEYS];
	bool has[ITEM_KEYS];
	struct toml_place at;
	unsigned int step;			/* of the file: see keys[] */
	struct mistakes mistakes;
};

/* Text for an array of a struct, or a mistake. */
void	tracer_text(struct tracer_reader *r, const char *key, const struct toml_value *v, char *out, size_t size);
/* The arrays "fields" and, when those are known, "filters". */
void	tracer_fields(struct tracer_reader *r, const char *key, const struct toml_value *v);
void	tracer_filters(struct tracer_reader *r, const char *key, const struct toml_value *v);

#endif
