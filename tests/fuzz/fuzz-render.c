/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "events/render.h"
#include "unit/event_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
render(const struct event *e, size_t room)
{
	static char out[RENDER_ROOM];

	for (unsigned int f = 0; f < N_RENDER_FORMATS; f++) {
		struct render r = { .format = f, .host = "host" };
		size_t len = render_event(&r, e, out, room);
		json_t *doc;

		if (len > room || (!len && room >= RENDER_ROOM_MIN && f < RENDER_EXECSNOOP))
			abort();
		for (size_t i = 0; i < len; i++)
			if ((unsigned char)out[i] < 0x20 && !(f == RENDER_SEED && out[i] == '\t'))
				abort();
		if (!len || (f != RENDER_JSON && f != RENDER_EXECSNOOP && f != RENDER_SOCKETSNOOP))
			continue;
		doc = json_loadb(out, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL |
			JSON_DECODE_INT_AS_REAL /* its own are signed */, NULL);
		if (!doc)
			abort();
		json_decref(doc);
	}
}

/*
 * The first two bytes are the room, the third says what follows: a record, or the strings of one.
 * One line, and a document where it is JSON, whatever comes.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ev_action a = { .h = { .tracer = TR_ACTION, .ret = -2, .comm = "cat" } };
	static struct made m;
	struct event e;
	size_t room;

	if (size < 3 || size > 16384)
		return 0;
	room = data[0] | (size_t)data[1] << 8;
	data += 3;
	size -= 3;
	if (data[-1] & 1) {
		memcpy(m.bytes, data, size);
		if (record_check(m.bytes, size, &e) == 0)
			render(&e, room);
		return 0;
	}
	made_event(&m, &a, sizeof(a));
	made_str_len(&m, ev_action, rule, data, size);
	made_ctx(&m, CTX_PROC | CTX_CONTAINER);
	made_ctx_str_len(&m, args, data, size);
	made_ctx_str_len(&m, container, data, size / 2);
	made_end(&m);
	if (record_check(m.bytes, m.len, &e) < 0)
		abort();
	render(&e, room);
	return 0;
}
