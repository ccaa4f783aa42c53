/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes of uprobes that root declared.  Only into a file that nobody but root could have put
 * there, as after a reboot: a oneshot walks its path.
 */
#include <stdio.h>
#include <string.h>

#include "loader/handlers.h"
#include "loader/tracers_parts.h"

static int
look(struct loader *ld, unsigned int n, const struct declared *d, struct msg_result *res)
{
	struct msg_file_again m = { .uid = 0 };
	struct msg_one_fd facts;
	AUTO(fd) int file = -1;
	char pin[IPC_NAME_MAX];
	int err;

	snprintf(m.path, sizeof(m.path), "%s", d->path);
	err = oneshot_fd(ld, IPC_ONE_FILE_AGAIN, &m, NULL, &facts, &file, res);
	if (!err)
		err = tracers_uprobe_pin(file, pin);
	if (err || tracer_has_pin(&ld->tracers.t[n], pin))
		return err;
	if (d->target[0])
		return tracers_uprobe_in(ld, n, TAKE_FD(file), d->target, res);
	return tracers_uprobe_at(ld, n, TAKE_FD(file), d->offset, res);
}

void
tracers_declared_look(struct loader *ld)
{
	for (unsigned int n = TR_DECLARED; n < N_TRACERS; n++) {
		const struct declared *d = tracer_declared(ld, n);
		struct tracer_facts *f = &ld->tracers.t[n];
		struct msg_result res = { 0 };

		if (!d || d->kind != DECLARED_UPROBE || !f->loaded || f->looked)
			continue;
		f->looked = true;
		if (look(ld, n, d, &res))
			tracers_uprobe_refused(ld, n, &res);
	}
}
