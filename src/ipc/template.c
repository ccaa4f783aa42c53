/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/template.h"

#include <string.h>

const char *const template_field_names[N_TEMPLATE_FIELDS] = {
#define TEMPLATE_FIELD(id, name, help) #name,
#include "ipc/template.def"
};

static enum template_field
field_by_name(const char *name, size_t len)
{
	enum template_field i = 0;

	while (i < N_TEMPLATE_FIELDS &&
	       (strlen(template_field_names[i]) != len || memcmp(template_field_names[i], name, len) != 0))
		i++;
	return i;
}

const char *
template_next(const char *p, struct template_part *part)
{
	size_t n = strcspn(p, "{}");

	*part = (struct template_part){ p, n, N_TEMPLATE_FIELDS };
	if (p[n] && p[n] == p[n + 1]) {		/* one of the two is text */
		part->len = n + 1;
		return p + n + 2;
	}
	if (!p[n])
		return p + n;
	if (p[n] == '}')
		return NULL;
	p += n + 1;
	n = strcspn(p, "{}");
	part->field = field_by_name(p, n);
	return p[n] == '}' && part->field < N_TEMPLATE_FIELDS ? p + n + 1 : NULL;
}

const char *
template_wrong(const char *template, size_t *at)
{
	struct template_part part;

	for (const char *p = template; *p;) {
		const char *rest = template_next(p, &part);

		*at = (size_t)(p - template) + part.len;
		if (!rest && p[part.len] == '}')
			return "a } without its {; a brace of its own is written twice";
		if (!rest)
			return "no such {field}; a brace of its own is written twice, and fields are"
#define TEMPLATE_FIELD(id, name, help) " " #name
#include "ipc/template.def"
				;
		p = rest;
	}
	return NULL;
}
