/* SPDX-License-Identifier: Apache-2.0 */
/* The arrays of stubs: each is pinned for as long as its link, or the kernel would empty it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"
#include "loader/objects.h"
#include "loader/tc_stub.h"

#define PATH_ROOM 64

static const char *
stub_path(char out[PATH_ROOM], uint64_t link_id)
{
	snprintf(out, PATH_ROOM, "link/%" PRIu64 "=", link_id);
	return out;
}

int
objects_open_stub(struct objects *t, uint64_t link_id)
{
	char path[PATH_ROOM];

	return kernel_get(t->kernel, stub_path(path, link_id));
}

int
objects_pin_stub(struct objects *t, uint64_t link_id, int array)
{
	char path[PATH_ROOM];

	return kernel_pin(t->kernel, array, stub_path(path, link_id));
}

void
objects_drop_stub(struct objects *t, uint64_t link_id)
{
	char path[PATH_ROOM];

	for (size_t i = 0; i < t->n_links; i++)
		if (t->links[i].facts.link_id == link_id && t->links[i].facts.stub_id)
			return;
	unlinkat(AT_FDCWD, stub_path(path, link_id), 0);
}

int
objects_found_stub(struct objects *t, const char *name)
{
	uint64_t link_id;
	int end = 0;

	if (sscanf(name, "%" SCNu64 "=%n", &link_id, &end) == 1 && end && !name[end])
		objects_drop_stub(t, link_id);
	return 0;
}

void
objects_stub_facts(struct objects *t, struct obj_link *l)
{
	AUTO(fd) int array = objects_open_stub(t, l->facts.link_id);
	int err = array < 0 ? array : tc_stub_prog(t->kernel, array, &l->facts.prog_id);

	if (err)
		log_err(err, "loader.stub", "link=%" PRIu64 " drops all packets: its program is gone",
			l->facts.link_id);
}
