/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring buffers of the tracers into their arrays.  The kernel lets nobody return from that before every
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

#define CPUS_MAX	4096
#define CLASSES_MAX	8
#define LIFE_S		60	/* Linux before 6.8 waits for each ring */
#define NEXT_MS		1000

static const struct sandbox_rule rules[] = {
#define SANDBOX_OP SANDBOX_OP_RING
#include "oneshot/sandbox.def"
};

static int
put_all(int array, const uint32_t *cpus, const int *rings, uint32_t n)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.batch.map_fd = (uint32_t)array;
	attr.batch.keys = (uintptr_t)cpus;
	attr.batch.values = (uintptr_t)rings;
	attr.batch.count = n;
	return compat_bpf(BPF_MAP_UPDATE_BATCH, &attr, sizeof(attr));
}

/* The rings of one class; the first of them is here already. */
static int
put_class(struct oneshot *o, uint32_t class, uint32_t n, int array, int first)
{
	AUTO(mem) uint32_t *cpus = calloc(n, sizeof(*cpus));
	AUTO(mem) int *rings = calloc(n, sizeof(*rings));

	if (!cpus || !rings)
		return -ENOMEM;
	rings[0] = first;
	for (uint32_t cpu = 1; cpu < n; cpu++) {
		const struct msg_ring *req;
		struct chan_msg m;
		int err = chan_wait(o->ch, &m, NEXT_MS);

		if (err <= 0)
			return err ? err : -EPIPE;
		req = m.payload;
		if (m.hdr.type != IPC_ONE_RING || req->class_ != class || req->cpu != cpu || req->n_cpus != n)
			return -EPROTO;
		cpus[cpu] = cpu;
		rings[cpu] = TAKE_FD(m.fds[1]);
		chan_drop_fds(&m);
	}
	return put_all(array, cpus, rings, n);	/* the end closes them */
}

static int
run(struct oneshot *o, const void *payload, int *fds)
{
	const struct msg_ring first = *(const struct msg_ring *)payload;
	const uint32_t n = first.n_cpus;
	int err = n && n <= CPUS_MAX && first.n_classes <= CLASSES_MAX ? put_class(o, 0, n, fds[0], fds[1]) : -EINVAL;

	for (uint32_t class = 1; class < first.n_classes && !err; class++) {
		struct chan_msg m;

		err = chan_wait(o->ch, &m, NEXT_MS);
		err = err <= 0 ? (err ? err : -EPIPE) : m.hdr.type != IPC_ONE_RING ? -EPROTO :
			put_class(o, class, n, m.fds[0], m.fds[1]);
	}
	return err ? one_refuse(o, IPC_INTERNAL, err, "rings for %u processors: %s", n, strerrordesc_np(-err)) :
		one_done(o);
}

const struct one_op op_ONE_RING = {
	.life_s = LIFE_S,
	.n_fds = CLASSES_MAX * CPUS_MAX + 32,
	ONE_RULES_FIELDS,
	.run = run,
};
