/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time of a load as the API sees it, by how the linker is kept: started on demand, spare, spare
 * with the kernel's BTF parsed; and what a spare one costs.  Printed, never judged.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "component/rig.h"
#include "loop.h"
#include "samples.h"

#define ROUNDS 21
#define REST_MS 60		/* between loads: time to start and warm the next linker */

static struct rig rig;
static struct rig_answer answer;
static struct msg_load request;

struct times {
	double best, median;
};

static struct times
load_us(const char *object)
{
	double us[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		unsigned long long start;

		rig_serve(&rig, REST_MS);
		request.gid = (uint64_t)i + 1;
		start = loop_now_ns();
		if (rig_load(&rig, object, &request, &answer) || answer.res.code != IPC_OK)
			fprintf(stderr, "%s: %s\n", object, answer.res.text);
		us[i] = (double)(loop_now_ns() - start) / 1e3;
		rig_unload(&rig, request.gid, 0);
	}
	qsort(us, ROUNDS, sizeof(us[0]), samples_by_value);
	return (struct times){ us[0], us[ROUNDS / 2] };
}

/* PSS and RSS in KiB of the spare linker. */
static void
spare_memory(long *rss, long *pss)
{
	char path[64], line[256];
	FILE *f = NULL;

	*rss = *pss = 0;
	rig_serve(&rig, REST_MS);
	for (int i = 0; i < RIG_HELPERS && !f; i++) {
		if (!rig.helpers[i].pid)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", rig.helpers[i].pid);
		f = fopen(path, "r");
	}
	while (f && fgets(line, sizeof(line), f)) {
		sscanf(line, "Rss: %ld", rss);
		sscanf(line, "Pss: %ld", pss);
	}
	if (f)
		fclose(f);
}

int
main(void)
{
	static const struct {
		const char *name;
		uint64_t spare, btf;
	} modes[] = { { "on demand", 0, 0 }, { "spare", 1, 0 }, { "spare with BTF", 1, 1 } };

	if (geteuid() != 0 || rig_open(&rig)) {
		fprintf(stderr, "linker-load: needs root and bpfd's users\n");
		return EXIT_FAILURE;
	}
	printf("%-16s %19s %19s %10s %10s\n", "linker", "plain us", "CO-RE us", "RSS KiB", "PSS KiB");
	printf("%-16s %9s %9s %9s %9s\n", "", "best", "median", "best", "median");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		long rss, pss;
		struct times plain, core;

		rig.cfg.linker_spare = modes[i].spare;
		rig.cfg.linker_spare_btf = modes[i].btf;
		if (rig_start(&rig))
			break;
		plain = load_us("bpf/plain");
		core = load_us("bpf/core");
		spare_memory(&rss, &pss);
		printf("%-16s %9.0f %9.0f %9.0f %9.0f %10ld %10ld\n", modes[i].name, plain.best,
			plain.median, core.best, core.median, rss, pss);
		rig_stop(&rig, STOP_DETACH);
	}
	rig_close(&rig);
	return EXIT_SUCCESS;
}
