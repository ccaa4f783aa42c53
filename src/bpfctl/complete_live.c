/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "bpfctl/complete.h"
#include "bpfctl/rpc.h"
#include "bpfctl/rule_local.h"
#include "bpfctl/safe.h"

static bool
is_safe(const char *s)
{
	for (; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@+%-",
			    *s))
			return false;
	return true;
}

void
complete_add(struct complete *c, const char *stem, const char *candidate, const char *help)
{
	size_t len = strlen(stem), word_len = strlen(c->word);

	if (!*candidate || !is_safe(candidate))
		return;
	if (word_len > len && strncmp(candidate, c->word + len, word_len - len) != 0)
		return;
	buf_printf(&c->out, "%s%s", stem, candidate);
	if (help && *help) {
		buf_char(&c->out, '\t');
		safe_plain(&c->out, help, strlen(help), false);
	}
	buf_char(&c->out, '\n');
}

static void
add_choices(struct complete *c, const char *stem, const char *choices)
{
	AUTO(mem) char *copy = choices ? strdup(choices) : NULL;
	char *rest = copy, *word;

	while (rest && (word = strsep(&rest, "|")))
		complete_add(c, stem, word, NULL);
}

static void
add_number(struct complete *c, const char *stem, uint64_t id, const char *help)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	complete_add(c, stem, text, help);
}

static bool
is_first_of_group(const Bpfd__V1__ListResponse *all, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (all->programs[j]->group == all->programs[i]->group)
			return false;
	return all->programs[i]->group != 0;
}

static void
add_programs(struct complete *c, const char *stem, enum word word)
{
	Bpfd__V1__ListRequest req = BPFD__V1__LIST_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (!c->client || rpc_list(c->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_programs; i++) {
		const Bpfd__V1__Program *p = all->programs[i];

		if (word == WORD_GROUP && is_first_of_group(all, i))
			add_number(c, stem, p->group, p->name);
		if (word != WORD_GROUP && p->id)
			add_number(c, stem, p->id, p->name);
		if (word == WORD_PROGRAM)
			complete_add(c, stem, p->name, p->type);
	}
}

static void
add_links(struct complete *c, const char *stem)
{
	Bpfd__V1__ListLinksRequest req = BPFD__V1__LIST_LINKS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListLinksResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (!c->client || rpc_list_links(c->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_links; i++)
		add_number(c, stem, all->links[i]->id, all->links[i]->target);
}

static void
add_maps(struct complete *c, const char *stem, bool names)
{
	Bpfd__V1__ListMapsRequest req = BPFD__V1__LIST_MAPS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListMapsResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (!c->client || rpc_list_maps(c->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_maps; i++) {
		add_number(c, stem, all->maps[i]->id, all->maps[i]->name);
		if (names)
			complete_add(c, stem, all->maps[i]->name, all->maps[i]->type);
	}
}

/* What the daemon says of itself; NULL: nobody answers. */
static Bpfd__V1__StatusResponse *
ask_status(struct complete *c)
{
	Bpfd__V1__StatusRequest req = BPFD__V1__STATUS_REQUEST__INIT;
	AUTO(client_error) struct client_error e = { 0 };
	Bpfd__V1__StatusResponse *status = NULL;

	if (c->client)
		rpc_status(c->client, &req, &status, &e);
	return status;
}

static void
add_kinds(struct complete *c, const char *stem, const char *suffix)
{
	AUTO(reply) Bpfd__V1__StatusResponse *status = ask_status(c);

	for (size_t i = 0; status && i < status->n_attach_kinds; i++) {
		AUTO(buf) struct buf name = { 0 };

		buf_printf(&name, "%s%s", status->attach_kinds[i]->name, suffix);
		complete_add(c, stem, buf_text(&name), status->attach_kinds[i]->target);
	}
}

/* NAME= of what a kind takes besides. */
static void
add_options(struct complete *c, const char *stem, const char *kind)
{
	AUTO(reply) Bpfd__V1__StatusResponse *status = ask_status(c);

	for (size_t i = 0; status && i < status->n_attach_kinds; i++) {
		const Bpfd__V1__AttachKind *k = status->attach_kinds[i];

		for (size_t j = 0; strcmp(k->name, kind) == 0 && j < k->n_options; j++) {
			AUTO(buf) struct buf name = { 0 };

			buf_printf(&name, "%s=", k->options[j]->name);
			complete_add(c, stem, buf_text(&name), k->options[j]->help);
		}
	}
}

static void
add_interfaces(struct complete *c, const char *stem)
{
	struct if_nameindex *all = if_nameindex();

	for (struct if_nameindex *it = all; it && it->if_index; it++)
		complete_add(c, stem, it->if_name, NULL);
	if (all)
		if_freenameindex(all);
}

/* Lines of "category:name"; only root can read them. */
static void
add_tracepoints(struct complete *c, const char *stem, bool with_category)
{
	FILE *f = fopen("/sys/kernel/tracing/available_events", "re");
	char line[256];

	if (!f)
		f = fopen("/sys/kernel/debug/tracing/available_events", "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		line[strcspn(line, "\n")] = '\0';
		if (!colon)
			continue;
		*colon = '/';
		complete_add(c, stem, with_category ? line : colon + 1, NULL);
	}
	if (f)
		fclose(f);
}

static void
add_targets(struct complete *c, const char *stem, const char *kind)
{
	static const char *const on_interface[] = { "xdp", "tc", "tcx", "netkit" };
	static const char *const raw[] = { "raw_tracepoint", "raw_tp", "tp_btf" };

	for (size_t i = 0; i < ARRAY_SIZE(on_interface); i++)
		if (strcmp(kind, on_interface[i]) == 0)
			add_interfaces(c, stem);
	for (size_t i = 0; i < ARRAY_SIZE(raw); i++)
		if (strcmp(kind, raw[i]) == 0)
			add_tracepoints(c, stem, false);
	if (strcmp(kind, "tracepoint") == 0)
		add_tracepoints(c, stem, true);
	if (strcmp(kind, "netfilter") == 0)
		add_choices(c, stem, "ipv4/prerouting|ipv4/input|ipv4/forward|ipv4/output|ipv4/postrouting|"
			"ipv6/prerouting|ipv6/input|ipv6/forward|ipv6/output|ipv6/postrouting");
	if (strncmp(kind, "cgroup_", 7) == 0 || strcmp(kind, "sock_ops") == 0 || strcmp(kind, "lsm_cgroup") == 0)
		buf_str(&c->out, ":file\n");
}

static void
add_netns(struct complete *c, const char *stem)
{
	static const char dir[] = "/run/netns";
	DIR *d = opendir(dir);
	struct dirent *it;

	complete_add(c, stem, "pid:", NULL);
	while (d && (it = readdir(d))) {
		AUTO(buf) struct buf path = { 0 };

		if (it->d_name[0] == '.')
			continue;
		buf_printf(&path, "%s/%s", dir, it->d_name);
		complete_add(c, stem, buf_text(&path), NULL);
	}
	if (d)
		closedir(d);
}

/* KIND:TARGET,KEY=VALUE,... */
static void
add_attach(struct complete *c, const char *stem)
{
	const char *text = strlen(c->word) > strlen(stem) ? c->word + strlen(stem) : "";
	const char *comma = strrchr(text, ','), *colon = strchr(text, ':');
	AUTO(buf) struct buf inner = { 0 }, kind = { 0 };

	buf_str(&inner, stem);
	if (comma) {
		buf_add(&inner, text, (size_t)(comma + 1 - text));
		add_choices(c, buf_text(&inner),
			"priority=|direction=ingress|direction=egress|mode=native|mode=skb|mode=hw|"
			"netns=|cookie=|program=|proceed-on=|metadata=|future=yes");
		buf_add(&kind, text, strcspn(text, ":,"));
		add_options(c, buf_text(&inner), buf_text(&kind));
	} else if (colon) {
		buf_add(&inner, text, (size_t)(colon + 1 - text));
		buf_add(&kind, text, (size_t)(colon - text));
		add_targets(c, buf_text(&inner), buf_text(&kind));
	} else
		add_kinds(c, stem, ":");
}

/* Names of rules; files where the verb takes those. */
static void
add_rules(struct complete *c, const char *stem)
{
	Bpfd__V1__ListRulesRequest req = BPFD__V1__LIST_RULES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListRulesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *verb = c->verb ? c->verb : "";

	if (strcmp(verb, "ls") == 0)
		return;
	if (strcmp(verb, "create") == 0 || strcmp(verb, "check") == 0 || strcmp(verb, "explain") == 0)
		buf_str(&c->out, ":file\n");
	if (strcmp(verb, "create") == 0 || strcmp(verb, "check") == 0 || !c->client ||
	    rpc_rule_list(c->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_rules; i++)
		if (strcmp(verb, "rm") != 0 || strcmp(all->rules[i]->origin, "api") == 0)
			complete_add(c, stem, all->rules[i]->name, all->rules[i]->description);
}

/* By each reference; files where the verb takes those. */
static void
add_images(struct complete *c, const char *stem)
{
	Bpfd__V1__ListImagesRequest req = BPFD__V1__LIST_IMAGES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListImagesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *verb = c->verb ? c->verb : "";

	if (strcmp(verb, "build") == 0 || strcmp(verb, "push") == 0)
		buf_str(&c->out, ":file\n");
	if (strcmp(verb, "build") == 0 || strcmp(verb, "list") == 0 || strcmp(verb, "prune") == 0 || !c->client ||
	    rpc_list_images(c->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_images; i++)
		for (size_t k = 0; k < all->images[i]->n_references; k++)
			complete_add(c, stem, all->images[i]->references[k], all->images[i]->signer);
}

static void
add_names(struct complete *c, const char *stem, enum local_names what)
{
	const char *name;

	for (size_t i = 0; (name = local_name(what, i)); i++)
		complete_add(c, stem, name, NULL);
}

void
complete_word(struct complete *c, const char *stem, enum word word, const char *choices)
{
	switch (word) {
	case WORD_NONE:
		return;
	case WORD_FILE:
		return buf_str(&c->out, ":file\n");
	case WORD_PROGRAM:
	case WORD_GROUP:
		return add_programs(c, stem, word);
	case WORD_LINK:
		return add_links(c, stem);
	case WORD_MAP:
	case WORD_MAP_NAME:
		return add_maps(c, stem, word == WORD_MAP_NAME);
	case WORD_KIND:
	case WORD_TYPE:
		return add_kinds(c, stem, "");
	case WORD_TARGET:
		return add_targets(c, stem, c->kind ? c->kind : "");
	case WORD_OPTION:
		return add_options(c, stem, c->kind ? c->kind : "");
	case WORD_ATTACH:
		return add_attach(c, stem);
	case WORD_NETNS:
		return add_netns(c, stem);
	case WORD_RULE:
		return add_rules(c, stem);
	case WORD_FILE_OR_IMAGE:
		buf_str(&c->out, ":file\n");
		return add_images(c, stem);
	case WORD_IMAGE:
		return add_images(c, stem);
	case WORD_TRACER:
		return add_names(c, stem, LOCAL_TRACERS);
	case WORD_FILTER:
		return add_names(c, stem, LOCAL_FIELDS);
	case WORD_CHOICE:
		return add_choices(c, stem, choices);
	}
}
