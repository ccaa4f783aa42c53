/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfd/paths.h"

#include <errno.h>
#include <stdio.h>

static int
join(char *out, const char *dir, const char *rest)
{
	int n = snprintf(out, PATHS_MAX, "%s%s", dir, rest);

	return n < 0 || n >= PATHS_MAX ? -ENAMETOOLONG : 0;
}

int
paths_init(const char *root, struct paths *out)
{
	struct paths p = { .private = root != NULL };
	const char *dir = root ? root : "";
	int err;

	err = join(p.config, root ? dir : BPFD_SYSCONFDIR, root ? "/etc/bpfd.toml" : "/bpfd/bpfd.toml");
	if (!err)
		err = join(p.run, root ? dir : BPFD_RUNSTATEDIR, root ? "/run" : "/bpfd");
	if (!err)
		err = join(p.state, root ? dir : BPFD_LOCALSTATEDIR, root ? "/state" : "/lib/bpfd");
	if (!err)
		err = join(p.spool, root ? dir : BPFD_LOCALSTATEDIR, root ? "/spool" : "/spool/bpfd");
	if (!err)
		err = join(p.log, root ? dir : BPFD_LOCALSTATEDIR, root ? "/log" : "/log/bpfd");
	if (!err)
		err = join(p.checkpoints, root ? dir : BPFD_LOCALSTATEDIR, root ? "/checkpoint" : "/lib/bpfd-checkpoint");
	if (!err)
		err = join(p.checkpoint_sock, p.run, "/checkpoint.sock");
	if (!err)
		err = join(p.rules, root ? dir : BPFD_SYSCONFDIR, root ? "/etc/rules" : "/bpfd/rules");
	if (!err)
		err = join(p.actions, root ? dir : BPFD_SYSCONFDIR, root ? "/etc/actions.d" : "/bpfd/actions.d");
	if (!err)
		err = join(p.sock, p.run, "/bpfd.sock");
	if (!err)
		err = join(p.lock, p.run, "/bpfd.lock");
	if (!err)
		err = join(p.bpffs, p.run, "/bpffs");
	if (!err)
		err = join(p.empty, p.run, "/empty");
	if (!err)
		*out = p;
	return err;
}
