/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_ALERTS_WEBHOOK_H
#define BPFD_ALERTS_WEBHOOK_H

#include "alerts/alert.h"
#include "ipc/actions.h"

/*
 * The body of a request to a server of the administrator's own; docs/ALERTS.md has the formats.
 * many: an array, of one alert too, so that a receiver sees one shape.
 */
struct webhook {
	enum webhook_format format;
	bool many;
	const char *template;		/* of WEBHOOK_TEMPLATE: see ipc/template.h */
	bool json;			/* values in a template are escaped for a JSON string; else for a line */
};

/* The length of the body, which is allocated, in *out; 0: no memory.  n: 1, with many at least 1. */
size_t	webhook_write(const struct webhook *w, const struct alert *alerts, size_t n, char **out);
const char *webhook_content_type(const struct webhook *w);	/* but of a template */

#endif
