/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_NET_H
#define BPFD_TESTS_TRACERS_NET_H

/* Real packets: the loopback of a network namespace of the test's own, and a pair of interfaces to another one. */
#include <stdio.h>

#include "tracers-sock.h"

static char other[32];			/* the other network namespace */

/* $NS in it is the other namespace. */
static inline int
shell(const char *cmd)
{
	setenv("NS", other, 1);
	return system(cmd);
}

/* names: of tracers, NULL ends. */
static inline int
open_net(const char *const *names)
{
	int err = open_rig(names);

	if (err)
		return err;
	snprintf(other, sizeof(other), "bpfd-tr-%d", getpid());
	return shell("ip netns add $NS && ip link add trv0 type veth peer name trv1 netns $NS") ||
	       shell("ip addr add 10.99.9.1/24 dev trv0 && ip link set trv0 up && "
		     "ip -n $NS addr add 10.99.9.2/24 dev trv1 && ip -n $NS link set trv1 up");
}

static inline int
close_net(void **state)
{
	close_rig(state);
	return shell("ip netns del $NS");
}

#endif
