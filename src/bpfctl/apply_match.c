/* SPDX-License-Identifier: Apache-2.0 */
/* Is what the daemon has what a file wants? */
#include <string.h>

#include "bpfctl/apply_plan.h"

#define PRIORITY_DEFAULT 50		/* as the daemon has it */

const char *
apply_metadata(Bpfd__V1__Program__MetadataEntry *const *all, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->key, key) == 0)
			return all[i]->value;
	return "";
}

const char *
apply_link_metadata(const Bpfd__V1__Link *l, const char *key)
{
	for (size_t i = 0; i < l->n_metadata; i++)
		if (strcmp(l->metadata[i]->key, key) == 0)
			return l->metadata[i]->value;
	return "";
}

static void
differs(struct buf *why, const char *what, const char *key)
{
	buf_printf(why, "%s%s%s%s", why->len ? ", " : "", what, key ? "." : "", key ? key : "");
}

/* Some pair of a that b has not, or has another value for; field_pair is the layout of all of them. */
static const char *
pair_not_in(void *const *a, size_t n_a, void *const *b, size_t n_b, bool marks)
{
	for (size_t i = 0; i < n_a; i++) {
		const struct field_pair *p = a[i];
		bool found = !marks && apply_is_mark(p->key);

		for (size_t j = 0; j < n_b && !found; j++) {
			const struct field_pair *q = b[j];

			found = strcmp(p->key, q->key) == 0 && strcmp(p->value, q->value) == 0;
		}
		if (!found)
			return p->key;
	}
	return NULL;
}

static const char *
pairs_differ(void *a, size_t n_a, void *b, size_t n_b, bool marks)
{
	const char *key = pair_not_in(a, n_a, b, n_b, marks);

	return key ? key : pair_not_in(b, n_b, a, n_a, marks);
}

static const char *
global_not_in(void *const *a, size_t n_a, void *const *b, size_t n_b)
{
	for (size_t i = 0; i < n_a; i++) {
		const struct field_hexpair *p = a[i];
		bool found = false;

		for (size_t j = 0; j < n_b && !found; j++) {
			const struct field_hexpair *q = b[j];

			found = strcmp(p->key, q->key) == 0 && p->value.len == q->value.len &&
				memcmp(p->value.data, q->value.data, p->value.len) == 0;
		}
		if (!found)
			return p->key;
	}
	return NULL;
}

static bool
has_program(const struct apply_group *g, const char *name)
{
	for (size_t i = 0; i < g->n_programs; i++)
		if (strcmp(g->programs[i]->name, name) == 0)
			return true;
	return false;
}

static void
metadata_differs(const struct apply_load *want, const struct apply_group *g, struct buf *why)
{
	const Bpfd__V1__Program *p = g->programs[0];
	const Bpfd__V1__LoadRequest *req = &want->l.req;
	const char *key = pairs_differ(req->metadata, req->n_metadata, p->metadata, p->n_metadata, *g->set);

	if (!key)
		return;
	if (strcmp(key, APPLY_MARK_PROGRAMS) == 0)
		differs(why, "programs", NULL);
	else if (strcmp(key, APPLY_MARK_GROUP) == 0)
		differs(why, "map_group", NULL);
	else
		differs(why, "metadata", key);
}

bool
apply_load_differs(const struct apply_load *want, const struct apply_group *g, uint64_t owner, struct buf *why)
{
	const Bpfd__V1__Program *p = g->programs[0];
	const Bpfd__V1__LoadRequest *req = &want->l.req;
	const char *key;

	if (g->lost)
		differs(why, "it is lost", NULL);
	if (strcmp(want->digest, p->digest) != 0)
		differs(why, "object", NULL);
	key = global_not_in((void *const *)req->globals, req->n_globals, (void *const *)p->globals, p->n_globals);
	if (!key)
		key = global_not_in((void *const *)p->globals, p->n_globals, (void *const *)req->globals,
			req->n_globals);
	if (key)
		differs(why, "globals", key);
	metadata_differs(want, g, why);
	for (size_t i = 0; i < req->n_programs; i++)
		if (!has_program(g, req->programs[i]->name)) {
			differs(why, "programs", req->programs[i]->name);
			break;
		}
	if (!*g->set && req->n_programs && req->n_programs != g->n_programs)
		differs(why, "programs", NULL);
	if (req->persistent != p->persistent)
		differs(why, "persistent", NULL);
	if (p->map_owner_group != owner)
		differs(why, "map_owner", NULL);
	return why->len > 0;
}

/*
 * A target is as the file says, or as it was said when the link was made: of some kinds the daemon
 * lists a longer name of it.  Not of interfaces: one that has another name by now is another.
 */
static bool
same_target(const struct spec_attach *want, const Bpfd__V1__Link *l)
{
	const char *asked = want->req.target;

	if (strcmp(l->target, asked) == 0)
		return true;
	return !l->ifindex && *apply_link_metadata(l, APPLY_MARK) &&
		strcmp(apply_link_metadata(l, APPLY_MARK_TARGET), asked) == 0;
}

bool
apply_link_holds(const Bpfd__V1__Link *l)
{
	return strcmp(l->state, "attached") == 0 || (l->future && strcmp(l->state, "waiting") == 0);
}

bool
apply_same_place(const struct spec_attach *want, const Bpfd__V1__Link *l)
{
	const Bpfd__V1__AttachRequest *req = &want->req;

	return strcmp(req->kind, l->kind) == 0 && req->future == l->future && same_target(want, l) && strcmp(req->netns, l->netns) == 0 &&
		(!*req->direction || strcmp(req->direction, l->direction) == 0);
}

bool
apply_same_details(const struct spec_attach *want, const Bpfd__V1__Link *l)
{
	const Bpfd__V1__AttachRequest *req = &want->req;

	return (!*req->mode || strcmp(req->mode, l->mode) == 0) && req->cookie == l->cookie &&
		!pairs_differ(req->options, req->n_options, l->options, l->n_options, true);
}

bool
apply_same_metadata(const struct spec_attach *want, const Bpfd__V1__Link *l)
{
	return !pairs_differ(want->req.metadata, want->req.n_metadata, l->metadata, l->n_metadata,
		*apply_link_metadata(l, APPLY_MARK));
}

static bool
has_word(char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

size_t
apply_proceed_on(const struct spec_attach *want, char *const **words)
{
	static char *const xdp[] = { "pass" }, *const tc[] = { "pipe", "dispatcher_return" }, *const tcx[] = { "unspec" };
	static const struct {
		const char *kind;
		char *const *words;
		size_t n;
	} defaults[] = {
		{ "xdp", xdp, ARRAY_SIZE(xdp) }, { "tc", tc, ARRAY_SIZE(tc) }, { "tcx", tcx, ARRAY_SIZE(tcx) },
	};

	*words = want->req.proceed_on;
	for (size_t i = 0; i < ARRAY_SIZE(defaults) && !want->req.n_proceed_on; i++)
		if (strcmp(defaults[i].kind, want->req.kind) == 0) {
			*words = defaults[i].words;
			return defaults[i].n;
		}
	return want->req.n_proceed_on;
}

bool
apply_same_proceed_on(const struct spec_attach *want, const Bpfd__V1__Link *l)
{
	char *const *words;
	size_t n = apply_proceed_on(want, &words);

	if (!want->req.n_proceed_on && !l->n_proceed_on)
		return true;
	for (size_t i = 0; i < n; i++)
		if (!has_word(l->proceed_on, l->n_proceed_on, words[i]))
			return false;
	for (size_t i = 0; i < l->n_proceed_on; i++)
		if (!has_word(words, n, l->proceed_on[i]))
			return false;
	return true;
}

int32_t
apply_priority(const struct spec_attach *want)
{
	return want->req.priority ? want->req.priority : PRIORITY_DEFAULT;
}

const char *
apply_rule_set(const char *text, size_t *len, size_t *body)
{
	size_t end = strlen(text), mark = strlen(APPLY_RULE_MARK), start;
	const char *set = NULL;

	while (end && text[end - 1] == '\n')
		end--;
	start = end;
	while (start && text[start - 1] != '\n')
		start--;
	if (end - start > mark && memcmp(text + start, APPLY_RULE_MARK, mark) == 0) {
		set = text + start + mark;
		*len = end - start - mark;
		for (end = start; end && text[end - 1] == '\n'; end--)
			;
	}
	*body = end;
	return set;
}
