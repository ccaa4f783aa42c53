/* SPDX-License-Identifier: Apache-2.0 */
/* Events of each tracer, of each kind that it has, as lines of JSON: with nothing in them, with much, with what is no text. */
#include <stdio.h>

#include "events/render.h"
#include "unit/event_make.h"

static bool
has_str(const struct field *f)
{
	return (f->type == F_STR || f->type == F_PATH || f->type == F_LIST) && f->size == sizeof(struct ev_str);
}

/* fill: every byte of the numbers; text: every string, or NULL. */
static void
print(unsigned int tracer, uint16_t event, int fill, const char *text, uint32_t ctx)
{
	const struct tracer_info *info = tracer_info(tracer);
	static char st[4096] __attribute__((aligned(8))), out[RENDER_ROOM];
	struct ev_hdr *h = (struct ev_hdr *)st;
	struct render r = { .format = RENDER_JSON, .host = "host" };
	static struct made m;
	struct event e;

	if (info->min_size > sizeof(st))
		abort();
	memset(st, fill, info->min_size);
	*h = (struct ev_hdr){ .tracer = (uint16_t)tracer, .event = event, .ret = -fill, .ts = 5000000000,
		.tgid = 42, .flags = (uint32_t)fill, .comm = "cat" };
	for (const struct field *f = info->fields; f->name; f++)
		if (has_str(f))
			memset(st + f->off, 0, sizeof(struct ev_str));
	made_event(&m, st, info->min_size);
	for (const struct field *f = info->fields; f->name && text; f++)
		if (has_str(f))
			made_bytes(&m, sizeof(struct rec_hdr), f->off, text, strlen(text));
	made_ctx(&m, ctx)->exe_ino = (uint64_t)fill;
	if (text) {
		made_ctx_str(&m, exe, text);
		made_ctx_str(&m, args, text);
		made_ctx_str(&m, container, text);
		made_match(&m, text, 1, MATCH_UNKNOWN)->suppressed = 3;
	}
	made_end(&m);
	((struct rec_hdr *)m.bytes)->lost = (uint32_t)fill;
	if (record_check(m.bytes, m.len, &e))
		abort();
	printf("%.*s\n", (int)render_event(&r, &e, out, sizeof(out)), out);
}

int
main(void)
{
	for (unsigned int t = 1; t < N_BUILTIN_TRACERS; t++) {
		const struct tracer_info *info = tracer_info(t);

		for (uint16_t event = 0; info->events[event]; event++) {
			print(t, event, 0, NULL, 0);
			print(t, event, 1, "/some/text", CTX_PROC | CTX_CONTAINER);
			print(t, event, 0xff, "\xff\n\"", CTX_PROC | CTX_CONTAINER | CTX_CLAIM | CTX_HOST);
		}
	}
	return 0;
}
