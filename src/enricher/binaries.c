/* SPDX-License-Identifier: Apache-2.0 */
/* Shells that were seen, for the loader to attach to: each once, and now and then again, since the
 * loader may not have wanted it at the time. */
#include <string.h>

#include "common/auto.h"
#include "enricher/enricher.h"

#define AGAIN_NS 5000000000ull

void
binaries_forget(struct enricher *en)
{
	memset(en->binaries, 0, sizeof(en->binaries));
}

static bool
is_bash(const char *path, size_t len)
{
	return len >= 5 && memcmp(path + len - 5, "/bash", 5) == 0;
}

/* Its place in the list, or that of the one reported longest ago. */
static struct binary *
find(struct enricher *en, uint64_t dev, uint64_t ino)
{
	struct binary *oldest = &en->binaries[0];

	for (size_t i = 0; i < ARRAY_SIZE(en->binaries); i++) {
		struct binary *b = &en->binaries[i];

		if (b->ts && b->dev == dev && b->ino == ino)
			return b;
		if (b->ts < oldest->ts)
			oldest = b;
	}
	return oldest;
}

void
binaries_note(struct enricher *en, const struct ev_proc_info *in)
{
	const char *path = (const char *)in + in->exe.off;
	struct msg_binary m = { .start = in->h.start, .dev = in->exe_dev, .ino = in->exe_ino,
		.pid = in->h.tgid };
	struct binary *b;

	if (!en->loader || !is_bash(path, in->exe.len))
		return;
	b = find(en, in->exe_dev, in->exe_ino);
	if (b->ts && in->h.ts - b->ts < AGAIN_NS)
		return;			/* this one, or more at a time than the list is long */
	if (in->exe.len < sizeof(m.path))
		memcpy(m.path, path, in->exe.len);
	if (chan_send_nonblock(en->loader, IPC_BINARY_SEEN, 0, &m, NULL) == 0)
		*b = (struct binary){ in->h.ts ? in->h.ts : 1, in->exe_dev, in->exe_ino };
}
