/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERS_SOCK_H
#define BPFD_TESTS_TRACERS_SOCK_H

/* Sockets in a network namespace of the test's own, and a rig of tracers that see them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tracers-own.h"

static uint32_t netns;			/* number of the test's own */

/* names: of tracers, NULL ends. */
static inline int
open_rig(const char *const *names)
{
	struct stat st;

	if (unshare(CLONE_NEWNET) || stat("/proc/self/ns/net", &st))
		return -1;
	netns = (uint32_t)st.st_ino;
	return system("ip link set lo up") ? -1 : tracerrig_open(names, NULL, &rig);
}

/* addr NULL: any. */
static inline socklen_t
address(int family, const char *addr, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	v4->sin_port = htons(port);		/* the same place in both */
	if (addr)
		assert_int_equal(inet_pton(family, addr, family == AF_INET ? (void *)&v4->sin_addr : &v6->sin6_addr), 1);
	return family == AF_INET ? sizeof(*v4) : sizeof(*v6);
}

static inline int
bound(int family, int type, const char *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = address(family, addr, port, &sa);
	int fd = socket(family, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static inline uint16_t
port_of(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin6_port);
}

static inline void
assert_address(const uint8_t *have, int family, const char *want)
{
	uint8_t addr[16] = { [10] = 0xff, 0xff };

	assert_int_equal(inet_pton(family, want, family == AF_INET ? addr + 12 : addr), 1);
	assert_memory_equal(have, addr, 16);
}

/* The only event of this process. */
static inline const void *
only(unsigned int tracer, unsigned int event)
{
	const void *found = tracerrig_wait(rig, tracer, event, (uint32_t)getpid());
	size_t at = 0;

	assert_non_null(found);
	assert_ptr_equal(tracerrig_next(rig, &at, tracer, event, (uint32_t)getpid()), found);
	assert_null(tracerrig_next(rig, &at, tracer, event, (uint32_t)getpid()));
	return found;
}

static inline void
nothing(unsigned int tracer, unsigned int event)
{
	size_t at = 0;

	tracerrig_drain(rig, 100);
	assert_null(tracerrig_next(rig, &at, tracer, event, (uint32_t)getpid()));
}

#endif
