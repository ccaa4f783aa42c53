/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_DOC_H
#define BPFD_EVENTS_DOC_H

#include "events/text.h"

/*
 * The tables of the fields for people and for machines, when bpfd is built: bpfd-tracers(7), and a
 * JSON schema (draft 2020-12) of what render_json() writes.  Neither is kept in the tree.
 */
void	doc_man(struct text *t);
void	doc_schema(struct text *t);

#endif
