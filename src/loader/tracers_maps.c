/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/syscall.h>

#include "common/log.h"
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
	const uint32_t zero = 0;

	return map < 0 ? map : kernel_update(&ld->kernel, map, &zero, &ld->tracers.settings);
}

/* Which calls the program of a tracer in the dispatcher sees. */
static const struct {
	uint32_t tracer, number;
} calls[] = {
	{ 0, 0 },			/* an array needs one */
#define SYSCALL(tracer, call) { TR_##tracer, SYS_##call },
#include "bpf/syscalls.def"
};

int
tracers_slot(struct loader *ld, unsigned int n, int prog)
{
	AUTO(fd) int progs = tracers_map(ld, "sys_progs");
	AUTO(fd) int slots = tracers_map(ld, "sys_slots");
	int err = progs < 0 ? progs : slots < 0 ? slots : 0;
	const uint32_t slot = n;

	if (!err && prog >= 0)
		err = kernel_update(&ld->kernel, progs, &slot, &prog);
	for (size_t i = 1; i < ARRAY_SIZE(calls) && !err; i++) {
		uint64_t mask;

		if (calls[i].tracer != n)
			continue;
		err = kernel_lookup(&ld->kernel, slots, &calls[i].number, &mask);
		mask = prog >= 0 ? mask | 1ULL << n : mask & ~(1ULL << n);
		if (!err)
			err = kernel_update(&ld->kernel, slots, &calls[i].number, &mask);
	}
	if (prog < 0)
		kernel_delete(&ld->kernel, progs, &slot);
	return err;
}
