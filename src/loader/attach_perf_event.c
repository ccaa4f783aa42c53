/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: the program runs each time that an event was counted so often, on each processor. */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"

#define DEFAULT_FREQ 49		/* not the tact of anything else */

static const struct event {
	const char *name;
	uint32_t type;
	uint64_t config;
	bool clock;			/* samples by time unless it is said otherwise; else each event */
} events[] = {
	{ "sw:cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true },
	{ "sw:task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, true },
	{ "sw:page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, false },
	{ "sw:minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN, false },
	{ "sw:major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ, false },
	{ "sw:context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false },
	{ "sw:cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS, false },
	{ "sw:alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS, false },
	{ "sw:emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS, false },
	{ "hw:cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, true },
	{ "hw:instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, true },
	{ "hw:cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, true },
	{ "hw:cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, true },
	{ "hw:branch-instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, true },
	{ "hw:branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, true },
	{ "hw:bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES, true },
	{ "hw:ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES, true },
	{ "hw:stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, true },
	{ "hw:stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, true },
};

static const struct event *
event_named(const char *name, struct msg_result *res)
{
	struct closest near;

	closest_init(&near, name);
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, name) == 0)
			return &events[i];
		closest_offer(&near, events[i].name);
	}
	result_set(res, IPC_NOT_FOUND, -ENOENT, "there is no event %s%s", name,
		near.n ? CLOSEST_TEXT(&near) : "; there are sw:cpu-clock, sw:page-faults, hw:cpu-cycles, ...");
	return NULL;
}

/* freq or period, or what is usual for the event. */
static int
read_sampling(const struct attach_in *in, const struct event *e, struct msg_perf_event *m,
	struct msg_result *res)
{
	uint64_t freq = e->clock ? DEFAULT_FREQ : 0, period = e->clock ? 0 : 1;
	bool has_freq = attach_number(in, "freq", &freq), has_period = attach_number(in, "period", &period);

	if (has_freq && has_period)
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "an event has freq or period, not both");
	if ((has_freq && !freq) || (has_period && !period))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "%s=0 is no sampling",
			has_freq ? "freq" : "period");
	m->flags = has_freq || (!has_period && e->clock) ? PERF_EVENT_FREQ : 0;
	m->sample = m->flags ? freq : period;
	return 0;
}

static int
read_place(const struct attach_in *in, struct msg_perf_event *m, struct msg_result *res)
{
	uint64_t cpu = 0, pid = 0;

	if (attach_number(in, "cpu", &cpu))
		m->flags |= PERF_EVENT_CPU;
	if (attach_number(in, "pid", &pid) && (!pid || pid > INT32_MAX))
		return result_set(res, IPC_INVALID_ARGUMENT, -EINVAL, "pid=%llu is not the number of a process",
			(unsigned long long)pid);
	if (cpu >= 4096)
		return result_set(res, IPC_NOT_FOUND, -ENODEV, "there is no processor %llu",
			(unsigned long long)cpu);
	m->cpu = (uint32_t)cpu;
	m->pid = (uint32_t)pid;
	return 0;
}

static int
attach(const struct attach_in *in, struct attach_out *out, struct msg_result *res)
{
	const struct event *e = event_named(in->req->target, res);
	struct attach_events events_of = { .in = in, .out = out, .what = in->req->target };
	struct msg_perf_event m = { 0 };
	int err;

	if (!e)
		return -ENOENT;
	m.type = e->type;
	m.config = e->config;
	err = read_sampling(in, e, &m, res);
	if (!err)
		err = read_place(in, &m, res);
	if (err)
		return err;
	attach_hook(out, attach_hash(ATTACH_HASH_INIT, &m, sizeof(m)));
	err = attach_check_new(in, &out->facts, res);
	return err ? err : oneshot_fds(in->ld, IPC_ONE_PERF_EVENT, &m, NULL, attach_event, &events_of, res);
}

static const struct attach_option options[] = {
	{ "freq", "number", "samples a second of the counted time; 49 for clocks and hw: events" },
	{ "period", "number", "events from one sample to the next; 1 for other sw: events" },
	{ "cpu", "number", "only on this processor; without it on all that are online" },
	{ "pid", "number", "only in this process and the threads that it starts" },
	{ 0 },
};

const struct attach_kind attach_kind_perf_event = {
	.name = "perf_event",
	.target = "sw:NAME|hw:NAME",
	.help = "samples of an event, as sw:cpu-clock, on each processor",
	.prog_types = PROG_BIT(PERF_EVENT),
	.takes = TAKES_TARGET | TAKES_COOKIE,
	.options = options,
	.attach = attach,
};
