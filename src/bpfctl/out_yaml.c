/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/out.h"
#include "bpfctl/safe.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Text that every YAML reader takes as the same string without quotes. */
static bool
is_plain(const char *s, size_t len)
{
	static const char *const words[] = {
		"true", "false", "yes", "no", "on", "off", "null", "y", "n",
	};

	if (len == 0 || !(isalpha((unsigned char)s[0]) || s[0] == '/'))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isascii((unsigned char)s[i]) ||
		    (!isalnum((unsigned char)s[i]) && !strchr("/_.-", s[i])))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && strncasecmp(s, words[i], len) == 0)
			return false;
	return true;
}

static void
scalar(struct out *o, const char *s, size_t len)
{
	if (is_plain(s, len))
		buf_add(&o->text, s, len);
	else
		safe_json(&o->text, s, len);
}

/*
 * Starts a member on a line of its own, but for the first of an object in a list, which follows
 * its dash.  The document is depth 1; lists stand below their key, indented.
 */
static void
begin_member(struct out *o, const char *key)
{
	unsigned int d = o->depth;
	bool after_dash = d > 1 && o->level[d].nest == OUT_OBJECT && o->level[d].n == 0 &&
		o->level[d - 1].nest == OUT_LIST;

	if (!after_dash) {
		if (o->text.len)
			buf_char(&o->text, '\n');
		buf_fill(&o->text, ' ', (size_t)2 * (d - 1));
	}
	if (o->level[d].nest == OUT_LIST)
		buf_str(&o->text, "- ");
	else {
		scalar(o, key, strlen(key));
		buf_char(&o->text, ':');
	}
}

static void
yaml_open(struct out *o, const char *key, enum out_nest nest, const struct schema *schema)
{
	if (o->depth > 0)
		begin_member(o, key);
}

static void
yaml_close(struct out *o, enum out_nest nest)
{
	if (o->level[o->depth + 1].n == 0 && o->depth > 0)
		buf_str(&o->text, nest == OUT_LIST ? " []" : " {}");
	else if (o->level[o->depth + 1].n == 0)
		buf_str(&o->text, "{}");
	if (o->depth == 0)
		buf_char(&o->text, '\n');
}

static void
yaml_value(struct out *o, const struct field *f, enum out_leaf leaf, const char *text, size_t len,
	bool attention)
{
	begin_member(o, f ? f->key : NULL);
	if (f)
		buf_char(&o->text, ' ');
	switch (leaf) {
	case OUT_STRING:
		return scalar(o, text, len);
	case OUT_NUMBER:
	case OUT_BOOL:
		return buf_add(&o->text, text, len);
	case OUT_NULL:
		return buf_str(&o->text, "null");
	}
}

const struct out_writer out_writer_yaml = { false, yaml_open, yaml_close, yaml_value };
