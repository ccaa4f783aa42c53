/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/load_args.h"
#include "proto/grpc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROLL_BACK_TRIES 100
#define ROLL_BACK_WAIT_US 50000

void
load_args_free(struct load *l)
{
	for (size_t i = 0; i < l->n_copies; i++)
		free(l->copies[i]);
	for (size_t i = 0; i < l->req.n_programs; i++)
		free(l->req.programs[i]);
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

int
load_add_program(struct load *l, const char *text, struct buf *why)
{
	AUTO(mem) Bpfd__V1__ProgramSpec *p = calloc(1, sizeof(*p));
	AUTO(mem) char *copy = NULL;
	int err = p ? spec_program(text, p, &copy, why) : -ENOMEM;

	if (err)
		return err;
	if (spec_append(&l->copies, &l->n_copies, copy))
		return -ENOMEM;
	(void)TAKE_PTR(copy);
	if (spec_append(&l->req.programs, &l->req.n_programs, p))
		return -ENOMEM;
	(void)TAKE_PTR(p);
	return 0;
}

int
load_add_global(struct load *l, const char *text, struct buf *why)
{
	AUTO(mem) Bpfd__V1__LoadRequest__GlobalsEntry *g = calloc(1, sizeof(*g));
	AUTO(mem) uint8_t *value = NULL;
	AUTO(mem) char *key = NULL;
	size_t len;
	int err = g ? spec_global(text, &key, &value, &len, why) : -ENOMEM;

	if (err)
		return err;
	bpfd__v1__load_request__globals_entry__init(g);
	if (spec_append(&l->req.globals, &l->req.n_globals, g))
		return -ENOMEM;
	g->key = TAKE_PTR(key);
	g->value.data = TAKE_PTR(value);
	g->value.len = len;
	(void)TAKE_PTR(g);
	return 0;
}

int
load_add_metadata(struct load *l, const char *text, struct buf *why)
{
	AUTO(mem) Bpfd__V1__LoadRequest__MetadataEntry *m = calloc(1, sizeof(*m));
	AUTO(mem) char *value = NULL;
	AUTO(mem) char *key = NULL;
	int err = m ? spec_pair(text, &key, &value, why) : -ENOMEM;

	if (err)
		return err;
	bpfd__v1__load_request__metadata_entry__init(m);
	if (spec_append(&l->req.metadata, &l->req.n_metadata, m))
		return -ENOMEM;
	m->key = TAKE_PTR(key);
	m->value = TAKE_PTR(value);
	(void)TAKE_PTR(m);
	return 0;
}

int
load_add_attach(struct load *l, struct spec_attach **out)
{
	struct spec_attach *all = reallocarray(l->attach, l->n_attach + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	l->attach = all;
	*out = &all[l->n_attach++];
	spec_attach_init(*out);
	return 0;
}

static int
read_attach(struct load *l, const char *text, struct buf *why)
{
	struct spec_attach *a;

	return load_add_attach(l, &a) ? -ENOMEM : spec_attach_read(a, text, why);
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
load_take_back(struct ctl *ctl, const char *what, uint64_t group, int status)
{
	Bpfd__V1__UnloadRequest req = BPFD__V1__UNLOAD_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__UnloadResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf hint = { 0 };
	int err;

	req.what_case = BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	req.group = group;
	/* The daemon may be at work still on an attachment that was cancelled. */
	for (int i = 0; (err = rpc_unload(ctl->client, &req, &reply, &e)) && i < ROLL_BACK_TRIES &&
		(e.code == GRPC_ABORTED || e.code == GRPC_UNAVAILABLE); i++)
		usleep(ROLL_BACK_WAIT_US);
	if (!err) {
		if (!ctl->quiet)
			fputs("        what was loaded has been unloaded again\n", stderr);
		return status;
	}
	buf_printf(&hint, "bpfctl unload --group %llu removes it", (unsigned long long)group);
	ctl_fail(ctl, CTL_PARTLY, buf_text(&hint), what,
		"what was loaded could not be unloaded again: %s", ctl_text_of(&e));
	return CTL_PARTLY;
}

int
load_args_read(struct ctl *ctl, const struct args *args, struct load *l)
{
	static const struct {
		const char *name;
		int (*add)(struct load *l, const char *text, struct buf *why);
	} options[] = {
		{ "program", load_add_program }, { "global", load_add_global },
		{ "metadata", load_add_metadata }, { "attach", read_attach }, { "map-owner", add_owner },
	};
	const char *map_group = args_get(args, "map-group");

	bpfd__v1__load_request__init(&l->req);
	if (map_group)
		l->req.map_group = (char *)(uintptr_t)map_group;
	l->req.dry_run = args_has(args, "dry-run");
	l->req.persistent = args_has(args, "persistent");
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
	l->attached = calloc(l->n_attach + 1, sizeof(*l->attached));
	return l->attached ? CTL_DONE : ctl_fail(ctl, CTL_FAILED, NULL, "load", "no memory");
}
