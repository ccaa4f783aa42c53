/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event costs a worker between the shared ring and the text that it writes.  One line for
 * each format: bytes of a line, ns of this processor per event, the fastest and the median round.
 *
 *   render-bench [FORMAT [ROUNDS]]	one format alone, for callgrind: --toggle-collect=take_all
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/open.h"
#include "events/render.h"
#include "loop.h"
#include "ring/ring.h"
#include "samples.h"
#include "unit/event_make.h"

#define RBYTES		(8u << 20)
#define PER_ROUND	70		/* events in 200 us at 350,000/s */
#define ROUNDS		4000
#define BOOT_OFFSET	1767323040000000000

static char line[RENDER_ROOM];
static uint64_t ts = 5123456789;
static size_t bytes;

static void
make(struct made *m)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .tgid = 31415, .tid = 31415, .ppid = 2718,
		.start = 4000000000, .mntns = 4026531841, .ret = 3, .cgroup = 4242, .exec_id = 7,
		.comm = "openloop" }, .oflags = 02000000, .dev = 26 << 20, .ino = 123456 };

	made_event(m, &o, sizeof(o));
	made_str(m, ev_open, path, "/dev/shm/bpfd-bench-abcdefgh/opened");
	made_str(m, ev_open, filename, "/dev/shm/bpfd-bench-abcdefgh/opened");
	*made_ctx(m, CTX_PROC | CTX_HOST) = (struct rec_ctx){ .flags = CTX_PROC | CTX_HOST,
		.cap_eff = 0x1ffffffffff, .exe_dev = 8 << 20 | 1, .exe_ino = 987654, .loginuid = UINT32_MAX,
		.sessionid = UINT32_MAX, .ns_pid = 31415, .pidns = 4026531836, .netns = 4026531840,
		.userns = 4026531837, .cgroupns = 4026531835, .exe_nlink = 1, .cgroup_hierarchy = 2 };
	made_ctx_str(m, cgroup, "/system.slice/ssh.service");
	made_ctx_str(m, pcomm, "python3");
	made_ctx_str(m, exe, "/usr/libexec/bpfd/tests/bench/openloop");
	made_ctx_str(m, pexe, "/usr/bin/python3.11");
	made_ctx_str(m, cwd, "/usr/src/bpfd/build");
	made_ctx_str_len(m, args, "openloop\0005\0/dev/shm/opened", sizeof("openloop\0005\0/dev/shm/opened"));
	made_match(m, "bench", 1, 0);
	made_end(m);
}

/* As the enricher: what all have in common is written once, as long as it is there. */
static void
put(struct ring *ring, const struct made *m)
{
	static struct ring_share with;

	for (unsigned int i = 0; i < PER_ROUND; i++) {
		const struct rec_hdr *h = (const struct rec_hdr *)m->bytes;
		bool shares = with.len && ring_in_reach(ring, with.place);
		size_t skipped = shares ? with.len : 0, own = m->len - skipped;
		uint64_t place = ring_place(ring), seq;
		void *room;

		seq = ring_reserve_sharing(ring, own, shares ? &with : NULL, &room);
		memcpy(room, m->bytes, h->off_ctx);
		memcpy((char *)room + h->off_ctx, m->bytes + h->off_ctx + skipped, own - h->off_ctx);
		if (!shares)
			with = (struct ring_share){ .place = place, .off = (uint16_t)h->off_ctx,
				.len = (uint16_t)(h->off_match - h->off_ctx), .at = (uint16_t)h->off_ctx };
		((struct rec_hdr *)room)->seq = seq;
		((struct ev_hdr *)((struct rec_hdr *)room + 1))->ts = ts += 2857;
		ring_push(ring);
	}
	ring_commit(ring);
}

/* As bpfd-action does. */
static __attribute__((noinline)) void
take_all(struct ring_reader *reader, const struct render *r)
{
	const void *rec;
	struct event e;
	size_t len;

	while (ring_next(reader, &rec, &len) == 1) {
		if (record_check(rec, len, &e))
			abort();
		bytes = render_event(r, &e, line, sizeof(line));
	}
	ring_done(reader);
}

static void
run(struct ring *ring, struct ring_reader *reader, const struct made *m, enum render_format format,
	unsigned int rounds)
{
	struct render r = { .format = format, .boot_offset_ns = BOOT_OFFSET, .host = "host.example" };
	double *took = calloc(rounds, sizeof(*took));

	for (unsigned int i = 0; i < rounds; i++) {
		put(ring, m);
		took[i] = (double)loop_now_ns();
		take_all(reader, &r);
		took[i] = (double)loop_now_ns() - took[i];
	}
	qsort(took, rounds, sizeof(*took), samples_by_value);
	printf("%-12s %5zu bytes %7.1f ns  median %7.1f ns per event, record of %zu bytes\n",
		render_format_names[format], bytes, took[0] / PER_ROUND,
		took[rounds / 2] / PER_ROUND, m->len);
	free(took);
}

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : ROUNDS;
	int fd = ring_memfd(RBYTES), cursor = ring_cursor_memfd();
	static struct made m;
	struct ring_reader *reader;
	struct ring *ring;

	make(&m);
	if (!rounds || ring_new(fd, RBYTES, &ring) || ring_open(ring_readonly(fd), cursor, &reader))
		abort();
	for (enum render_format f = RENDER_JSON; f <= RENDER_LOGFMT; f++)
		if (argc < 2 || strcmp(argv[1], render_format_names[f]) == 0)
			run(ring, reader, &m, f, rounds);
	ring_close(reader);
	ring_free(ring);
	return 0;
}
