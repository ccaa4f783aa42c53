/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/client_call.h"
#include "bpfctl/ctl.h"
#include "bpfctl/spec.h"
#include "bpfctl/waiter.h"

#define COUNT_MS 1000		/* how long --stats lets the kernel count */

/* The -l options, read; pairs point to texts that are freed with it. */
struct selector {
	struct field_pair **pairs;
	size_t n;
};

static void
selector_free(struct selector *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->pairs[i]->key);
		free(s->pairs[i]->value);
		free(s->pairs[i]);
	}
	free(s->pairs);
}

static inline void
auto_selector(struct selector *s)
{
	selector_free(s);
}

static int
read_selector(struct ctl *ctl, const struct args *args, struct selector *s)
{
	AUTO(buf) struct buf why = { 0 };
	const char *text;
	size_t at = 0;

	s->pairs = calloc(args->n_given + 1, sizeof(struct field_pair *));
	while (s->pairs && (text = args_each(args, "selector", &at))) {
		AUTO(mem) struct field_pair *p = calloc(1, sizeof(*p));

		if (!p)
			return ctl_fail(ctl, CTL_FAILED, NULL, "list", "no memory");
		protobuf_c_message_init(&bpfd__v1__list_request__metadata_entry__descriptor, p);
		if (spec_pair(text, &p->key, &p->value, &why))
			return ctl_fail(ctl, CTL_USAGE, NULL, "-l", "%s", buf_text(&why));
		s->pairs[s->n++] = TAKE_PTR(p);
	}
	return s->pairs ? CTL_DONE : ctl_fail(ctl, CTL_FAILED, NULL, "list", "no memory");
}

static bool
selects(const struct selector *s, Bpfd__V1__Link__MetadataEntry *const *metadata, size_t n)
{
	for (size_t i = 0; i < s->n; i++) {
		bool found = false;

		for (size_t j = 0; j < n && !found; j++)
			found = strcmp(metadata[j]->key, s->pairs[i]->key) == 0 &&
				strcmp(metadata[j]->value, s->pairs[i]->value) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* The columns that were asked for beside the usual ones. */
static const struct schema *
columns(bool all, bool stats)
{
	static struct field fields[64];
	static struct schema schema = { fields, 0 };

	schema.n = schema_program.n < ARRAY_SIZE(fields) ? schema_program.n : ARRAY_SIZE(fields);
	for (size_t i = 0; i < schema.n; i++) {
		fields[i] = schema_program.fields[i];
		if ((all && strcmp(fields[i].key, "owner") == 0) ||
		    (stats && strncmp(fields[i].key, "run_", 4) == 0))
			fields[i].show = SHOW_TABLE;
	}
	return &schema;
}

/* The first request makes the kernel count, the caller's shows what it counted. */
static int
let_count(struct ctl *ctl)
{
	Bpfd__V1__ListRequest req = BPFD__V1__LIST_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	struct waiter w = { .signal_fd = -1 };
	int err;

	req.stats = true;
	req.max_bytes = CALL_MESSAGE_MAX;
	if (rpc_list(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "list programs", &e);
	if (waiter_begin(&w, 0))
		return CTL_FAILED;
	err = waiter_sleep(&w, COUNT_MS);
	waiter_end(&w);
	return err ? CTL_FAILED : CTL_DONE;
}

static int
list_programs(struct ctl *ctl, const struct args *args, const struct selector *s)
{
	Bpfd__V1__ListRequest req = BPFD__V1__LIST_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *type = args_get(args, "type");

	req.all = args_has(args, "all");
	req.owners = req.all;
	req.stats = args_has(args, "stats");
	req.max_bytes = CALL_MESSAGE_MAX;
	if (type)
		req.type = (char *)(uintptr_t)type;
	req.metadata = (Bpfd__V1__ListRequest__MetadataEntry **)s->pairs;
	req.n_metadata = s->n;
	if (req.stats && let_count(ctl))
		return CTL_FAILED;
	if (rpc_list(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "list programs", &e);
	out_list(ctl->out, "programs", columns(req.all, req.stats), (const void *const *)all->programs,
		all->n_programs, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
list_links(struct ctl *ctl, const struct args *args, const struct selector *s)
{
	Bpfd__V1__ListLinksRequest req = BPFD__V1__LIST_LINKS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListLinksResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *kind = args_get(args, "type");
	AUTO(mem) const void **shown = NULL;
	size_t n = 0;

	if (kind)
		req.kind = (char *)(uintptr_t)kind;
	if (rpc_list_links(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "list links", &e);
	shown = calloc(all->n_links + 1, sizeof(*shown));
	for (size_t i = 0; shown && i < all->n_links; i++)
		if (selects(s, all->links[i]->metadata, all->links[i]->n_metadata))
			shown[n++] = all->links[i];
	out_list(ctl->out, "links", &schema_link, shown, n, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
list_maps(struct ctl *ctl, const struct args *args, const struct selector *s)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *type = args_get(args, "type");
	AUTO(mem) const void **shown = NULL;
	size_t n = 0;

	if (s->n)
		return ctl_fail(ctl, CTL_USAGE, NULL, "list maps",
			"maps have no metadata to select by");
	if (rpc_list_maps(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "list maps", &e);
	shown = calloc(all->n_maps + 1, sizeof(*shown));
	for (size_t i = 0; shown && i < all->n_maps; i++)
		if (!type || strcmp(all->maps[i]->type, type) == 0)
			shown[n++] = all->maps[i];
	out_list(ctl->out, "maps", &schema_map, shown, n, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
list_dispatchers(struct ctl *ctl, const struct args *args, const struct selector *s)
{
	Bpfd__V1__ListDispatchersRequest req = BPFD__V1__LIST_DISPATCHERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListDispatchersResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (s->n || args_has(args, "type"))
		return ctl_fail(ctl, CTL_USAGE, NULL, "list dispatchers",
			"dispatchers have no type and no metadata to select by");
	if (rpc_list_dispatchers(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "list dispatchers", &e);
	out_list(ctl->out, "slots", &schema_slot, (const void *const *)all->slots, all->n_slots, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
run_list(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *what;
		int (*list)(struct ctl *ctl, const struct args *args, const struct selector *s);
	} whats[] = {
		{ "programs", list_programs }, { "links", list_links }, { "maps", list_maps },
		{ "dispatchers", list_dispatchers },
	};
	const char *what = args->n_words ? args->words[0] : "programs";
	AUTO(selector) struct selector s = { 0 };
	int status = read_selector(ctl, args, &s);

	if (status)
		return status;
	if ((args_has(args, "all") || args_has(args, "stats")) && strcmp(what, "programs") != 0)
		return ctl_fail(ctl, CTL_USAGE, NULL, "list", "--all and --stats are for programs only");
	for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
		if (strcmp(what, whats[i].what) == 0)
			return whats[i].list(ctl, args, &s);
	return ctl_fail(ctl, CTL_USAGE, "there are programs, links, maps and dispatchers", "list",
		"what are \"%s\"?", what);
}

static const struct opt opts[] = {
	{ "all", 0, NULL, "every program of the kernel, not only bpfd's" },
	{ "stats", 0, NULL, "let the kernel count runs for a second, and show how many there were" },
	{ "type", 0, "TYPE", "only programs or maps of this type, links of this kind", WORD_TYPE },
	{ "selector", 'l', "KEY=VALUE", "only what has this metadata", .many = true },
	OPT_END
};

const struct command cmd_list = {
	.name = "list",
	.synopsis = "[programs|links|maps|dispatchers]",
	.help = "list programs (the default), links, maps or chains of programs",
	.opts = opts,
	.max_words = 1,
	.words = { WORD_CHOICE },
	.choices = "programs|links|maps|dispatchers",
	.run = run_list,
};
