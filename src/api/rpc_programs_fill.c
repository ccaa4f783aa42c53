/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "api/image_pb.h"
#include "api/rpc_programs.h"
#include "api/wishes.h"
#include "ipc/bpfnames.h"

#define EMPTY ((char *)protobuf_c_empty_string)

static char *
hex(struct scratch *s, const char *before, const uint8_t *bytes, size_t n)
{
	char text[2 * MODEL_DIGEST_LEN + 1] = "";

	for (size_t i = 0; i < n && i < MODEL_DIGEST_LEN; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return scratch_printf(s, "%s%s", before, text);
}

static void
fill_facts(struct scratch *s, const struct msg_prog_facts *f, Bpfd__V1__Program *out)
{
	/* The name of an unknown type is in a static buffer. */
	out->type = scratch_printf(s, "%s", bpf_prog_kind_name(f->type, f->attach_type));
	out->name = f->name[0] ? (char *)f->name : (char *)f->kname;
	out->section = (char *)f->section;
	out->kernel_name = (char *)f->kname;
	out->tag = hex(s, "", f->tag, sizeof(f->tag));
	out->uid = f->uid;
	out->gpl_compatible = f->flags & PROG_GPL;
	out->jited = f->flags & PROG_JITED;
	out->bytes_xlated = f->xlated_bytes;
	out->bytes_jited = f->jited_bytes;
	out->bytes_memlock = f->memlock_bytes;
	out->verified_insns = f->verified_insns;
	out->btf_id = f->btf_id;
	out->n_map_ids = f->n_maps;
	out->map_ids = (uint32_t *)f->map_ids;
	out->run_count = f->run_cnt;
	out->run_time_ns = f->run_time_ns;
	out->recursion_misses = f->recursion_misses;
	out->loaded_at_unix_ns = f->loaded_boot_ns ? programs_unix_ns(f->loaded_boot_ns) : 0;
}

static bool
holds(const struct answer *a, const struct msg_holder *h, uint32_t prog_id)
{
	if (h->prog_id)
		return h->prog_id == prog_id;
	for (size_t i = 0; i < a->n_links; i++)
		if (a->links[i].kernel_link_id == h->link_id)
			return a->links[i].prog_id == prog_id;
	return false;
}

/* A process holds a program as often as it has descriptors of it. */
static bool
is_listed(char *const *all, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i], text) == 0)
			return true;
	return false;
}

static void
fill_holders(struct scratch *s, uint32_t prog_id, const struct answer *a, Bpfd__V1__Program *out)
{
	const char *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->n_holders; i++)
		n += holds(a, &a->holders[i], prog_id);
	out->pins = scratch_take(s, n, sizeof(*out->pins));
	out->holders = scratch_take(s, n, sizeof(*out->holders));
	for (size_t i = 0; out->pins && out->holders && i < a->n_holders; i++) {
		const struct msg_holder *h = &a->holders[i];
		char *text;

		if (!holds(a, h, prog_id))
			continue;
		text = h->pid ? scratch_printf(s, "%u %s", h->pid, h->text) : (char *)h->text;
		if (!h->pid)
			out->pins[out->n_pins++] = text;
		else if (!is_listed(out->holders, out->n_holders, text))
			out->holders[out->n_holders++] = text;
		if (h->pid && !first)
			first = h->text;
	}
	if (!out->owner[0] && first)
		out->owner = (char *)first;
	else if (!out->owner[0] && out->n_pins)
		out->owner = scratch_printf(s, "pin %s", out->pins[0]);
}

static void
fill_kernel_links(struct scratch *s, uint32_t prog_id, const struct answer *a, Bpfd__V1__Program *out)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_links; i++)
		n += a->links[i].prog_id == prog_id;
	out->kernel_links = scratch_take(s, n, sizeof(*out->kernel_links));
	for (size_t i = 0; out->kernel_links && i < a->n_links; i++) {
		const struct msg_link_facts *l = &a->links[i];

		if (l->prog_id == prog_id)
			out->kernel_links[out->n_kernel_links++] = scratch_printf(s, "%u %s%s%s", l->kernel_link_id,
				l->kind, l->target[0] ? ":" : "", l->target);
	}
}

void
rpc_fill_foreign(struct scratch *s, const struct msg_prog_facts *f, const struct answer *a,
	Bpfd__V1__Program *out)
{
	bpfd__v1__program__init(out);
	fill_facts(s, f, out);
	out->id = f->id;
	out->state = "foreign";
	if (strncmp(f->section, "bpfd's ", 7) == 0)
		out->owner = (char *)f->section;
	fill_kernel_links(s, f->id, a, out);
	fill_holders(s, f->id, a, out);
}

void
rpc_fill_foreign_link(struct scratch *s, const struct msg_link_facts *f, const struct msg_prog_facts *p,
	Bpfd__V1__Link *out)
{
	bpfd__v1__link__init(out);
	out->program = f->prog_id;
	out->program_name = (char *)p->kname;
	out->kind = (char *)f->kind;
	out->target = (char *)f->target;
	out->state = "foreign";
	out->backend = (char *)f->backend;
	out->direction = (char *)f->direction;
	out->ifindex = f->ifindex;
	out->cookie = f->cookie;
	out->kernel_link_id = f->kernel_link_id;
}

static size_t
links_of(struct scratch *s, const struct prog *p, uint64_t **out)
{
	const struct link *l;
	size_t n = 0;

	TAILQ_FOREACH(l, &p->group->links, in_group)
		n += l->state == ROW_DONE && l->facts.prog_id == p->facts.id;
	*out = scratch_take(s, n, sizeof(**out));
	if (!*out)
		return 0;
	n = 0;
	TAILQ_FOREACH(l, &p->group->links, in_group)
		if (l->state == ROW_DONE && l->facts.prog_id == p->facts.id)
			(*out)[n++] = l->facts.link_id;
	return n;
}

void
rpc_fill_program(struct scratch *s, const struct api *api, const struct prog *p,
	Bpfd__V1__Program *out)
{
	const struct group *g = p->group;

	bpfd__v1__program__init(out);
	fill_facts(s, &p->facts, out);
	out->state = (char *)rpc_live_name(p->live, false);
	out->owner = g->gid ? scratch_printf(s, "bpfd group %llu", (unsigned long long)g->gid) :
		(char *)"bpfd";
	out->group = g->gid;
	out->source = g->source;
	out->map_owner_group = g->map_owner;
	out->persistent = g->wanted != NULL;
	image_of_program(g, out);
	if (p->live == LIVE_LOST)
		out->reason = g->reason ? g->reason : g->wanted ? EMPTY :
			"its pin is gone, as after a reboot, and it was not loaded to be persistent";
	out->n_links = links_of(s, p, &out->links);
	out->n_metadata = rpc_text_entries(s, &g->metadata,
		&bpfd__v1__program__metadata_entry__descriptor, &out->metadata);
	out->n_globals = rpc_bytes_entries(s, &g->globals,
		&bpfd__v1__program__globals_entry__descriptor, &out->globals);
	if (!g->orphan) {
		out->uid = g->uid;
		out->digest = hex(s, "sha256:", g->digest, sizeof(g->digest));
	}
	if (!out->loaded_at_unix_ns)
		out->loaded_at_unix_ns = g->loaded_ns;
	if (p->live == LIVE_LOST || !g->gid)
		return;
	out->id = p->facts.id;
	out->pin = scratch_printf(s, "%sprog/%llu-%u", api->bpffs, (unsigned long long)g->gid, out->id);
}

static char *
link_pin(struct scratch *s, const struct api *api, const struct link *l)
{
	if (l->live == LIVE_LOST || !l->facts.kernel_link_id || !l->facts.link_id)
		return EMPTY;
	return scratch_printf(s, "%slink/%llu", api->bpffs, (unsigned long long)l->facts.link_id);
}

static char *
name_of(const struct link *l)
{
	const struct prog *p;

	/* Not by model_prog(): a dry run's link is in no group, and a lost program has its name. */
	if (!l->group)
		return EMPTY;
	TAILQ_FOREACH(p, &l->group->progs, in_group)
		if (p->facts.id == l->facts.prog_id)
			return (char *)(p->facts.name[0] ? p->facts.name : p->facts.kname);
	return EMPTY;
}

struct wish {
	struct scratch *s;
	Bpfd__V1__Link *out;
	size_t n;
};

static void
count_failure(void *arg, const char *name, const char *text)
{
	struct wish *w = arg;

	w->n++;
}

static void
add_failure(void *arg, const char *name, const char *text)
{
	struct wish *w = arg;
	Bpfd__V1__Link__FailuresEntry *e = w->out->failures ? scratch_take(w->s, 1, sizeof(*e)) : NULL;

	if (!e)
		return;
	bpfd__v1__link__failures_entry__init(e);
	e->key = scratch_printf(w->s, "%s", name);
	e->value = scratch_printf(w->s, "%s", text);
	w->out->failures[w->out->n_failures++] = e;
}

static void
add_name(Bpfd__V1__Link *out, const char *name)
{
	if (out->interfaces)
		out->interfaces[out->n_interfaces++] = (char *)name;
}

/* Where it is attached, and where it is not; after a dry run, where it would be. */
static void
fill_wish(struct scratch *s, const struct api *api, const struct link *l, Bpfd__V1__Link *out)
{
	struct wish w = { s, out, l->fits.n };
	size_t n = l->fits.n;
	const struct link *one;

	out->future = true;
	if (l->live != LIVE_LOST)
		out->state = "waiting";
	out->persistent = l->group && l->group->wanted;
	if (l->group)
		TAILQ_FOREACH(one, &l->group->links, in_group)
			n += one->wish == l->facts.link_id;
	wishes_failures(api, l->facts.link_id, count_failure, &w);
	out->interfaces = scratch_take(s, n, sizeof(*out->interfaces));
	out->failures = scratch_take(s, w.n, sizeof(*out->failures));
	for (size_t i = 0; i < l->fits.n; i++) {
		if (l->fits.v[i].len)
			add_failure(&w, l->fits.v[i].key, (const char *)l->fits.v[i].value);
		else
			add_name(out, l->fits.v[i].key);
	}
	if (!l->group)
		return;
	TAILQ_FOREACH(one, &l->group->links, in_group)
		if (one->wish == l->facts.link_id && one->state == ROW_DONE)
			add_name(out, one->facts.target);
	wishes_failures(api, l->facts.link_id, add_failure, &w);
}

void
rpc_fill_link(struct scratch *s, const struct api *api, const struct link *l, Bpfd__V1__Link *out)
{
	const struct msg_link_facts *f = &l->facts;

	bpfd__v1__link__init(out);
	out->id = f->link_id;
	out->program = f->prog_id;
	out->program_name = name_of(l);
	out->group = f->gid;
	out->kind = (char *)f->kind;
	out->target = (char *)f->target;
	out->state = (char *)rpc_live_name(l->live, true);
	out->backend = (char *)f->backend;
	out->direction = (char *)f->direction;
	out->mode = (char *)f->mode;
	out->priority = f->priority;
	out->netns = (char *)l->netns;
	out->ifindex = f->ifindex;
	out->cookie = f->cookie;
	out->position = l->live == LIVE_LOST ? 0 : (uint32_t)f->position;
	out->kernel_link_id = l->live == LIVE_LOST ? 0 : f->kernel_link_id;
	out->attached_at_unix_ns = l->attached_ns;
	out->persistent = l->wanted != NULL;
	if (l->live == LIVE_LOST)
		out->reason = l->reason ? l->reason : EMPTY;
	out->pin = link_pin(s, api, l);
	out->n_metadata = rpc_text_entries(s, &l->metadata,
		&bpfd__v1__link__metadata_entry__descriptor, &out->metadata);
	out->n_proceed_on = rpc_proceed_on_names(s, f->kind, l->proceed_on, &out->proceed_on);
	out->n_options = rpc_text_entries(s, &l->options,
		&bpfd__v1__link__options_entry__descriptor, &out->options);
	out->by = l->wish;
	out->elsewhere = f->hook_flags & LINK_ELSEWHERE;
	if (link_is_wish(l))
		fill_wish(s, api, l, out);
}

size_t
rpc_group_programs(struct scratch *s, const struct api *api, const struct group *g,
	Bpfd__V1__Program ***out)
{
	const struct prog *p;
	size_t n = 0;

	TAILQ_FOREACH(p, &g->progs, in_group)
		n++;
	*out = scratch_take(s, n, sizeof(**out));
	n = 0;
	TAILQ_FOREACH(p, &g->progs, in_group) {
		Bpfd__V1__Program *one = *out ? scratch_take(s, 1, sizeof(*one)) : NULL;

		if (!one)
			return n;
		rpc_fill_program(s, api, p, one);
		(*out)[n++] = one;
	}
	return n;
}

/* The loader names a map's pin so; of two names that become the same, the second gets a suffix. */
static char *
map_pin(struct scratch *s, const struct api *api, const struct msg_map_facts *f)
{
	char name[IPC_NAME_MAX];
	size_t n = 0;

	for (; f->name[n]; n++)
		name[n] = isalnum((unsigned char)f->name[n]) || f->name[n] == '-' ? f->name[n] : '_';
	name[n] = '\0';
	return scratch_printf(s, "%smap/%llu/%s", api->bpffs, (unsigned long long)f->gid, name);
}

void
rpc_fill_map(struct scratch *s, const struct api *api, const struct map *map, Bpfd__V1__Map *out)
{
	const struct msg_map_facts *f = &map->facts;
	const char *type = bpf_map_type_name(f->type);

	bpfd__v1__map__init(out);
	out->id = map->live == LIVE_LOST ? 0 : f->id;
	out->name = (char *)f->name;
	out->type = type ? (char *)type : scratch_printf(s, "type-%u", f->type);
	out->group = f->gid;
	out->key_size = f->key_size;
	out->value_size = f->value_size;
	out->max_entries = f->max_entries;
	out->flags = f->flags;
	out->bytes_memlock = f->memlock_bytes;
	out->by_name = f->by_name;
	if (map->live != LIVE_LOST && f->gid)
		out->pin = map_pin(s, api, f);
	if (map->live != LIVE_LOST && f->shared[0])
		out->shared_pin = scratch_printf(s, "%s%s", api->bpffs, f->shared);
}

size_t
rpc_group_maps(struct scratch *s, const struct api *api, const struct group *g, Bpfd__V1__Map ***out)
{
	const struct map *map;
	size_t n = 0;

	TAILQ_FOREACH(map, &g->maps, in_group)
		n++;
	*out = scratch_take(s, n, sizeof(**out));
	n = 0;
	TAILQ_FOREACH(map, &g->maps, in_group) {
		Bpfd__V1__Map *one = *out ? scratch_take(s, 1, sizeof(*one)) : NULL;

		if (!one)
			return n;
		rpc_fill_map(s, api, map, one);
		(*out)[n++] = one;
	}
	return n;
}
