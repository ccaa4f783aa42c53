/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/save_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGEST_SHOWN 12

/* A group, and what it is called in the file. */
struct saved {
	const Bpfd__V1__Program *first;
	uint64_t id;
	const char *set;
	bool marked;
	char name[APPLY_NAME_MAX + 1];
	bool skipped;
};

struct writer {
	const struct apply_actual *a;
	Bpfd__V1__Map *const *maps;
	size_t n_maps;
	const char *only;		/* NULL: everything */
	const char *set;		/* of the file: of what nobody marked */
	bool with_objects;
	struct saved *groups;
	size_t n_groups;
	struct save *out;
	bool no_memory;
};

/* ---- TOML ---- */

static void
put_string(struct buf *b, const char *s)
{
	buf_char(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_printf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\u%04x", (unsigned int)*s);
		else
			buf_char(b, *s);
	}
	buf_char(b, '"');
}

static void
put_text(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "%s = ", key);
	put_string(b, value);
	buf_char(b, '\n');
}

static void
put_words(struct buf *b, const char *key, char *const *words, size_t n)
{
	buf_printf(b, "%s = [", key);
	for (size_t i = 0; i < n; i++) {
		buf_str(b, i ? ", " : "");
		put_string(b, words[i]);
	}
	buf_str(b, "]\n");
}

/* Pairs of any of the messages as an inline table, without marks; nothing when none is left. */
static void
put_pairs(struct buf *b, const char *key, void *entries, size_t n)
{
	struct field_pair *const *pairs = entries;
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if (apply_is_mark(pairs[i]->key))
			continue;
		buf_printf(b, "%s%s", *comma ? "" : key, *comma ? comma : " = { ");
		put_string(b, pairs[i]->key);
		buf_str(b, " = ");
		put_string(b, pairs[i]->value);
		comma = ", ";
	}
	buf_str(b, *comma ? " }\n" : "");
}

static void
put_globals(struct buf *b, const Bpfd__V1__Program *p)
{
	for (size_t i = 0; i < p->n_globals; i++) {
		buf_str(b, i ? ", " : "globals = { ");
		put_string(b, p->globals[i]->key);
		buf_str(b, " = \"");
		buf_hex(b, p->globals[i]->value.data, p->globals[i]->value.len);
		buf_char(b, '"');
	}
	buf_str(b, p->n_globals ? " }\n" : "");
}

/* A text of several lines as it is, where TOML allows that. */
static void
put_lines(struct buf *b, const char *key, const char *text, size_t len)
{
	AUTO(mem) char *copy = strndup(text, len);
	bool literal = copy && !strstr(copy, "'''") && (!len || copy[len - 1] != '\'');

	for (size_t i = 0; literal && i < len; i++)
		literal = ((unsigned char)copy[i] >= 0x20 && copy[i] != 0x7f) || copy[i] == '\n' || copy[i] == '\t';
	if (literal)
		buf_printf(b, "%s = '''\n%s\n'''\n", key, copy);
	else if (copy)
		put_text(b, key, copy);
	b->failed |= !copy;
}

/* ---- loads ---- */

static const struct saved *
find_saved(const struct writer *w, uint64_t id)
{
	for (size_t i = 0; i < w->n_groups; i++)
		if (w->groups[i].id == id)
			return &w->groups[i];
	return NULL;
}

static bool
is_taken(const struct writer *w, const struct saved *of)
{
	for (const struct saved *g = w->groups; g < of; g++)
		if (!g->skipped && strcmp(g->set, of->set) == 0 && strcmp(g->name, of->name) == 0)
			return true;
	return false;
}

/* What nobody named is called as the file that it came from. */
static void
choose_name(const struct writer *w, struct saved *g)
{
	const char *slash = strrchr(g->first->source, '/'), *base = slash ? slash + 1 : g->first->source;
	size_t len = strlen(base), n = 0;

	if (len > 2 && strcmp(base + len - 2, ".o") == 0)
		len -= 2;
	for (size_t i = 0; i < len && n < APPLY_NAME_MAX - 22; i++)	/* room for a number */
		g->name[n++] = strchr("._-", base[i]) || ((base[i] | 0x20) >= 'a' && (base[i] | 0x20) <= 'z') ||
			(base[i] >= '0' && base[i] <= '9') ? base[i] : '_';
	g->name[n] = '\0';
	if (!apply_name_ok(g->name))
		n = (size_t)sprintf(g->name, "load");
	if (is_taken(w, g))
		sprintf(g->name + n, "-%llu", (unsigned long long)g->id);
}

static void
note(struct writer *w, const char *what, uint64_t id, const char *why)
{
	buf_printf(&w->out->notes, "%s %llu is not saved: %s\n", what, (unsigned long long)id, why);
}

static void
name_groups(struct writer *w)
{
	for (size_t i = 0; i < w->n_groups; i++) {
		struct saved *g = &w->groups[i];
		const Bpfd__V1__Program *p = g->first;
		const char *name = apply_metadata(p->metadata, p->n_metadata, APPLY_MARK_NAME);

		g->set = apply_metadata(p->metadata, p->n_metadata, APPLY_MARK);
		g->marked = apply_name_ok(g->set) && apply_name_ok(name);
		g->set = g->marked ? g->set : w->set;
		if (g->marked)
			strcpy(g->name, name);
		else
			choose_name(w, g);
		if (w->only && (!g->marked || strcmp(w->only, g->set) != 0)) {
			g->skipped = true;
		} else if (g->skipped) {
			note(w, "group", g->id, "it is not in the kernel");
		} else if (is_taken(w, g)) {
			note(w, "group", g->id, "there is another of its name, of an apply that did not end");
			g->skipped = true;
		}
	}
}

static void
find_groups(struct writer *w)
{
	w->groups = calloc(w->a->n_programs + 1, sizeof(*w->groups));
	w->no_memory |= !w->groups;
	for (size_t i = 0; w->groups && i < w->a->n_programs; i++) {
		const Bpfd__V1__Program *p = w->a->programs[i];
		struct saved *g = (struct saved *)(uintptr_t)find_saved(w, p->group);

		if (!p->group)
			continue;
		if (!g) {
			g = &w->groups[w->n_groups++];
			g->first = p;
			g->id = p->group;
		}
		g->skipped |= strcmp(p->state, "loaded") != 0;
	}
}

/* The file of an object: the same for all that were loaded from the same bytes. */
static const char *
object_file(struct writer *w, const struct saved *g)
{
	const char *hex = strchr(g->first->digest, ':');
	struct save_object *all, *o;

	for (size_t i = 0; i < w->out->n_objects; i++)
		if (strcmp(w->out->objects[i].digest, g->first->digest) == 0)
			return w->out->objects[i].file;
	all = reallocarray(w->out->objects, w->out->n_objects + 1, sizeof(*all));
	if (!all) {
		w->no_memory = true;
		return "";
	}
	w->out->objects = all;
	o = &all[w->out->n_objects];
	*o = (struct save_object){ .group = g->id, .digest = g->first->digest };
	if (asprintf(&o->file, SAVE_OBJECTS "/%s-%.*s.o", g->name, DIGEST_SHOWN, hex ? hex + 1 : "") < 0) {
		w->no_memory = true;
		return "";
	}
	w->out->n_objects++;
	return o->file;
}

static void
put_programs(struct writer *w, const struct saved *g)
{
	AUTO(mem) char *marked = strdup(apply_metadata(g->first->metadata, g->first->n_metadata, APPLY_MARK_PROGRAMS));
	AUTO(mem) char **names = NULL;
	char *rest = marked, *word;
	size_t n = 0;

	if (g->marked && marked && *marked)
		while ((word = strsep(&rest, ",")))
			w->no_memory |= spec_append(&names, &n, word) != 0;
	for (size_t i = 0; !g->marked && i < w->a->n_programs; i++)
		if (w->a->programs[i]->group == g->id)
			w->no_memory |= spec_append(&names, &n, w->a->programs[i]->name) != 0;
	w->no_memory |= !marked;
	if (n)
		put_words(&w->out->text, "programs", names, n);
}

static void
put_owner(struct writer *w, const struct saved *g)
{
	const struct saved *o = find_saved(w, g->first->map_owner_group);
	AUTO(buf) struct buf name = { 0 };

	if (!g->first->map_owner_group)
		return;
	if (!o || (o->skipped && (!o->marked || strcmp(o->set, g->set) == 0))) {
		buf_printf(&w->out->notes, "load %s is saved without map_owner: group %llu is not saved\n", g->name,
			(unsigned long long)g->first->map_owner_group);
		return;
	}
	if (strcmp(o->set, g->set) != 0)
		buf_printf(&name, "%s/", o->set);
	buf_str(&name, o->name);
	put_text(&w->out->text, "map_owner", buf_text(&name));
}

/* DIR/shared/UNIXGROUP/GROUP-NAME */
static void
put_map_group(struct writer *w, const struct saved *g)
{
	for (size_t i = 0; i < w->n_maps; i++) {
		AUTO(mem) char *pin = w->maps[i]->group == g->id ? strdup(w->maps[i]->shared_pin) : NULL;
		char *slash = pin ? strrchr(pin, '/') : NULL;

		if (!slash)
			continue;
		*slash = '\0';
		slash = strrchr(pin, '/');
		if (slash)
			put_text(&w->out->text, "map_group", slash + 1);
		return;
	}
}

static void
put_link(struct writer *w, const Bpfd__V1__Link *l)
{
	struct buf *b = &w->out->text;
	bool marked = *apply_link_metadata(l, APPLY_MARK) && !l->ifindex;

	if (l->by)			/* of a link with future */
		return;
	if (!apply_link_holds(l)) {
		note(w, "link", l->id, "it is not attached any more");
		return;
	}
	buf_str(b, "\n[[load.attach]]\n");
	put_text(b, "program", l->program_name);
	put_text(b, "kind", l->kind);
	put_text(b, "target", marked ? apply_link_metadata(l, APPLY_MARK_TARGET) : l->target);
	buf_printf(b, "priority = %d\n", l->priority);
	if (l->n_proceed_on)
		put_words(b, "proceed_on", l->proceed_on, l->n_proceed_on);
	if (*l->direction)
		put_text(b, "direction", l->direction);
	if (*l->mode)
		put_text(b, "mode", l->mode);
	if (*l->netns)
		put_text(b, "netns", l->netns);
	if (l->future)
		buf_str(b, "future = true\n");
	if (l->cookie)
		buf_printf(b, "cookie = \"%llu\"\n", (unsigned long long)l->cookie);
	put_pairs(b, "metadata", l->metadata, l->n_metadata);
	put_pairs(b, "options", l->options, l->n_options);
	w->out->n_links++;
}

static void
put_load(struct writer *w, const struct saved *g)
{
	struct buf *b = &w->out->text;

	buf_str(b, "\n[[load]]\n");
	if (strcmp(g->set, w->set) != 0)
		put_text(b, "set", g->set);
	put_text(b, "name", g->name);
	put_text(b, "object", w->with_objects ? object_file(w, g) : g->first->source);
	put_programs(w, g);
	put_globals(b, g->first);
	put_pairs(b, "metadata", g->first->metadata, g->first->n_metadata);
	put_owner(w, g);
	put_map_group(w, g);
	if (g->first->persistent)
		buf_str(b, "persistent = true\n");
	for (size_t i = 0; i < w->a->n_links; i++)
		if (w->a->links[i]->group == g->id)
			put_link(w, w->a->links[i]);
	w->out->n_loads++;
}

/* ---- rules ---- */

static bool
is_again(const struct writer *w, size_t rule)
{
	for (size_t i = 0; i < rule; i++)
		if (strcmp(w->a->rules[i]->name, w->a->rules[rule]->name) == 0)
			return true;
	return false;
}

static void
put_rule(struct writer *w, size_t i)
{
	const Bpfd__V1__Rule *r = w->a->rules[i];
	AUTO(mem) char *set = NULL;
	size_t len = 0, body;
	const char *marked = apply_rule_set(r->text, &len, &body);
	struct buf *b = &w->out->text;

	set = strndup(marked ? marked : "", len);
	w->no_memory |= !set;
	if (!set || strcmp(r->origin, "api") != 0 || (w->only && strcmp(w->only, set) != 0))
		return;
	if (is_again(w, i)) {
		buf_printf(&w->out->notes, "rule %s is there several times: the first one is saved\n", r->name);
		return;
	}
	buf_str(b, "\n[[rule]]\n");
	if (*set && strcmp(set, w->set) != 0)
		put_text(b, "set", set);
	if (apply_name_ok(r->name))
		put_text(b, "name", r->name);
	put_lines(b, "text", r->text, body);
	w->out->n_rules++;
}

int
save_text(const struct apply_actual *a, Bpfd__V1__Map *const *maps, size_t n_maps, const char *set,
	bool with_objects, struct save *out)
{
	struct writer w = { .a = a, .maps = maps, .n_maps = n_maps, .only = set, .with_objects = with_objects,
		.set = set ? set : SAVE_SET, .out = out };

	*out = (struct save){ 0 };
	find_groups(&w);
	name_groups(&w);
	buf_str(&out->text, "# Made by bpfctl save, for bpfctl apply: bpfd-apply(5).\nversion = 1\n");
	put_text(&out->text, "set", w.set);
	for (size_t i = 0; i < w.n_groups; i++)
		if (!w.groups[i].skipped)
			put_load(&w, &w.groups[i]);
	for (size_t i = 0; i < a->n_rules; i++)
		put_rule(&w, i);
	free(w.groups);
	return w.no_memory || out->text.failed || out->notes.failed ? -ENOMEM : 0;
}

void
save_free(struct save *s)
{
	for (size_t i = 0; i < s->n_objects; i++)
		free(s->objects[i].file);
	free(s->objects);
	buf_free(&s->text);
	buf_free(&s->notes);
}
