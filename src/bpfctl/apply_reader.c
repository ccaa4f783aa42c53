/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/apply_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/closest.h"

void
apply_say(struct apply_reader *r, struct toml_place at, const char *fmt, ...)
{
	const struct apply_place place = { r->file, at.line, at.column };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	apply_problem(r->w, &place, "%s", text);
}

struct keys {
	struct apply_reader *r;
	const char *what;
	const struct apply_key *keys;
	size_t n;
};

static int
on_key(void *arg, const char *name, struct toml_place at, const struct toml_value *v)
{
	const struct keys *k = arg;
	struct closest c;

	for (size_t i = 0; i < k->n; i++) {
		const struct apply_key *key = &k->keys[i];

		if (strcmp(key->name, name) != 0)
			continue;
		if (key->kind == TOML_OTHER || key->kind == v->kind)
			key->read(k->r, v);
		else
			apply_say(k->r, v->at, "%s is %s, not %s", name, toml_kind_name(key->kind),
				toml_kind_name(v->kind));
		return 0;
	}
	closest_init(&c, name);
	for (size_t i = 0; i < k->n; i++)
		closest_offer(&c, k->keys[i].name);
	apply_say(k->r, at, "%s has no key \"%s\"%s", k->what, name, CLOSEST_TEXT(&c));
	return 0;
}

void
apply_keys(struct apply_reader *r, const struct toml_doc *doc, const void *node, const char *what,
	const struct apply_key *keys, size_t n)
{
	struct keys k = { r, what, keys, n };

	toml_each(doc, node, on_key, &k);
}

void
apply_text(struct apply_reader *r, const struct toml_value *v, char **out)
{
	char *copy;

	if (memchr(v->text, '\0', v->len)) {
		apply_say(r, v->at, "there is a NUL in this text");
		return;
	}
	copy = strdup(v->text);
	if (!copy) {
		r->no_memory = true;
		return;
	}
	free(*out);
	*out = copy;
}

void
apply_name(struct apply_reader *r, const struct toml_value *v, char **out)
{
	apply_text(r, v, out);
	if (*out && !apply_name_ok(*out))
		apply_say(r, v->at, "\"%s\" is no name: up to %d letters, digits, dashes, dots and underscores",
			*out, APPLY_NAME_MAX);
}

struct pairs {
	struct apply_reader *r;
	bool only_text;
	apply_pair_fn *fn;
};

static int
on_pair(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	const struct pairs *p = arg;
	AUTO(buf) struct buf why = { 0 };
	char number[32];
	const char *text = v->text;
	int err;

	if (v->kind == TOML_STRING && memchr(v->text, '\0', v->len)) {
		apply_say(p->r, v->at, "there is a NUL in this text");
		return 0;
	}
	if (!*key || strchr(key, '=')) {
		apply_say(p->r, at, "\"%s\" is no name: it is empty or has a \"=\"", key);
		return 0;
	}
	if (v->kind == TOML_INTEGER && !p->only_text) {
		snprintf(number, sizeof(number), "%lld", (long long)v->number);
		text = number;
	} else if (v->kind == TOML_BOOL && !p->only_text) {
		text = v->number ? "yes" : "no";
	} else if (v->kind != TOML_STRING) {
		apply_say(p->r, v->at, "%s is a string, not %s", key, toml_kind_name(v->kind));
		return 0;
	}
	err = p->fn(p->r, key, text, &why);
	if (err && why.len)
		apply_say(p->r, v->at, "%s", buf_text(&why));
	else
		p->r->no_memory |= err != 0;
	return 0;
}

void
apply_pairs(struct apply_reader *r, const struct toml_value *v, bool only_text, apply_pair_fn *fn)
{
	struct pairs p = { r, only_text, fn };

	toml_each(NULL, v->node, on_pair, &p);
}

struct strings {
	struct apply_reader *r;
	void (*fn)(struct apply_reader *r, const struct toml_value *v);
};

static int
on_string(void *arg, const struct toml_value *v)
{
	const struct strings *s = arg;

	if (v->kind != TOML_STRING)
		apply_say(s->r, v->at, "a string is wanted here, not %s", toml_kind_name(v->kind));
	else if (memchr(v->text, '\0', v->len))
		apply_say(s->r, v->at, "there is a NUL in this text");
	else
		s->fn(s->r, v);
	return 0;
}

void
apply_strings(struct apply_reader *r, const struct toml_value *v,
	void (*fn)(struct apply_reader *r, const struct toml_value *v))
{
	struct strings s = { r, fn };

	toml_items(v->node, on_string, &s);
}

char *
apply_path(struct apply_reader *r, const char *path)
{
	char *out = NULL;

	if (asprintf(&out, "%s%s%s", path[0] == '/' ? "" : r->dir, path[0] == '/' ? "" : "/", path) < 0) {
		r->no_memory = true;
		return NULL;
	}
	return out;
}
