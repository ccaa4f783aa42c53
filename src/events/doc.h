/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_DOC_H
#define BPFD_EVENTS_DOC_H

#include "events/text.h"

/*
 * The tables of the fields for people and for machines: bpfd-tracers(7), and a JSON schema (draft
 * 2020-12) of what render_json() writes.  Neither is kept in the tree.
 */
void	doc_man(struct text *t);
void	doc_schema(struct text *t);

/* One of them to standard output; 0, -ENOMEM, or what writing said. */
int	doc_print(void (*doc)(struct text *));

#endif
