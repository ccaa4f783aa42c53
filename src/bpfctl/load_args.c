/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/load_args.h"

#include <errno.h>
#include <stdlib.h>

void
load_args_free(struct load *l)
{
	for (size_t i = 0; i < l->req.n_programs; i++) {
		free(l->copies[i]);
		free(l->req.programs[i]);
	}
	for (size_t i = 0; i < l->req.n_globals; i++) {
		free(l->req.globals[i]->key);
		free(l->req.globals[i]->value.data);
		free(l->req.globals[i]);
	}
	for (size_t i = 0; i < l->req.n_metadata; i++) {
		free(l->req.metadata[i]->key);
		free(l->req.metadata[i]->value);
		free(l->req.metadata[i]);
	}
	for (size_t i = 0; i < l->n_attach; i++)
		spec_attach_free(&l->attach[i]);
	for (size_t i = 0; i < l->n_attached; i++)
		bpfd__v1__attach_response__free_unpacked(l->attached[i], NULL);
	if (l->reply)
		bpfd__v1__load_response__free_unpacked(l->reply, NULL);
	free(l->req.programs);
	free(l->req.globals);
	free(l->req.metadata);
	free(l->attach);
	free(l->attached);
	free(l->copies);
	free(l->object);
	free(l->path);
}

static int
add_program(struct load *l, const char *text, struct buf *why)
{
	Bpfd__V1__ProgramSpec *p = calloc(1, sizeof(*p));
	int err = p ? spec_program(text, p, &l->copies[l->req.n_programs], why) : -ENOMEM;

	if (err)
		free(p);
	else
		l->req.programs[l->req.n_programs++] = p;
	return err;
}

static int
add_global(struct load *l, const char *text, struct buf *why)
{
	Bpfd__V1__LoadRequest__GlobalsEntry *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	bpfd__v1__load_request__globals_entry__init(g);
	err = spec_global(text, &g->key, &g->value.data, &g->value.len, why);
	if (err)
		free(g);
	else
		l->req.globals[l->req.n_globals++] = g;
	return err;
}

static int
add_metadata(struct load *l, const char *text, struct buf *why)
{
	Bpfd__V1__LoadRequest__MetadataEntry *m = calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -ENOMEM;
	bpfd__v1__load_request__metadata_entry__init(m);
	err = spec_pair(text, &m->key, &m->value, why);
	if (err)
		free(m);
	else
		l->req.metadata[l->req.n_metadata++] = m;
	return err;
}

static int
add_attach(struct load *l, const char *text, struct buf *why)
{
	spec_attach_init(&l->attach[l->n_attach]);
	return spec_attach_read(&l->attach[l->n_attach++], text, why);
}

static int
add_owner(struct load *l, const char *text, struct buf *why)
{
	if (spec_number(text, 1, UINT64_MAX, &l->req.map_owner_group) == 0)
		return 0;
	buf_printf(why, "\"%s\" is not the number of a group", text);
	return -EINVAL;
}

int
load_args_read(struct ctl *ctl, const struct args *args, struct load *l)
{
	static const struct {
		const char *name;
		int (*add)(struct load *l, const char *text, struct buf *why);
	} options[] = {
		{ "program", add_program }, { "global", add_global }, { "metadata", add_metadata },
		{ "attach", add_attach }, { "map-owner", add_owner },
	};
	const char *map_group = args_get(args, "map-group");
	size_t room = args->n_given + 1;

	bpfd__v1__load_request__init(&l->req);
	if (map_group)
		l->req.map_group = (char *)(uintptr_t)map_group;
	l->req.dry_run = args_has(args, "dry-run");
	l->req.persistent = args_has(args, "persistent");
	l->req.programs = calloc(room, sizeof(*l->req.programs));
	l->req.globals = calloc(room, sizeof(*l->req.globals));
	l->req.metadata = calloc(room, sizeof(*l->req.metadata));
	l->copies = calloc(room, sizeof(*l->copies));
	l->attach = calloc(room, sizeof(*l->attach));
	l->attached = calloc(room, sizeof(*l->attached));
	if (!l->req.programs || !l->req.globals || !l->req.metadata || !l->copies || !l->attach ||
	    !l->attached)
		return ctl_fail(ctl, CTL_FAILED, NULL, "load", "no memory");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		AUTO(buf) struct buf why = { 0 };
		AUTO(buf) struct buf what = { 0 };
		const char *text;
		size_t at = 0;

		buf_printf(&what, "load --%s", options[i].name);
		while ((text = args_each(args, options[i].name, &at)))
			if (options[i].add(l, text, &why))
				return ctl_fail(ctl, CTL_USAGE, "see bpfctl load --help",
					buf_text(&what), "%s", buf_text(&why));
	}
	return CTL_DONE;
}
