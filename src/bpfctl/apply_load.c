/* SPDX-License-Identifier: Apache-2.0 */
/* [[load]] and [[load.attach]] of a file for `apply`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_reader.h"

static int
refuse_mark(const char *key, struct buf *why)
{
	buf_printf(why, "\"%s\": names that begin with " APPLY_MARK " are for what apply notes itself", key);
	return -EINVAL;
}

/* ---- attach ---- */

static void
set(struct apply_reader *r, const struct toml_value *v, const char *key, const char *text)
{
	AUTO(buf) struct buf why = { 0 };

	if (spec_attach_set(r->attach, key, text, &why) == 0)
		return;
	if (why.len)
		apply_say(r, v->at, "%s", buf_text(&why));
	else
		r->no_memory = true;
}

static void
set_text(struct apply_reader *r, const struct toml_value *v, const char *key)
{
	if (memchr(v->text, '\0', v->len))
		apply_say(r, v->at, "there is a NUL in this text");
	else
		set(r, v, key, v->text);
}

static void
attach_program(struct apply_reader *r, const struct toml_value *v)
{
	set_text(r, v, "program");
}

static void
attach_direction(struct apply_reader *r, const struct toml_value *v)
{
	set_text(r, v, "direction");
}

static void
attach_mode(struct apply_reader *r, const struct toml_value *v)
{
	set_text(r, v, "mode");
}

static void
attach_netns(struct apply_reader *r, const struct toml_value *v)
{
	set_text(r, v, "netns");
}

static void
attach_priority(struct apply_reader *r, const struct toml_value *v)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)v->number);
	set(r, v, "priority", text);
}

static void
attach_future(struct apply_reader *r, const struct toml_value *v)
{
	set(r, v, "future", v->number ? "yes" : "no");
}

/* TOML's integers end at 2^63 - 1: a larger cookie is a string. */
static void
attach_cookie(struct apply_reader *r, const struct toml_value *v)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)v->number);
	if (v->kind == TOML_INTEGER)
		set(r, v, "cookie", text);
	else if (v->kind == TOML_STRING)
		set_text(r, v, "cookie");
	else
		apply_say(r, v->at, "cookie is an integer, not %s", toml_kind_name(v->kind));
}

static void
attach_result(struct apply_reader *r, const struct toml_value *v)
{
	set(r, v, "proceed-on", v->text);
}

static void
attach_proceed_on(struct apply_reader *r, const struct toml_value *v)
{
	apply_strings(r, v, attach_result);
}

static int
attach_pair(struct apply_reader *r, const char *key, const char *value, struct buf *why)
{
	return apply_is_mark(key) ? refuse_mark(key, why) : apply_attach_pair(r->attach, key, value, why);
}

static void
attach_metadata(struct apply_reader *r, const struct toml_value *v)
{
	apply_pairs(r, v, true, attach_pair);
}

static int
attach_option(struct apply_reader *r, const char *key, const char *value, struct buf *why)
{
	return spec_attach_option(r->attach, key, value);
}

static void
attach_options(struct apply_reader *r, const struct toml_value *v)
{
	apply_pairs(r, v, false, attach_option);
}

/* kind and target go together into the request. */
static void
attach_kind(struct apply_reader *r, const struct toml_value *v)
{
	if (!*v->text || memchr(v->text, '\0', v->len))
		apply_say(r, v->at, "kind is the name of a kind of hook: bpfctl status lists them");
	else if (spec_attach_target(r->attach, v->text, r->attach->req.target))
		r->no_memory = true;
}

static void
attach_target(struct apply_reader *r, const struct toml_value *v)
{
	if (memchr(v->text, '\0', v->len))
		apply_say(r, v->at, "there is a NUL in this text");
	else if (spec_attach_target(r->attach, r->attach->req.kind, v->text))
		r->no_memory = true;
}

static const struct apply_key attach_keys[] = {
	{ "program", TOML_STRING, attach_program },
	{ "kind", TOML_STRING, attach_kind },
	{ "target", TOML_STRING, attach_target },
	{ "priority", TOML_INTEGER, attach_priority },
	{ "proceed_on", TOML_ARRAY, attach_proceed_on },
	{ "direction", TOML_STRING, attach_direction },
	{ "mode", TOML_STRING, attach_mode },
	{ "netns", TOML_STRING, attach_netns },
	{ "cookie", TOML_OTHER, attach_cookie },
	{ "future", TOML_BOOL, attach_future },
	{ "metadata", TOML_TABLE, attach_metadata },
	{ "options", TOML_TABLE, attach_options },
};

static int
on_attach(void *arg, const struct toml_value *v)
{
	struct apply_reader *r = arg;
	struct apply_load *l = r->load;
	struct apply_place *at;

	if (v->kind != TOML_TABLE) {
		apply_say(r, v->at, "attach is [[load.attach]], tables");
		return 0;
	}
	at = reallocarray(l->attach_at, l->l.n_attach + 1, sizeof(*at));
	if (!at || load_add_attach(&l->l, &r->attach)) {
		l->attach_at = at ? at : l->attach_at;
		r->no_memory = true;
		return 0;
	}
	l->attach_at = at;
	at[l->l.n_attach - 1] = (struct apply_place){ r->file, v->at.line, v->at.column };
	apply_keys(r, NULL, v->node, "an attachment", attach_keys, ARRAY_SIZE(attach_keys));
	if (!r->attach->req.kind[0])
		apply_say(r, v->at, "this attachment has no kind");
	return 0;
}

/* ---- load ---- */

static void
load_name(struct apply_reader *r, const struct toml_value *v)
{
	apply_name(r, v, &r->load->name);
}

static void
load_set(struct apply_reader *r, const struct toml_value *v)
{
	if (!r->fixed_set)
		apply_name(r, v, &r->load->set);
}

static void
load_object(struct apply_reader *r, const struct toml_value *v)
{
	AUTO(mem) char *path = NULL;

	apply_text(r, v, &path);
	if (!path)
		return;
	if (!*path)
		apply_say(r, v->at, "object is the path of a compiled BPF object");
	free(r->load->object);
	r->load->object = apply_path(r, path);
}

static void
load_program(struct apply_reader *r, const struct toml_value *v)
{
	AUTO(buf) struct buf why = { 0 };

	if (load_add_program(&r->load->l, v->text, &why) == 0)
		return;
	if (why.len)
		apply_say(r, v->at, "%s", buf_text(&why));
	else
		r->no_memory = true;
}

static void
load_programs(struct apply_reader *r, const struct toml_value *v)
{
	apply_strings(r, v, load_program);
	if (!r->load->l.req.n_programs)
		apply_say(r, v->at, "programs is empty: leave it out to load all of the object");
}

static int
load_global(struct apply_reader *r, const char *key, const char *value, struct buf *why)
{
	return apply_load_pair(&r->load->l, load_add_global, key, value, why);
}

static void
load_globals(struct apply_reader *r, const struct toml_value *v)
{
	apply_pairs(r, v, true, load_global);
}

static int
load_pair(struct apply_reader *r, const char *key, const char *value, struct buf *why)
{
	return apply_is_mark(key) ? refuse_mark(key, why) : apply_load_pair(&r->load->l, load_add_metadata, key, value, why);
}

static void
load_metadata(struct apply_reader *r, const struct toml_value *v)
{
	apply_pairs(r, v, true, load_pair);
}

static void
load_owner(struct apply_reader *r, const struct toml_value *v)
{
	apply_text(r, v, &r->load->owner);
}

static void
load_group(struct apply_reader *r, const struct toml_value *v)
{
	AUTO(buf) struct buf why = { 0 };

	if (memchr(v->text, '\0', v->len))
		apply_say(r, v->at, "there is a NUL in this text");
	else if (*v->text && apply_load_pair(&r->load->l, load_add_metadata, APPLY_MARK_GROUP, v->text, &why))
		r->no_memory = true;
}

static void
load_persistent(struct apply_reader *r, const struct toml_value *v)
{
	r->load->l.req.persistent = v->number != 0;
}

static void
load_attach(struct apply_reader *r, const struct toml_value *v)
{
	toml_items(v->node, on_attach, r);
}

static const struct apply_key load_keys[] = {
	{ "name", TOML_STRING, load_name },
	{ "set", TOML_STRING, load_set },
	{ "object", TOML_STRING, load_object },
	{ "programs", TOML_ARRAY, load_programs },
	{ "globals", TOML_TABLE, load_globals },
	{ "metadata", TOML_TABLE, load_metadata },
	{ "map_owner", TOML_STRING, load_owner },
	{ "map_group", TOML_STRING, load_group },
	{ "persistent", TOML_BOOL, load_persistent },
	{ "attach", TOML_ARRAY, load_attach },
};

void
apply_read_load(struct apply_reader *r, const struct toml_value *v)
{
	AUTO(mem) struct apply_load *l = calloc(1, sizeof(*l));

	if (!l || spec_append(&r->w->loads, &r->w->n_loads, l)) {
		r->no_memory = true;
		return;
	}
	r->load = TAKE_PTR(l);
	r->load->at = (struct apply_place){ r->file, v->at.line, v->at.column };
	bpfd__v1__load_request__init(&r->load->l.req);
	apply_keys(r, NULL, v->node, "a load", load_keys, ARRAY_SIZE(load_keys));
	if (!r->load->name)
		apply_say(r, v->at, "this load has no name");
	if (!r->load->object)
		apply_say(r, v->at, "this load has no object");
	if (!r->load->set)
		r->load->set = strdup(r->set);
	if (!r->load->name)		/* what checks later takes it for there */
		r->load->name = strdup("");
	if (!r->load->set || !r->load->name || apply_add_set(r->w, r->load->set) || apply_mark(r->load))
		r->no_memory = true;
}
