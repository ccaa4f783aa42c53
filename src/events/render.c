/* SPDX-License-Identifier: Apache-2.0 */
#include "events/render.h"

#include "events/tables.h"
#include "events/text.h"

const char *const render_format_names[N_RENDER_FORMATS] = {
	"json", "table", "seed", "logfmt", "execsnoop", "socketsnoop",
};

static bool (*const formats[N_RENDER_FORMATS])(struct text *, const struct render *,
	const struct event *) = {
	[RENDER_JSON] = render_json,
	[RENDER_TABLE] = render_table,
	[RENDER_SEED] = render_seed,
	[RENDER_LOGFMT] = render_logfmt,
	[RENDER_EXECSNOOP] = render_execsnoop,
	[RENDER_SOCKETSNOOP] = render_socketsnoop,
};

size_t
render_event(const struct render *r, const struct event *e, char *out, size_t room)
{
	size_t cap = SIZE_MAX;

	/* Again with shorter strings until it fits: the longest are cut, the others stay whole. */
	for (;;) {
		struct text t = { .p = out, .end = out + room, .cap = cap };

		if (!formats[r->format](&t, r, e))
			return 0;
		if (!t.full)
			return (size_t)(t.p - out);
		if (!cap)
			return 0;
		cap = cap > room ? room : cap * 3 / 4;
	}
}
