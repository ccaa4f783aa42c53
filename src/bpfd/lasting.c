/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and places that outlive the children who use them, made once. */
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "bpfd/sup.h"
#include "common/auto.h"
#include "common/log.h"
#include "ipc/state.h"
#include "ring/ring.h"

/*
 * A descriptor for those who only read.  Without a right on the file nobody makes a writable one
 * of it again by way of a /proc that he may open.
 */
static int
readonly(int fd, int *out)
{
	int ro = ring_readonly(fd);

	if (ro < 0)
		return ro;
	*out = ro;
	return fchmod(fd, 0) < 0 ? -errno : 0;
}

static int
make_ring(struct lasting *l)
{
	if (getrandom(&l->ring_epoch, sizeof(l->ring_epoch), 0) != sizeof(l->ring_epoch))
		return -errno;
	l->ring = ring_memfd(l->ring_bytes);
	return l->ring < 0 ? l->ring : readonly(l->ring, &l->ring_readonly);
}

static int
make_state(struct lasting *l)
{
	l->state = memfd_create("bpfd-state", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (l->state < 0 || ftruncate(l->state, (off_t)l->state_bytes) < 0 || fchmod(l->state, 0) < 0 ||
	    fcntl(l->state, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

static int
make_consumer(struct lasting *l, size_t i)
{
	int err;

	l->consumers[i].cursor = ring_cursor_memfd();
	if (l->consumers[i].cursor < 0)
		return l->consumers[i].cursor;
	err = readonly(l->consumers[i].cursor, &l->consumers[i].cursor_readonly);
	if (err)
		return err;
	l->consumers[i].event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return l->consumers[i].event < 0 ? -errno : 0;
}

/* A place that is missing is missed by the actions that need it, and by nobody else. */
static void
open_places(struct sup *s)
{
	struct lasting *l = &s->lasting;

	l->proc_dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	l->cgroup2 = -1;
	for (size_t i = 0; i < N_CGROUP1; i++)
		l->cgroup1[i] = -1;
	cgroups_open(l);
}

int
lasting_make(struct sup *s)
{
	struct lasting *l = &s->lasting;
	int err;

	l->ring_bytes = s->cfg->events_ring_bytes;
	l->state_bytes = state_bytes(s->cfg->events_processes, s->cfg->events_cgroups);
	l->n_cpus = (uint32_t)get_nprocs_conf();
	err = make_ring(l);
	for (size_t i = 0; i < N_CONSUMERS && !err; i++)
		err = make_consumer(l, i);
	if (!err)
		err = make_state(l);
	if (err)
		return log_err(err, "start.ring", "ring_bytes=%llu is /proc mounted?",
			(unsigned long long)l->ring_bytes), EXIT_FAILED;
	open_places(s);
	return 0;
}
