/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "oci/json.h"
#include "registry/parts.h"

/* The first of {"errors":[{"code":..,"message":..}]}; "" when there is none. */
static void
first_error(const struct http_answer *a, char out[256])
{
	AUTO(json) json_t *root = NULL;
	struct oci_why ignored;
	char code[64], message[160];
	const json_t *e;

	out[0] = '\0';
	if (oci_json_load(a->error, a->error_len, "error", &root, &ignored))
		return;
	e = json_array_get(json_object_get(root, "errors"), 0);
	if (OCI_JSON_TEXT(e, "code", code, &ignored) || OCI_JSON_TEXT(e, "message", message, &ignored))
		return;
	snprintf(out, 256, ": %s%s%s", code, code[0] && message[0] ? ", " : "", message);
}

int
registry_refusal(const struct registry *r, const struct http_answer *a, struct oci_why *why)
{
	char text[256];

	first_error(a, text);
	if (a->status == 401 && r->auth == HTTP_BASIC)
		return oci_refuse(why, -EPERM, "%s does not know this username or password%s", r->server.host, text);
	switch (a->status) {
	case 401:
		if (r->auth == HTTP_BASIC)
			return oci_refuse(why, -EPERM, "%s does not know this username or password%s", r->server.host, text);
		/* fall through */
	case 403:
		return oci_refuse(why, -EACCES, "%s does not allow it (%ld)%s%s%s", r->server.host, a->status, text,
			r->setup.auth ? "" : "; nobody is logged in there: give a username, or name ",
			r->setup.auth ? "" : r->setup.words->auth);
	case 404:
		return oci_refuse(why, -ENOENT, "%s does not have it%s", r->server.host, text);
	case 429:
		return oci_refuse(why, -EAGAIN, "%s was asked too often (429)%s", r->server.host, text);
	case 408: case 416: case 500: case 502: case 503: case 504:
		return oci_refuse(why, -EAGAIN, "%s cannot answer now (%ld)%s", r->server.host, a->status, text);
	default:
		return oci_refuse(why, -EBADMSG, "%s answers with %ld%s", r->server.host, a->status, text);
	}
}
