/* SPDX-License-Identifier: Apache-2.0 */
/* The core's ring buffers: a oneshot makes them and waits for the kernel, while linkers are served. */
#include <errno.h>
#include <stdio.h>

#include "common/log.h"
#include "loader/tracers_parts.h"

#define PAGE 4096u

/* The kernel takes powers of two of whole pages only. */
uint32_t
tracers_ring_bytes(const struct loader *ld, enum ev_class class)
{
	const uint64_t want[N_EV_CLASSES] = { [EV_CONTROL] = ld->cfg->events_control_bytes,
		[EV_BULK] = ld->cfg->events_bulk_bytes, [EV_PRIORITY] = ld->cfg->events_priority_bytes };
	uint32_t bytes = PAGE;

	while (bytes < want[class] && bytes < 1u << 30)
		bytes *= 2;
	return bytes;
}

#define RINGS	"rings"

static const struct {
	const char *map;		/* what the kernel shows of a ring */
	char kind;
} classes[N_EV_CLASSES] = { [EV_CONTROL] = { "ring_control", 'c' }, [EV_BULK] = { "ring_bulk", 'b' },
	[EV_PRIORITY] = { "ring_priority", 'q' } };

/* The core's object is linked with it as with a map of another. */
int
tracers_core_begin(struct loader *ld)
{
	AUTO(fd) int ring = kernel_ringbuf(&ld->kernel, RINGS, PAGE);
	AUTO(fd) int array = ring < 0 ? ring : kernel_map_array(&ld->kernel, RINGS, ring, N_EV_CLASSES * ld->n_cpus);
	int err = array < 0 ? array : tracer_pin(ld, TRACER_CORE, "m-" RINGS, array);

	ld->tracers.filled = ld->tracers.rings_done = false;
	return err ? err : oneshot_order(ld);
}

void
tracers_rings_drop(struct loader *ld)
{
	chan_free(ld->tracers.rings);
	ld->tracers.rings = NULL;
}

static void
rings_over(struct loader *ld, int err)
{
	struct tracers *t = &ld->tracers;

	tracers_rings_drop(ld);
	t->rings_err = err;
	t->rings_done = true;
	t->step = true;
}

/* Pinned, so that it can be handed to an enricher later. */
static int
send_ring(struct loader *ld, enum ev_class class, uint32_t cpu, int array)
{
	const struct msg_ring req = { .place = EV_RING_PLACE(cpu, class), .n_places = N_EV_CLASSES * ld->n_cpus };
	AUTO(fd) int ring = kernel_ringbuf(&ld->kernel, classes[class].map, tracers_ring_bytes(ld, class));
	char pin[32];
	int err;

	snprintf(pin, sizeof(pin), "%c-%u", classes[class].kind, cpu);
	err = ring < 0 ? ring : tracer_pin(ld, TRACER_CORE, pin, ring);
	return err ? err : chan_send(ld->tracers.rings, IPC_ONE_RING, 0, &req, (int[]){ array, ring });
}

static int
send_rings(struct loader *ld)
{
	AUTO(fd) int array = tracers_map(ld, RINGS);
	int err = array < 0 ? array : 0;	/* the core was given up meanwhile */

	chan_set_phase(ld->tracers.rings, PHASE_RUN);
	for (uint32_t cpu = 0; cpu < ld->n_cpus; cpu++)
		for (int class = 0; class < N_EV_CLASSES && !err; class++)
			err = send_ring(ld, (enum ev_class)class, cpu, array);
	ld->counts.oneshots++;
	return err;
}

/* A oneshot for them came, or none can be had. */
void
tracers_rings_begin(struct loader *ld, int take_fd)
{
	int err = take_fd < 0 ? take_fd : chan_new(take_fd, ROLE_LOADER, FROM_ONESHOT, &ld->tracers.rings);

	if (!err)
		err = send_rings(ld);
	if (err)
		rings_over(ld, err);
}

void
tracers_rings_serve(struct loader *ld)
{
	const struct msg_result *res;
	struct chan_msg m;
	int err = chan_recv(ld->tracers.rings, &m);

	if (err == -EAGAIN)
		return;
	if (err > 0) {
		res = m.payload;
		err = m.hdr.type != IPC_ONE_RESULT ? -EPROTO : res->code == IPC_OK ? 0 :
			res->err < 0 ? res->err : -EIO;
		chan_drop_fds(&m);
	} else if (err == 0) {
		err = -EPIPE;
	}
	rings_over(ld, err);
}
