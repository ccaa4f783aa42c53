/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_TABLES_H
#define BPFD_EVENTS_TABLES_H

#include "bpf/declared.h"
#include "events/schema.h"

/* Between the files of this folder. */

/* A field of the tracer's own table, whatever the case of its name, or NULL. */
const struct field *schema_own(unsigned int tracer, const char *name);
/* A common field, or what an alias stands for, or NULL. */
const struct field *common_find(unsigned int tracer, const char *name);

/* Of a number from TR_DECLARED on, below N_TRACERS; NULL: nothing is declared for it. */
const struct tracer_info *declared_info(unsigned int tracer);
/* The record was made for what is declared now; ev: a whole struct ev_declared. */
bool	declared_id_ok(const struct ev_hdr *ev);

bool	common_is(const char *name);	/* a common field is called so */

/* Names of errno values as the kernel has them: "ENOENT"; NULL for an unknown one. */
const char *common_errno(int64_t ret);

/* One value on a line; also: bytes to escape besides (text_line()).  sep: between items of a list
 * and words of flags. */
struct text;
void	value_line(struct text *t, const struct field *f, const struct value *v, const char *also,
		const char *sep);
/* The word of an enum's value, or NULL. */
const char *value_word(const struct field *f, uint64_t u);

/* Formats: false when this one does not show the event. */
struct render;
bool	render_json(struct text *t, const struct render *r, const struct event *e);
bool	render_table(struct text *t, const struct render *r, const struct event *e);
bool	render_seed(struct text *t, const struct render *r, const struct event *e);
bool	render_logfmt(struct text *t, const struct render *r, const struct event *e);
bool	render_execsnoop(struct text *t, const struct render *r, const struct event *e);
bool	render_socketsnoop(struct text *t, const struct render *r, const struct event *e);

/* What record_check() goes by: the strings of each tracer's record, and how many events it has. */
struct record_shape {
	size_t min_size;
	uint32_t n_events, n_strs;
	uint16_t strs[32];		/* offset of each struct ev_str */
};

#endif
