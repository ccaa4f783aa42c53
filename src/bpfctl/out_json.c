/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/out.h"
#include "bpfctl/safe.h"

#include <string.h>

static void
begin_member(struct out *o, const char *key)
{
	if (o->depth == 0)
		return;
	buf_str(&o->text, o->level[o->depth].n ? ",\n" : "\n");
	buf_fill(&o->text, ' ', (size_t)2 * o->depth);
	if (key) {
		safe_json(&o->text, key, strlen(key));
		buf_str(&o->text, ": ");
	}
}

static void
json_open(struct out *o, const char *key, enum out_nest nest, const struct schema *schema)
{
	begin_member(o, key);
	buf_char(&o->text, nest == OUT_LIST ? '[' : '{');
}

static void
json_close(struct out *o, enum out_nest nest)
{
	if (o->level[o->depth + 1].n) {
		buf_char(&o->text, '\n');
		buf_fill(&o->text, ' ', (size_t)2 * o->depth);
	}
	buf_char(&o->text, nest == OUT_LIST ? ']' : '}');
	if (o->depth == 0)
		buf_char(&o->text, '\n');
}

static void
json_value(struct out *o, const struct field *f, enum out_leaf leaf, const char *text, size_t len,
	bool attention)
{
	begin_member(o, f ? f->key : NULL);
	switch (leaf) {
	case OUT_STRING:
		return safe_json(&o->text, text, len);
	case OUT_NUMBER:
	case OUT_BOOL:
		return buf_add(&o->text, text, len);
	case OUT_NULL:
		return buf_str(&o->text, "null");
	}
}

const struct out_writer out_writer_json = { false, json_open, json_close, json_value };
