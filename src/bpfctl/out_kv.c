/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/out.h"
#include "bpfctl/safe.h"

#include <string.h>

/* programs.0.name=counter: one value per line, for grep and shell. */
static void
add_key(struct out *o, const char *key)
{
	if (o->path.len)
		buf_char(&o->path, '.');
	/* The first '=' of a line ends its key. */
	while (key && *key) {
		size_t len = strcspn(key, "=");

		safe_plain(&o->path, key, len, false);
		key += len;
		if (*key == '=') {
			buf_str(&o->path, "\\x3d");
			key++;
		}
	}
	if (!key)
		buf_printf(&o->path, "%zu", o->level[o->depth].n);
}

static void
cut_path(struct out *o, size_t len)
{
	if (o->path.data && !o->path.failed) {
		o->path.len = len;
		o->path.data[len] = '\0';
	}
}

static void
kv_open(struct out *o, const char *key, enum out_nest nest, const struct schema *schema)
{
	o->level[o->depth].path_len = o->path.len;
	if (o->depth > 0)
		add_key(o, key);
}

static void
kv_close(struct out *o, enum out_nest nest)
{
	cut_path(o, o->level[o->depth].path_len);
}

static void
kv_value(struct out *o, const struct field *f, enum out_leaf leaf, const char *text, size_t len,
	bool attention)
{
	size_t path_len = o->path.len;

	add_key(o, f ? f->key : NULL);
	buf_add(&o->text, buf_text(&o->path), o->path.len);
	buf_char(&o->text, '=');
	safe_plain(&o->text, text, len, false);
	buf_char(&o->text, '\n');
	cut_path(o, path_len);
}

const struct out_writer out_writer_kv = { false, kv_open, kv_close, kv_value };
