/* SPDX-License-Identifier: Apache-2.0 */
/* Containers' names: the supervisor is asked for each container once, and its answer is checked here. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memfd.h"
#include "enricher/enricher.h"

void
naming_ask(struct enricher *en, uint64_t now_ns)
{
	struct msg_container m = { 0 };
	enum runtime runtime;
	uint32_t seq;
	int err;

	if (!en->sup || !en->naming.n || !names_next(&en->naming, now_ns, &runtime, m.id, &seq))
		return;
	m.stores = names_stores(runtime);
	err = chan_send_nonblock(en->sup, IPC_CONTAINER_WANTED, seq, &m, NULL);
	if (err)
		names_found(&en->naming, seq, NULL);
}

/* Lists are NUL-terminated items, one after the other. */
static bool
labels_ok(const struct container_facts *f)
{
	const char *p = f->labels, *end = p + f->labels_len;

	if (f->labels_len > sizeof(f->labels))
		return false;
	for (const char *nul; p < end; p = nul + 1) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (!nul || !ipc_str_ok(p, (size_t)(nul - p) + 1))
			return false;
	}
	return true;
}

static bool
facts_ok(const struct container_facts *f)
{
	return IPC_STR_OK(f->name) && IPC_STR_OK(f->image) && IPC_STR_OK(f->pod) && IPC_STR_OK(f->k8s_ns) &&
		labels_ok(f);
}

int
naming_answer(struct enricher *en, uint32_t seq, const struct msg_container_found *m, int fd)
{
	long len = m->err ? m->err : memfd_seal_received(fd, sizeof(struct container_facts));
	const struct container_facts *f = len == (long)sizeof(*f) ? memfd_map(fd, (size_t)len) : NULL;

	if (f && !facts_ok(f)) {
		log_warn("enricher.container", "what bpfd-config read is not as it should be");
		munmap((void *)f, (size_t)len);
		f = NULL;
	}
	if (names_found(&en->naming, seq, f)) {
		en->cgroups.epoch++;	/* contexts are made anew */
		en->count[COUNT_named_containers]++;
	}
	if (f)
		munmap((void *)f, (size_t)len);
	naming_ask(en, clock_ns(CLOCK_MONOTONIC));
	return 0;
}
