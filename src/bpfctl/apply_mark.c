/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata of loads and attachments, and what apply notes in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpfctl/apply_reader.h"

int
apply_load_pair(struct load *l, int (*add)(struct load *l, const char *text, struct buf *why), const char *key,
	const char *value, struct buf *why)
{
	AUTO(buf) struct buf text = { 0 };

	buf_printf(&text, "%s=%s", key, value);
	return text.failed ? -ENOMEM : add(l, buf_text(&text), why);
}

int
apply_attach_pair(struct spec_attach *a, const char *key, const char *value, struct buf *why)
{
	AUTO(buf) struct buf text = { 0 };

	buf_printf(&text, "%s=%s", key, value);
	return text.failed ? -ENOMEM : spec_attach_set(a, "metadata", buf_text(&text), why);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The programs as the file names them, in an order that does not depend on its. */
static int
mark_programs(struct load *l, struct buf *why)
{
	AUTO(mem) char **names = calloc(l->req.n_programs + 1, sizeof(*names));
	AUTO(buf) struct buf all = { 0 };
	size_t n = l->req.n_programs;

	for (size_t i = 0; names && i < n; i++) {
		const Bpfd__V1__ProgramSpec *p = l->req.programs[i];

		if (asprintf(&names[i], "%s%s%s%s%s", p->name, *p->type || *p->attach_to ? ":" : "", p->type,
			    *p->attach_to ? ":" : "", p->attach_to) < 0)
			names[i] = NULL;
		all.failed |= !names[i];
	}
	if (names && !all.failed)
		qsort(names, n, sizeof(*names), by_text);
	for (size_t i = 0; names && i < n; i++) {
		buf_printf(&all, "%s%s", i ? "," : "", names[i] ? names[i] : "");
		free(names[i]);
	}
	return !names || all.failed ? -ENOMEM : apply_load_pair(l, load_add_metadata, APPLY_MARK_PROGRAMS, buf_text(&all), why);
}

int
apply_mark(struct apply_load *a)
{
	AUTO(buf) struct buf why = { 0 };
	struct load *l = &a->l;
	int err = apply_load_pair(l, load_add_metadata, APPLY_MARK, a->set, &why);

	if (!err)
		err = apply_load_pair(l, load_add_metadata, APPLY_MARK_NAME, a->name, &why);
	if (!err && l->req.n_programs)
		err = mark_programs(l, &why);
	for (size_t i = 0; i < l->n_attach && !err; i++) {
		err = apply_attach_pair(&l->attach[i], APPLY_MARK, a->set, &why);
		if (!err)
			err = apply_attach_pair(&l->attach[i], APPLY_MARK_TARGET, l->attach[i].req.target, &why);
	}
	for (size_t i = 0; i < l->req.n_metadata && !err; i++)
		if (strcmp(l->req.metadata[i]->key, APPLY_MARK_GROUP) == 0)
			l->req.map_group = l->req.metadata[i]->value;
	return err;
}
