/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracers [TRACER ...]: what each tracer costs whoever does what its hook is there for, without the
 * daemon: core and tracer loaded as the component tests do, one tracer at a time.
 *
 * A line of a table for each: processor time of one act untraced, and what is added to it when the
 * filter in the kernel rejects it by the name of the thread, and when it is sent; and the
 * records of one act.  The lower quarter of many short turns; ROUNDS (3) times all of them.  Which act
 * that is: loads-*.c.  Needs root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ipc/tracers.h"
#include "loads.h"
#include "samples.h"
#include "turns.h"

#define ROUNDS_MAX	100
#define NOBODY		"nobody-at-all"

enum { UNTRACED, SENT, REJECTED, N_KINDS };

static const struct load *const tables[] = { loads_bash, loads_files, loads_network, loads_packets, loads_processes, loads_system };
static const char *const numbers[] = {
	[TR_NONE] = "core",
#define TRACER(id, name, class, flags, help) [TR_##id] = #name,
#include "bpf/tracers.def"
};
static const unsigned int kinds[] = {
	[TR_NONE] = TR_NO_KERNEL,
#define TRACER(id, name, class, flags, help) [TR_##id] = flags,
#include "bpf/tracers.def"
};

/* What comes of a measurement, in a process of its own: a load may leave where it was. */
struct figures { double ns[N_KINDS][TURNS]; double records; };

static const struct load *
load_of(const char *tracer)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		for (const struct load *l = tables[i]; l->tracer; l++)
			if (strcmp(l->tracer, tracer) == 0)
				return l;
	return NULL;
}

static bool
measure(const struct load *l, unsigned int tracer, struct figures *f)
{
	const char *names[] = { l->tracer, NULL };
	AUTO(tracerrig) struct tracerrig *rig = NULL;
	uint64_t before;

	if (!turns(l->once, l->n, NULL, f->ns[UNTRACED]))
		return false;
	errno = -tracerrig_open(names, NULL, &rig);
	if (errno || (l->attach && !l->attach(tracerrig_object(rig, 1))))
		return false;
	before = tracerrig_count(rig, tracer).produced;
	if (!turns(l->once, l->n, rig, f->ns[SENT]))
		return false;
	f->records = (double)(tracerrig_count(rig, tracer).produced - before) / ((TURNS + 1) * l->n);
	tracerrig_filter(rig, tracer, (struct ev_tracer_filter){ .dims = DIM_COMM });
	tracerrig_filter_text(rig, tracer, DIM_COMM, NOBODY);
	return turns(l->once, l->n, rig, f->ns[REJECTED]);
}

/* False: there are no figures; why is on standard error. */
static bool
run(const void *of, void *out)
{
	const struct load *l = of;
	bool good = (!l->begin || l->begin()) && measure(l, ipc_tracer_by_name(l->tracer), out);

	if (!good)
		fprintf(stderr, "tracers: %s: %s: %s\n", l->tracer, l->what, strerror(errno));
	if (l->end)
		l->end();
	return good;
}

static void
print(const struct load *l, struct samples ns[N_KINDS], double records)
{
	double base = samples_at(&ns[UNTRACED], LOWER);

	printf("| %s | %s | %.0f | %+.0f | %+.0f | %.1f |\n", l->tracer, l->what, base,
		samples_at(&ns[REJECTED], LOWER) - base, samples_at(&ns[SENT], LOWER) - base, records);
}

int
main(int argc, char **argv)
{
	static struct samples all[N_BUILTIN_TRACERS][N_KINDS];
	int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 3;
	double records[N_BUILTIN_TRACERS] = { 0 };
	struct utsname u = { .release = "" };
	struct figures f;

	if (argc < 1 || rounds < 1 || rounds > ROUNDS_MAX || geteuid() != 0)
		return 2;
	for (int r = 0; r < rounds; r++)
		for (unsigned int n = 1; n < N_BUILTIN_TRACERS; n++) {
			const struct load *l = load_of(numbers[n]);

			if (!l || !turns_wanted(l->tracer, argv + 1) || !turns_apart(run, l, &f, sizeof(f)))
				continue;
			records[n] = f.records;
			for (int k = 0; k < N_KINDS; k++)
				for (int i = 0; i < TURNS; i++)
					samples_note(&all[n][k], f.ns[k][i]);
		}
	uname(&u);
	printf("Linux %s, %d rounds\n\n", u.release, rounds);
	printf("| tracer | act | untraced, ns | rejected | sent | records |\n|---|---|---|---|---|---|\n");
	for (unsigned int n = 1; n < N_BUILTIN_TRACERS; n++) {
		if (!turns_wanted(numbers[n], argv + 1) || (kinds[n] & TR_NO_KERNEL) || n == TR_ENFORCE /* enforce.c */)
			continue;
		if (!load_of(numbers[n]))
			fprintf(stderr, "tracers: %s has no workload in loads-*.c\n", numbers[n]);
		else if (all[n][SENT].n)
			print(load_of(numbers[n]), all[n], records[n]);
	}
	return 0;
}
