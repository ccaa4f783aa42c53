/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "common/log.h"
#include "loader/tracers_parts.h"

#define PAGE 4096u

int
tracers_map(struct loader *ld, const char *name)
{
	char pin[IPC_NAME_MAX];

	snprintf(pin, sizeof(pin), "m-%s", name);
	return tracer_get(ld, TRACER_CORE, pin);
}

/* The kernel takes powers of two of whole pages only. */
uint32_t
tracers_ring_bytes(const struct loader *ld, enum ev_class class)
{
	uint64_t want = class == EV_CONTROL ? ld->cfg->events_control_bytes : ld->cfg->events_bulk_bytes;
	uint32_t bytes = PAGE;

	while (bytes < want && bytes < 1u << 30)
		bytes *= 2;
	return bytes;
}

int
tracers_settings(struct loader *ld)
{
	AUTO(fd) int map = tracers_map(ld, "settings");
	const uint32_t zero = 0;

	return map < 0 ? map : kernel_update(&ld->kernel, map, &zero, &ld->tracers.settings);
}

/* A ring buffer for each CPU, pinned so that it can be handed to an enricher later. */
static int
fill_rings(struct loader *ld, const char *array, enum ev_class class, char kind)
{
	AUTO(mem) uint32_t *cpus = calloc(ld->n_cpus, sizeof(*cpus));
	AUTO(mem) int *rings = calloc(ld->n_cpus, sizeof(*rings));
	AUTO(fd) int outer = tracers_map(ld, array);
	uint32_t n = 0;
	int err = !cpus || !rings ? -ENOMEM : outer < 0 ? outer : 0;

	for (; n < ld->n_cpus && !err; n++) {
		char pin[32];

		snprintf(pin, sizeof(pin), "%c-%u", kind, n);
		cpus[n] = n;
		rings[n] = kernel_ringbuf(&ld->kernel, array, tracers_ring_bytes(ld, class));
		err = rings[n] < 0 ? rings[n] : tracer_pin(ld, TRACER_CORE, pin, rings[n]);
	}
	if (!err)
		err = kernel_update_all(&ld->kernel, outer, cpus, sizeof(*cpus), rings, sizeof(*rings), n);
	for (uint32_t i = 0; rings && i < n; i++)
		close_keep_errno(rings[i]);
	return err;
}

static const struct {
	const char *array;
	enum ev_class class;
	char kind;
} ring_arrays[] = { { "rings_control", EV_CONTROL, 'c' }, { "rings_bulk", EV_BULK, 'b' } };

/* The core's object is linked with them as with maps of another. */
int
tracers_core_begin(struct loader *ld)
{
	AUTO(fd) int ring = kernel_ringbuf(&ld->kernel, "rings", PAGE);
	int err = ring < 0 ? ring : 0;

	ld->tracers.n_filled = 0;
	ld->tracers.fill_err = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ring_arrays) && !err; i++) {
		AUTO(fd) int array = kernel_map_array(&ld->kernel, ring_arrays[i].array, ring, ld->n_cpus);
		char pin[IPC_NAME_MAX];

		snprintf(pin, sizeof(pin), "m-%s", ring_arrays[i].array);
		err = array < 0 ? array : tracer_pin(ld, TRACER_CORE, pin, array);
	}
	return err;
}

bool
tracers_core_fill(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	unsigned int i = t->n_filled;

	if (i == ARRAY_SIZE(ring_arrays) || t->fill_err)
		return false;
	t->n_filled++;
	t->fill_err = fill_rings(ld, ring_arrays[i].array, ring_arrays[i].class, ring_arrays[i].kind);
	return true;
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
		uint32_t mask;

		if (calls[i].tracer != n)
			continue;
		err = kernel_lookup(&ld->kernel, slots, &calls[i].number, &mask);
		mask = prog >= 0 ? mask | 1u << n : mask & ~(1u << n);
		if (!err)
			err = kernel_update(&ld->kernel, slots, &calls[i].number, &mask);
	}
	if (prog < 0)
		kernel_delete(&ld->kernel, progs, &slot);
	return err;
}
