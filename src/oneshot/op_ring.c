/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring buffers of the tracers into their array.  The kernel lets nobody return from that before every
 * processor has passed a quiet moment: 10 to 20 ms in which the loader has other things to do.  No
 * right is needed for it but the descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "common/bpf_compat.h"
#include "oneshot/oneshot.h"

#define PLACES_MAX	32768
#define LIFE_S		60	/* Linux before 6.8 waits for each ring */
#define NEXT_MS		1000

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_RING
#include "oneshot/sandbox.def"
};

static int
put_all(int array, const uint32_t *places, const int *rings, uint32_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)array;
	attr.batch.keys = (uintptr_t)places;
	attr.batch.values = (uintptr_t)rings;
	attr.batch.count = n;
	return compat_bpf(BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
}

/* The first of them is here already.  The end closes them. */
static int
put_rings(struct oneshot *o, uint32_t n, int array, int first)
{
	AUTO(mem) uint32_t *places = calloc(n, sizeof(*places));
	AUTO(mem) int *rings = calloc(n, sizeof(*rings));

	if (!places || !rings)
		return -ENOMEM;
	rings[0] = first;
	for (uint32_t i = 1; i < n; i++) {
		const struct msg_ring *req;
		struct chan_msg m;
		int err = chan_wait(o->ch, &m, NEXT_MS);

		if (err <= 0)
			return err ? err : -EPIPE;
		req = m.payload;
		if (m.hdr.type != IPC_ONE_RING || req->place != i || req->n_places != n)
			return -EPROTO;
		places[i] = i;
		rings[i] = TAKE_FD(m.fds[1]);
		chan_drop_fds(&m);
	}
	return put_all(array, places, rings, n);
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_ring first = *(const struct msg_ring *)payload;
	const uint32_t n = first.n_places;
	int err = n && n <= PLACES_MAX && first.place == 0 ? put_rings(o, n, fds[0], fds[1]) : -EINVAL;

	return err ? one_refuse(o, IPC_INTERNAL, err, "%u rings: %s", n, strerrordesc_np(-err)) : one_done(o);
}

const struct one_op op_ONE_RING = {
	.life_s = LIFE_S,
	.n_fds = PLACES_MAX + 32,
	ONE_RULES_FIELDS,
	.run = run,
};
