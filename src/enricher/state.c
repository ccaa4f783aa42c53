/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "common/auto.h"
#include "common/log.h"
#include "enricher/enricher.h"

/* The same memory when it is of this shape; else anew. */
static void
begin(struct state_head *h, uint64_t procs, uint64_t cgroups, uint64_t large)
{
	if (h->magic == STATE_MAGIC && h->n_procs == procs && h->n_cgroups == cgroups &&
	    h->n_large == large)
		return;
	memset(h, 0, sizeof(*h));
	h->n_procs = procs;
	h->n_cgroups = cgroups;
	h->n_large = large;
	h->magic = STATE_MAGIC;
}

static int
map_state(struct enricher *en, int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *p;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size < state_bytes(en->cfg->events_processes, en->cfg->events_cgroups))
		return -EINVAL;
	en->state_bytes = (size_t)st.st_size;
	p = mmap(NULL, en->state_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	en->state = p;
	return 0;
}

int
state_attach(struct enricher *en, int fd)
{
	uint64_t procs = en->cfg->events_processes, cgroups = en->cfg->events_cgroups;
	uint64_t large = state_n_large(procs, cgroups);
	unsigned char *base;
	int err = map_state(en, fd);

	if (err)
		return err;
	begin(en->state, procs, cgroups, large);
	base = (unsigned char *)en->state + STATE_HEAD_BYTES;
	err = pool_init(&en->pool, base + (procs + 2 * cgroups) * STATE_SLOT_BYTES, (uint32_t)large,
		&en->state->high_large);
	if (!err)
		err = naming_init(&en->naming, base + (procs + cgroups) * STATE_SLOT_BYTES, (uint32_t)cgroups,
			&en->state->high_names, &en->pool);
	if (!err)
		err = cgroups_init(&en->cgroups, base + procs * STATE_SLOT_BYTES, (uint32_t)cgroups,
			&en->state->high_cgroups, &en->pool, &en->naming);
	if (!err)
		err = procs_init(&en->procs, base, (uint32_t)procs, &en->state->high_procs, &en->pool,
			&en->cgroups, &en->state->host_mntns);
	pool_ready(&en->pool);
	return err;
}

void
state_detach(struct enricher *en)
{
	procs_fini(&en->procs);
	cgroups_fini(&en->cgroups);
	naming_fini(&en->naming);
	pool_fini(&en->pool);
	if (en->state)
		munmap(en->state, en->state_bytes);
}
