/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/results.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int
results_new(size_t room, struct results *out)
{
	*out = (struct results){ .room = room };
	out->rows = calloc(room + 1, sizeof(*out->rows));
	return out->rows ? 0 : -ENOMEM;
}

static struct field_result *
add(struct results *r, const char *what, uint64_t id, const char *result)
{
	struct field_result *row = &r->rows[r->n];

	assert(r->n < r->room);
	r->n++;
	row->what = what;
	row->id = id;
	row->result = result;
	return row;
}

void
results_done(struct results *r, const char *what, uint64_t id, const char *done)
{
	add(r, what, id, done);
}

void
results_lists(struct results *r, const uint32_t *programs, size_t n_programs, const uint64_t *links,
	size_t n_links)
{
	struct field_result *row = &r->rows[r->n - 1];

	row->programs = calloc(n_programs + 1, sizeof(*programs));
	row->links = calloc(n_links + 1, sizeof(*links));
	if (row->programs && n_programs) {
		memcpy(row->programs, programs, n_programs * sizeof(*programs));
		row->n_programs = n_programs;
	}
	if (row->links && n_links) {
		memcpy(row->links, links, n_links * sizeof(*links));
		row->n_links = n_links;
	}
}

void
results_failed(struct results *r, const char *what, uint64_t id, int status, const char *error)
{
	struct field_result *row = add(r, what, id, "failed");

	row->error = strdup(error);
	if (r->n_failed++ == 0)
		r->first_failure = status;
}

int
results_print(struct results *r, struct ctl *ctl)
{
	AUTO(mem) const void **rows = calloc(r->n + 1, sizeof(*rows));
	int printed;

	for (size_t i = 0; rows && i < r->n; i++)
		rows[i] = &r->rows[i];
	out_list(ctl->out, "results", &schema_result, rows, rows ? r->n : 0, SHOW_TABLE);
	printed = ctl_print(ctl);
	return r->n_failed ? ctl_exit_of_many(r->n, r->n_failed, r->first_failure) : printed;
}

void
results_free(struct results *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free((char *)(uintptr_t)r->rows[i].error);
		free(r->rows[i].programs);
		free(r->rows[i].links);
	}
	free(r->rows);
}
