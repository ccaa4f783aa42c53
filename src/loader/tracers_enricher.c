/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The enricher's channel.  It gets the rings, the maps "shared" and "cgroup_kinds", and runs of the iterator: no
 * program, no link, and no other map.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/handlers.h"
#include "loader/tracers_parts.h"

#define SEND_WAIT_MS 500	/* for an enricher that does not read: then it is let go */
#define PAGE 4096u

static int
send(struct loader *ld, enum ipc_type type, const void *payload, int take_fd)
{
	AUTO(fd) int fd = take_fd;
	struct chan *ch = ld->tracers.enricher;
	struct pollfd p = { .fd = chan_fd(ch), .events = POLLOUT };
	int err;

	if (fd < 0 && type != IPC_EV_RINGS_END)
		return fd;
	err = chan_send_nonblock(ch, type, 0, payload, fd < 0 ? NULL : &fd);
	if (err == -EAGAIN && poll(&p, 1, SEND_WAIT_MS) > 0)
		err = chan_send_nonblock(ch, type, 0, payload, fd < 0 ? NULL : &fd);
	return err;
}

static int
send_rings(struct loader *ld, enum ev_class class, char kind)
{
	int err = 0;

	for (uint32_t cpu = 0; cpu < ld->n_cpus && !err; cpu++) {
		const struct msg_ev_ring m = { .data_bytes = tracers_ring_bytes(ld, class), .class_ = class,
			.cpu = cpu };
		char pin[32];

		snprintf(pin, sizeof(pin), "%c-%u", kind, cpu);
		err = send(ld, IPC_EV_RING, &m, tracer_get(ld, TRACER_CORE, pin));
	}
	return err;
}

/* Without one the enricher learns of a process by its first event. */
static int
send_tasks(struct loader *ld)
{
	const char *pin = tracer_pin_of(&ld->tracers.t[TRACER_CORE], 'i', NULL);
	AUTO(fd) int prog = pin ? tracer_get(ld, TRACER_CORE, pin) : -1;
	int iter = prog < 0 ? prog : kernel_iterator(&ld->kernel, prog);

	if (iter >= 0)
		return send(ld, IPC_EV_TASKS, NULL, iter);
	log_warn("tracers.tasks", "err=%s the processes that run are not known before their first event",
		pin ? strerrorname_np(-iter) : "none");
	return 0;
}

void
tracers_greet(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	const struct msg_ev_shared shared = { .n_cpus = ld->n_cpus,
		.bytes = ((uint64_t)sizeof(struct ev_cpu) * ld->n_cpus + PAGE - 1) / PAGE * PAGE };
	int err;

	if (!t->enricher || t->enricher_gone || !t->t[TRACER_CORE].loaded || !t->filled)
		return;
	/* What is known of processes and cgroups was known by another one. */
	t->settings.generation++;
	err = tracers_settings(ld);
	if (!err)
		err = send(ld, IPC_EV_SHARED, &shared, tracers_map(ld, "shared"));
	if (!err)
		err = send(ld, IPC_EV_KINDS, NULL, tracers_map(ld, "cgroup_kinds"));
	if (!err)
		err = send_rings(ld, EV_CONTROL, 'c');
	if (!err)
		err = send_rings(ld, EV_BULK, 'b');
	if (!err)
		err = send_rings(ld, EV_PRIORITY, 'q');
	if (!err)
		err = send_tasks(ld);
	if (!err)
		err = send(ld, IPC_EV_RINGS_END, NULL, -1);
	if (err) {
		log_err(err, "tracers.enricher", "it does not get its rings");
		t->enricher_gone = true;
	}
}

/* The loop takes it: this may come while a oneshot is waited for. */
int
on_LOADER_ENRICHER(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	close_keep_errno(ld->tracers.enricher_fd);
	ld->tracers.enricher_fd = TAKE_FD(fds[0]);
	return 0;
}

void
tracers_enricher(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	if (t->enricher && (t->enricher_gone || t->enricher_fd >= 0)) {
		chan_free(t->enricher);
		t->enricher = NULL;
	}
	t->enricher_gone = false;
	if (t->enricher_fd < 0)
		return;
	if (chan_new(TAKE_FD(t->enricher_fd), ROLE_LOADER, FROM_ENRICHER, &t->enricher) < 0) {
		log_err(-ENOMEM, "tracers.enricher", "an enricher is not served");
		return;
	}
	chan_set_phase(t->enricher, PHASE_RUN);
	tracers_greet(ld);
}
