/* SPDX-License-Identifier: Apache-2.0 */
#include "actions/cgroup.h"
#include "common/cgroup.h"

#define KILL_MS		5000

int
cgroup2_kill(int dir)
{
	int err = cgroup_write(dir, "cgroup.kill", "1");

	return err ? err : cgroup2_wait(dir, "populated 0", KILL_MS);
}
