/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "bpfctl/ctl.h"
#include "bpfctl/fit.h"
#include "bpfctl/image_source.h"
#include "bpfctl/load_args.h"
#include "bpfctl/object.h"

/* Which program each --attach means; before the first of them is attached. */
static int
choose(struct ctl *ctl, struct load *l)
{
	for (size_t i = 0; i < l->n_attach; i++) {
		AUTO(buf) struct buf why = { 0 };
		const Bpfd__V1__Program *p = fit_program(&l->attach[i], l->reply->programs,
			l->reply->n_programs, &why);

		if (!p)
			return ctl_fail(ctl, CTL_USAGE, NULL, "load --attach", "%s",
				buf_text(&why));
		l->attach[i].req.program = p->id;
	}
	return CTL_DONE;
}

/* The answer to Load was made before there was a link. */
static void
add_link(const struct load *l, const Bpfd__V1__Link *link)
{
	for (size_t i = 0; link && i < l->reply->n_programs; i++) {
		Bpfd__V1__Program *p = l->reply->programs[i];
		uint64_t *links;

		if (p->id != link->program)
			continue;
		links = reallocarray(p->links, p->n_links + 1, sizeof(*links));
		if (!links)
			return;
		links[p->n_links++] = link->id;
		p->links = links;
	}
}

static int
attach_all(struct ctl *ctl, struct load *l)
{
	for (size_t i = 0; i < l->n_attach; i++) {
		AUTO(client_error) struct client_error e = { 0 };
		AUTO(buf) struct buf what = { 0 };

		if (rpc_attach(ctl->client, &l->attach[i].req, &l->attached[i], &e) == 0) {
			add_link(l, l->attached[l->n_attached++]->link);
			continue;
		}
		buf_printf(&what, "attach %s:%s", l->attach[i].req.kind, l->attach[i].req.target);
		return ctl_fail_call(ctl, buf_text(&what), &e);
	}
	if (client_interrupted(ctl->client))
		return ctl_fail(ctl, CTL_FAILED, NULL, "load", "interrupted");
	return CTL_DONE;
}

struct summary {
	uint64_t group;
	protobuf_c_boolean dry_run;
};
static const struct field summary_fields[] = {
	{ "group", "GROUP", FIELD_ID64, SHOW_TABLE, offsetof(struct summary, group), 0 },
	{ "dry_run", "DRY-RUN", FIELD_FLAG, SHOW_TABLE, offsetof(struct summary, dry_run), 0 },
};
static const struct schema summary_schema = { summary_fields, ARRAY_SIZE(summary_fields) };

static int
print(struct ctl *ctl, const struct load *l)
{
	const struct summary summary = { l->reply->group, l->req.dry_run };
	AUTO(mem) const void **links = calloc(l->n_attached + 1, sizeof(*links));
	size_t n = 0;

	for (size_t i = 0; links && i < l->n_attached; i++)
		if (l->attached[i]->link)
			links[n++] = l->attached[i]->link;
	out_object(ctl->out, NULL, &summary_schema, &summary);
	if (l->reply->n_programs && l->reply->programs[0]->image[0])
		out_object(ctl->out, "image", &schema_loaded_image, l->reply->programs[0]);
	out_list(ctl->out, "programs", &schema_program, (const void *const *)l->reply->programs,
		l->reply->n_programs, SHOW_TABLE);
	out_list(ctl->out, "links", &schema_link, links, n, SHOW_TABLE);
	out_list(ctl->out, "maps", &schema_map, (const void *const *)l->reply->maps,
		l->reply->n_maps, SHOW_TABLE);
	return ctl_print(ctl);
}

static int
choose_file(struct ctl *ctl, const struct args *args, struct load *l)
{
	int status;

	if (args_get(args, "pull-policy") || args_get(args, "auth-file"))
		return ctl_fail(ctl, CTL_USAGE, "docker:// before it makes it an image", "load",
			"%s is a file: --pull-policy and --auth-file are for images", args->words[0]);
	status = object_read(ctl, "load", args->words[0], &l->object, &l->req.content.len, &l->path);
	if (status)
		return status;
	l->req.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	l->req.content.data = l->object;
	l->req.source = l->path;
	return CTL_DONE;
}

/* For a bar it is pulled first, and then loaded as it is in the cache. */
static int
choose_image(struct ctl *ctl, const struct args *args, struct load *l, struct image_source *image)
{
	AUTO(buf) struct buf what = { 0 };
	int status;

	buf_printf(&what, "load %s", args->words[0]);
	status = image_source_read(ctl, args, buf_text(&what), args->words[0], BPFD__V1__PULL_POLICY__IF_NOT_PRESENT, image);
	if (status)
		return status;
	image_no_hurry(ctl, args);
	l->req.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE;
	l->req.image = &image->msg;
	if (l->req.dry_run || image->msg.policy == BPFD__V1__PULL_POLICY__NEVER || !image_bar_wanted(ctl))
		return CTL_DONE;
	status = image_pull(ctl, buf_text(&what), image, false, NULL);
	image->msg.policy = BPFD__V1__PULL_POLICY__NEVER;
	return status;
}

static int
run_load(struct ctl *ctl, const struct args *args)
{
	AUTO(image_source) struct image_source image = { .username = NULL };
	AUTO(load) struct load l = { 0 };
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf what = { 0 };
	int status = load_args_read(ctl, args, &l);

	if (!status && image_is_meant(args->words[0]))
		status = choose_image(ctl, args, &l, &image);
	else if (!status)
		status = choose_file(ctl, args, &l);
	if (status)
		return status;
	/* What was loaded is taken back before a signal ends the program. */
	client_hold_signals(ctl->client);
	if (rpc_load(ctl->client, &l.req, &l.reply, &e)) {
		client_release_signals(ctl->client);
		buf_printf(&what, "load %s", args->words[0]);
		return ctl_fail_call(ctl, buf_text(&what), &e);
	}
	status = choose(ctl, &l);
	if (!status && !l.req.dry_run)
		status = attach_all(ctl, &l);
	if (status && !l.req.dry_run)
		status = load_take_back(ctl, "load", l.reply->group, status);
	client_release_signals(ctl->client);
	return status ? status : print(ctl, &l);
}

static const struct opt opts[] = {
	{ "program", 0, "NAME[:TYPE[:TARGET]]",
		"only this program; type and target instead of its section's", .many = true },
	{ "global", 0, "NAME=HEX|NAME=TYPE:N", "a global variable: bytes in memory order, or as u32:64",
		.many = true },
	{ "metadata", 0, "KEY=VALUE", "kept with the programs; list -l selects by it",
		.many = true },
	{ "map-owner", 0, "GROUP", "share the maps of that group, by name", WORD_GROUP },
	{ "map-group", 0, "UNIXGROUP", "let this unix group read the maps (policy.map_groups)" },
	{ "attach", 0, "KIND:TARGET[,KEY=VALUE]...", "attach in the same step", WORD_ATTACH,
		.many = true },
	{ "persistent", 0, NULL, "load and attach it again after a reboot" },
	{ "pull-policy", 0, "WHEN", "of an image: always, if-not-present (default) or never", WORD_CHOICE, IMAGE_POLICIES },
	{ "auth-file", 0, "FILE", "of an image: credentials for registries, as docker's config.json", WORD_FILE },
	{ "dry-run", 0, NULL, "through the verifier, then drop everything" },
	OPT_END
};

const struct command cmd_load = {
	.name = "load",
	.synopsis = "FILE|IMAGE",
	.help = "load the programs of a compiled object, or of a bytecode image",
	.more = "IMAGE is docker://NAME, or HOST/NAME[:TAG][@sha256:HEX] where HOST has a dot or colon, or is\n"
		"localhost, and no file is called so: the daemon fetches it and checks its signatures.\n"
		"Without --program all programs of the object are loaded.  They share its maps and make\n"
		"a group.  Keys of --attach: priority, direction, mode, netns, cookie, proceed-on\n"
		"(actions joined by +), future=yes, metadata=KEY=VALUE, and program=NAME where several fit.\n"
		"When an attachment fails, everything is unloaded again.\n",
	.opts = opts,
	.min_words = 1, .max_words = 1,
	.words = { WORD_FILE_OR_IMAGE },
	.run = run_load,
};
