/* SPDX-License-Identifier: Apache-2.0 */
/* The container's freezer: how it was found, and how it is left. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "checkpoint/checkpoint.h"
#include "common/auto.h"
#include "common/cgroup.h"

int
freezer_open(int cgroup, bool v1, struct freezer *out)
{
	struct freezer f = { .v1 = v1, .cgroup = cgroup,
		.was_frozen = v1 ? cgroup1_frozen(cgroup) : cgroup2_frozen(cgroup) };

	/* Now, while the rights are there: a cgroup may be a user's. */
	f.state = openat(cgroup, v1 ? "freezer.state" : "cgroup.freeze", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f.state < 0)
		return -errno;
	f.frozen = f.was_frozen;
	*out = f;
	return 0;
}

int
freezer_freeze(struct freezer *f)
{
	f->frozen = true;		/* one that was not in time is to be thawed, too */
	return f->v1 ? cgroup1_freeze(f->cgroup, true) : cgroup2_freeze(f->cgroup, true);
}

/* One write, by the descriptor that is open: thawing is at once, and who is to be frozen already is. */
int
freezer_leave(const struct freezer *f, bool frozen)
{
	const char *text = f->v1 ? frozen ? "FROZEN" : "THAWED" : frozen ? "1" : "0";

	if (f->state < 0 || write(f->state, text, strlen(text)) > 0)
		return 0;
	return errno == ENODEV ? 0 : -errno;	/* the cgroup is gone */
}
