/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "common/log.h"
#include "ipc/syscalls.h"
#include "loader/tracers_parts.h"

int
tracers_map(struct loader *ld, const char *name)
{
	char pin[IPC_NAME_MAX];

	snprintf(pin, sizeof(pin), "m-%s", name);
	return tracer_get(ld, TRACER_CORE, pin);
}

int
tracers_settings(struct loader *ld)
{
	AUTO(fd) int map = tracers_map(ld, "settings");
	struct ev_settings *set = &ld->tracers.settings;
	const uint32_t zero = 0;

	set->share_ns = ld->cfg->events_cgroup_rate ? 1000000000ULL / ld->cfg->events_cgroup_rate : 0;
	set->share_burst_ns = set->share_ns * (ld->cfg->events_cgroup_burst - 1);
	return map < 0 ? map : kernel_update(&ld->kernel, map, &zero, set);
}

int
tracers_slot(struct loader *ld, unsigned int n, int prog)
{
	AUTO(fd) int progs = tracers_map(ld, "sys_progs");
	AUTO(fd) int slots = tracers_map(ld, "sys_slots");
	int err = progs < 0 ? progs : slots < 0 ? slots : 0;
	const uint32_t slot = n;

	if (!err && prog >= 0)
		err = kernel_update(&ld->kernel, progs, &slot, &prog);
	for (uint32_t number = 0; number < EV_SYSCALLS && !err; number++) {
		struct ev_slot value = { 0 };

		if (!syscalls_slot(n, number, prog >= 0, &value))
			continue;
		err = kernel_lookup(&ld->kernel, slots, &number, &value);
		syscalls_slot(n, number, prog >= 0, &value);
		if (!err)
			err = kernel_update(&ld->kernel, slots, &number, &value);
	}
	if (prog < 0)
		kernel_delete(&ld->kernel, progs, &slot);
	return err;
}
