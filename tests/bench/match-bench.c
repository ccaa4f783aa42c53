/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ns per event of matcher_run() with 1 to 10,000 rules of one kind; one line for each case:
 *   KIND RULES NS (median of rounds; events of which one in a hundred matches)
 */
#include "loop.h"
#include "samples.h"
#include "unit/rules_make.h"

#define EVENTS	512
#define ROUNDS	9
#define REPEAT	200

static struct made_set set;
static struct made *made;
static struct event events[EVENTS];

/* Files as a busy host opens them. */
static const char *const paths[] = {
	"/etc/ld.so.cache", "/usr/lib/x86_64-linux-gnu/libc.so.6", "/proc/self/stat", "/tmp/build/obj/main.o",
	"/home/user/src/project/include/header.h", "/var/log/syslog", "/usr/share/zoneinfo/UTC", "/dev/null",
	"/sys/devices/system/cpu/online", "/root/.bashrc", "/usr/bin/cat", "/etc/passwd",
};
static const char *const comms[] = { "bash", "make", "cc1", "node", "python3", "sshd", "kworker/0:1", "cat" };

static void
make_events(void)
{
	char path[128];

	made = calloc(EVENTS, sizeof(*made));
	for (size_t i = 0; i < EVENTS; i++) {
		struct made_open o = { .path = paths[i % 12], .comm = comms[i % 8], .uid = (uint32_t)(i % 50),
			.pid = (uint32_t)i, .ts = i };

		snprintf(path, sizeof(path), "/data/dir0/sub/needle0.txt");
		if (i % 100 == 99) {
			o.path = path;
			o.comm = "comm0";
			o.uid = 100000;
		}
		made_open(&made[i], &o, &events[i]);
	}
}

static const struct { const char *name, *condition; } kinds[] = {
	{ "eq-comm", "{field='comm', value='comm%d'}" },
	{ "eq-uid", "{field='uid', value=10000%d}" },
	{ "eq-path", "{field='path', value='/data/dir%d/sub/needle%d.txt'}" },
	{ "pathprefix", "{field='path', op='pathprefix', value='/data/dir%d'}" },
	{ "contains", "{field='path', op='contains', value='needle%d.'}" },
	{ "eq-comm-and-path", "{field='comm', value='comm0'}, {field='path', value='/data/dir%d/sub/needle%d.txt'}" },
	{ "mixed", "" },
};

static double
measure(struct matcher *m, unsigned int *matched)
{
	static struct match_result got;
	double times[ROUNDS];

	*matched = 0;
	for (int r = 0; r < ROUNDS; r++) {
		unsigned long long start = loop_now_ns();

		for (int k = 0; k < REPEAT; k++)
			for (size_t i = 0; i < EVENTS; i++)
				*matched += matcher_run(m, &events[i], &got);
		times[r] = (double)(loop_now_ns() - start) / (REPEAT * EVENTS);
	}
	qsort(times, ROUNDS, sizeof(times[0]), samples_by_value);
	return times[ROUNDS / 2];
}

int
main(int argc, char **argv)
{
	char text[300];
	unsigned int matched;

	make_events();
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		if (argc > 1 && strcmp(argv[1], kinds[kind].name) != 0)
			continue;
		for (int n = 1; n <= 10000; n *= n == 1 ? 100 : 10) {
			struct matcher *m;
			unsigned long long start;
			double built;

			for (int i = 0; i < n; i++) {
				const char *c = kinds[kind].condition[0] ? kinds[kind].condition : kinds[i % 5].condition;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
				snprintf(text, sizeof(text), c, i, i);
#pragma GCC diagnostic pop
				made_open_rule(&set, text);
			}
			start = loop_now_ns();
			m = made_matcher(&set);
			built = (double)(loop_now_ns() - start) / 1e6;
			printf("match %-18s %6d rules %8.1f ns/event", kinds[kind].name, n, measure(m, &matched));
			printf("   (%.1f%% match, compiled in %.1f ms)\n", 100.0 * matched / (ROUNDS * REPEAT * EVENTS), built);
			fflush(stdout);
			matcher_free(m);
			made_set_clear(&set);
		}
	}
	free(made);
	return 0;
}
