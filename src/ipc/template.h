/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_IPC_TEMPLATE_H
#define BPFD_IPC_TEMPLATE_H

#include <stddef.h>

/* Text with {FIELD} in it, of an alert that is sent; {{ and }} are braces.  Read in bpfd-config, filled in by
 * bpfd-alert (alerts/webhook.c). */
enum template_field {
#define TEMPLATE_FIELD(id, name, help) FIELD_##id,
#include "ipc/template.def"
	N_TEMPLATE_FIELDS
};
extern const char *const template_field_names[N_TEMPLATE_FIELDS];

/* A part of it: text as it is, and the field behind that (N_TEMPLATE_FIELDS: none). */
struct template_part { const char *text; size_t len; enum template_field field; };

/* The part at p, which is not at its end: where the next one begins.  NULL: a mistake behind part->len bytes. */
const char *template_next(const char *p, struct template_part *part);
/* NULL, or why it is no template, with *at the byte. */
const char *template_wrong(const char *template, size_t *at);

#endif
