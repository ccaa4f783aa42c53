/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an event costs in bpfd-enricher: kernel rings that this program fills, the real steps from
 * there to the shared ring.  One line for each case: ns of this processor per event, the fastest
 * and the median round.
 *
 *   enricher-bench [CASE [ROUNDS]]	one case alone, for callgrind: --toggle-collect=enricher_drain
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "enricher/enricher.h"
#include "loop.h"
#include "samples.h"
#include "unit/kring_fake.h"

#define KBYTES	(2u << 20)
#define RBYTES	(8u << 20)
#define PER_ROUND 70			/* events in 200 us at 350,000/s */
#define ROUNDS	4000
#define PROCS	200

static struct enricher en;
static struct fake_ring rings[2 * N_EV_CLASSES];
static char room[FAKE_MAX] __attribute__((aligned(8)));
static uint64_t ts = 1;

static void
put(unsigned int ring, size_t len)
{
	if (!fake_ring_put(&rings[ring], room, len, 0, NULL))
		abort();
}

static void
use(const struct ruleset *set)
{
	char why[256];
	void *bytes;
	size_t len;

	matcher_free(en.matcher);
	if (ruleset_pack(set, &bytes, &len) || matcher_new(bytes, len, &en.matcher, why, sizeof(why))) {
		fprintf(stderr, "enricher-bench: %s\n", why);
		exit(1);
	}
	free(bytes);
}

static void
nothing_wanted(void)
{
	use(&(struct ruleset){ .generation = 1 });
}

static void
all_by_default(void)
{
	use(&(struct ruleset){ .generation = 1, .defaults = ~0ull, .default_actions = 1 });
}

/* n rules, each for a path of its own; the events match the last. */
static void
by_rules(unsigned int n)
{
	struct ruleset_entry *entries = calloc(n, sizeof(*entries));
	struct ruleset set = { .generation = 1, .entries = entries, .n = n };

	for (unsigned int i = 0; i < n; i++) {
		char path[64];
		struct rule_value value = { .data = path };
		struct rule_node match = { .kind = NODE_TEST, .op = OP_eq, .field = "path", .n_values = 1,
			.values = &value };
		struct rule r = { .format = 2, .severity = SEV_INFO, .enabled = true, .tracers = 1ull << TR_OPEN,
			.match = &match };
		void *packed;

		snprintf(path, sizeof(path), i + 1 < n ? "/var/lib/other/%u" : "/etc/ssl/certs/ca.pem", i);
		value.len = strlen(path);
		snprintf(r.name, sizeof(r.name), "rule-%u", i);
		if (rule_pack(&r, &packed, &entries[i].packed_len))
			abort();
		entries[i].packed = packed;
		for (unsigned int s = 0; s < N_SEVERITIES; s++)
			entries[i].actions[s] = 1;
	}
	use(&set);
	for (unsigned int i = 0; i < n; i++)
		free((void *)entries[i].packed);
	free(entries);
}

static void one_rule(void) { by_rules(1); }
static void ten_thousand_rules(void) { by_rules(10000); }

static const struct { const char *name; void (*rules)(void); const char *help; } cases[] = {
	{ "unwanted", nothing_wanted, "read, enriched, wanted by nobody" },
	{ "default", all_by_default, "read, enriched, written" },
	{ "rule", one_rule, "read, enriched, matched by 1 rule, written" },
	{ "rules", ten_thousand_rules, "read, enriched, matched by 1 of 10,000 rules, written" },
};

static void
make(void)
{
	static struct config cfg = { .events_processes = 16384, .events_cgroups = 4096 };
	int ring = ring_memfd(RBYTES), cursor = ring_cursor_memfd();
	int state = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	en.cfg = &cfg;
	en.ring_bytes = RBYTES;
	if (ftruncate(state, (off_t)state_bytes(16384, 4096)) || fcntl(state, F_ADD_SEALS, F_SEAL_SHRINK) ||
	    ring_new(ring, en.ring_bytes, &en.ring) || state_attach(&en, state) ||
	    ring_watch(en.ring, cursor, -1))
		abort();
	enricher_counters_load(&en);
	for (uint32_t i = 0; i < ARRAY_SIZE(rings); i++) {
		rings[i] = fake_ring_make(KBYTES);
		if (krings_add(&en.krings, rings[i].fd, KBYTES, i % N_EV_CLASSES, i / N_EV_CLASSES, i + 1))
			abort();
	}
	nothing_wanted();
	put(0, fake_cgroup(room, ts++, 1, 2, "/system.slice/docker-0123456789abcdef0123456789abcdef"
		"0123456789abcdef0123456789abcdef.scope"));
	for (uint32_t i = 1; i <= PROCS; i++)
		put(0, fake_proc(room, ts++, i, 0, "/usr/bin/program", "program\0--with\0arguments", 24));
	enricher_drain(&en);
}

static uint64_t
one_round(void)
{
	uint64_t begin;

	for (unsigned int i = 0; i < PER_ROUND; i++, ts++)
		put(ts % 3 ? 1 : 3, fake_open(room, ts, (uint32_t)(1 + ts % PROCS), "/etc/ssl/certs/ca.pem"));
	begin = loop_now_ns();
	enricher_drain(&en);
	return loop_now_ns() - begin;
}

static void
run(size_t c, unsigned int rounds)
{
	double *took = calloc(rounds, sizeof(*took));

	cases[c].rules();
	for (unsigned int i = 0; i < rounds; i++)
		took[i] = (double)one_round();
	qsort(took, rounds, sizeof(*took), samples_by_value);
	printf("%-10s %6.1f ns  median %6.1f ns per event  %s\n", cases[c].name,
		took[0] / PER_ROUND, took[rounds / 2] / PER_ROUND, cases[c].help);
	free(took);
}

int
main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : ROUNDS;

	make();
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++)
		if (argc < 2 || strcmp(argv[1], cases[c].name) == 0)
			run(c, rounds);
	return 0;
}
