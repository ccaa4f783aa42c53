/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PRIORITY_MAX 1000

void
spec_attach_init(struct spec_attach *s)
{
	*s = (struct spec_attach){ 0 };
	bpfd__v1__attach_request__init(&s->req);
}

/* Keeps p until spec_attach_free(); frees it when that fails.  NULL in, NULL out. */
static char *
own(struct spec_attach *s, char *p)
{
	char **owned = p ? reallocarray(s->owned, s->n_owned + 1, sizeof(*owned)) : NULL;

	if (!owned) {
		free(p);
		return NULL;
	}
	s->owned = owned;
	s->owned[s->n_owned++] = p;
	return p;
}

static int
set_text(struct spec_attach *s, char **field, const char *value)
{
	char *p = own(s, strdup(value));

	if (!p)
		return -ENOMEM;
	*field = p;
	return 0;
}

static int
set_direction(struct spec_attach *s, const char *value, struct buf *why)
{
	return set_text(s, &s->req.direction, value);
}

static int
set_mode(struct spec_attach *s, const char *value, struct buf *why)
{
	return set_text(s, &s->req.mode, value);
}

static int
set_netns(struct spec_attach *s, const char *value, struct buf *why)
{
	return set_text(s, &s->req.netns, value);
}

static int
set_program(struct spec_attach *s, const char *value, struct buf *why)
{
	s->program = own(s, strdup(value));
	return s->program ? 0 : -ENOMEM;
}

static int
set_future(struct spec_attach *s, const char *value, struct buf *why)
{
	s->req.future = strcmp(value, "yes") == 0;
	if (s->req.future || strcmp(value, "no") == 0)
		return 0;
	buf_printf(why, "future \"%s\" is neither yes nor no", value);
	return -EINVAL;
}

static int
set_priority(struct spec_attach *s, const char *value, struct buf *why)
{
	uint64_t v;

	if (spec_number(value, 1, PRIORITY_MAX, &v)) {
		buf_printf(why, "priority \"%s\" is not a number from 1 to %d", value, PRIORITY_MAX);
		return -EINVAL;
	}
	s->req.priority = (int32_t)v;
	return 0;
}

static int
set_cookie(struct spec_attach *s, const char *value, struct buf *why)
{
	if (spec_number(value, 0, UINT64_MAX, &s->req.cookie)) {
		buf_printf(why, "cookie \"%s\" is not a number", value);
		return -EINVAL;
	}
	return 0;
}

static int
set_proceed_on(struct spec_attach *s, const char *value, struct buf *why)
{
	char *rest = own(s, strdup(value)), *word;

	if (!rest)
		return -ENOMEM;
	while ((word = strsep(&rest, ",+")))
		if (spec_append(&s->req.proceed_on, &s->req.n_proceed_on, word))
			return -ENOMEM;
	return 0;
}

static int
set_metadata(struct spec_attach *s, const char *value, struct buf *why)
{
	Bpfd__V1__AttachRequest__MetadataEntry *e = calloc(1, sizeof(*e));
	char *key = NULL, *text = NULL;
	int err;

	if (!own(s, (char *)e))
		return -ENOMEM;
	bpfd__v1__attach_request__metadata_entry__init(e);
	err = spec_pair(value, &key, &text, why);
	if (err)
		return err;
	e->key = own(s, key);
	e->value = own(s, text);
	if (!e->key || !e->value)
		return -ENOMEM;
	return spec_append(&s->req.metadata, &s->req.n_metadata, e);
}

int
spec_attach_option(struct spec_attach *s, const char *key, const char *value)
{
	Bpfd__V1__AttachRequest__OptionsEntry *e = calloc(1, sizeof(*e));

	if (!own(s, (char *)e))
		return -ENOMEM;
	bpfd__v1__attach_request__options_entry__init(e);
	e->key = own(s, strdup(key));
	e->value = own(s, strdup(value));
	if (!e->key || !e->value)
		return -ENOMEM;
	return spec_append(&s->req.options, &s->req.n_options, e);
}

int
spec_attach_set(struct spec_attach *s, const char *key, const char *value, struct buf *why)
{
	static const struct {
		const char *key;
		int (*set)(struct spec_attach *s, const char *value, struct buf *why);
	} keys[] = {
		{ "direction", set_direction }, { "mode", set_mode }, { "netns", set_netns },
		{ "priority", set_priority }, { "proceed-on", set_proceed_on },
		{ "cookie", set_cookie }, { "metadata", set_metadata }, { "program", set_program },
		{ "future", set_future },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].key, key) == 0)
			return keys[i].set(s, value, why);
	if (key[0])
		return spec_attach_option(s, key, value);
	buf_printf(why, "\"=%s\" is not KEY=VALUE", value);
	return -EINVAL;
}

int
spec_attach_pair(struct spec_attach *s, char *text, struct buf *why)
{
	char *value = strchr(text, '=');

	if (!value) {
		buf_printf(why, "\"%s\" is not KEY=VALUE", text);
		return -EINVAL;
	}
	*value++ = '\0';
	return spec_attach_set(s, text, value, why);
}

int
spec_attach_target(struct spec_attach *s, const char *kind, const char *target)
{
	return set_text(s, &s->req.kind, kind) || set_text(s, &s->req.target, target) ? -ENOMEM : 0;
}

int
spec_attach_read(struct spec_attach *s, const char *text, struct buf *why)
{
	AUTO(mem) char *copy = strdup(text);
	char *rest = copy, *kind, *target, *item;

	if (!copy)
		return -ENOMEM;
	target = strsep(&rest, ",");
	kind = strsep(&target, ":");
	if (!*kind) {
		buf_printf(why, "\"%s\" is not KIND:TARGET[,KEY=VALUE...]", text);
		return -EINVAL;
	}
	if (spec_attach_target(s, kind, target ? target : ""))
		return -ENOMEM;
	while ((item = strsep(&rest, ","))) {
		int err = spec_attach_pair(s, item, why);

		if (err)
			return err;
	}
	return 0;
}

void
spec_attach_free(struct spec_attach *s)
{
	for (size_t i = 0; i < s->n_owned; i++)
		free(s->owned[i]);
	free(s->owned);
	free(s->req.proceed_on);
	free(s->req.metadata);
	free(s->req.options);
	*s = (struct spec_attach){ 0 };
}
