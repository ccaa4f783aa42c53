/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "bpfctl/ctl.h"

static int
get_program(struct ctl *ctl, const char *word)
{
	Bpfd__V1__GetRequest req = BPFD__V1__GET_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__GetResponse *got = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	int status = ctl_find_program(ctl, "get program", word, &req.program);

	if (status)
		return status;
	if (rpc_get(ctl->client, &req, &got, &e))
		return ctl_fail_call(ctl, "get program", &e);
	if (got->program)
		out_object(ctl->out, "program", &schema_program, got->program);
	out_list(ctl->out, "links", &schema_link, (const void *const *)got->links, got->n_links,
		SHOW_TABLE);
	out_list(ctl->out, "maps", &schema_map, (const void *const *)got->maps, got->n_maps,
		SHOW_TABLE);
	return ctl_print(ctl);
}

static int
get_link(struct ctl *ctl, const char *word)
{
	Bpfd__V1__GetLinkRequest req = BPFD__V1__GET_LINK_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__GetLinkResponse *got = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (ctl_read_id(ctl, "get link", word, UINT64_MAX, &req.link))
		return CTL_USAGE;
	if (rpc_get_link(ctl->client, &req, &got, &e))
		return ctl_fail_call(ctl, "get link", &e);
	if (got->link)
		out_object(ctl->out, "link", &schema_link, got->link);
	return ctl_print(ctl);
}

static int
get_map(struct ctl *ctl, const char *word)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	uint64_t id;

	if (ctl_read_id(ctl, "get map", word, UINT32_MAX, &id))
		return CTL_USAGE;
	if (rpc_list_maps(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "get map", &e);
	for (size_t i = 0; i < all->n_maps; i++)
		if (all->maps[i]->id == id) {
			out_object(ctl->out, "map", &schema_map, all->maps[i]);
			return ctl_print(ctl);
		}
	return ctl_fail(ctl, CTL_NOT_FOUND, "bpfctl list maps shows them", "get map",
		"bpfd has no map %s", word);
}

static int
run_get(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *what;
		int (*get)(struct ctl *ctl, const char *word);
	} whats[] = { { "program", get_program }, { "link", get_link }, { "map", get_map } };

	for (size_t i = 0; i < ARRAY_SIZE(whats); i++)
		if (strcmp(args->words[0], whats[i].what) == 0)
			return whats[i].get(ctl, args->words[1]);
	return ctl_fail(ctl, CTL_USAGE, "there are program, link and map", "get",
		"what is \"%s\"?", args->words[0]);
}

static const struct opt opts[] = { OPT_END };

const struct command cmd_get = {
	.name = "get",
	.synopsis = "program|link|map ID",
	.help = "show everything about one program, link or map",
	.more = "A program may be named, too, when bpfd has one of that name.  get program also shows\n"
		"programs that are not bpfd's.\n",
	.opts = opts,
	.min_words = 2, .max_words = 2,
	.words = { WORD_CHOICE, WORD_PROGRAM },
	.choices = "program|link|map",
	.run = run_get,
};
