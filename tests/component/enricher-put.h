/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ENRICHER_PUT_H
#define BPFD_TESTS_ENRICHER_PUT_H

/* Events for the enricher of a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pwd.h>

#include "component/enricher-rig.h"

#define H "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OPENS (1ull << TR_OPEN)
static struct enrig rig;
static char room[FAKE_MAX] __attribute__((aligned(8)));

static inline void
skip_without_users(void)
{
	if (geteuid() == 0 && getpwnam("bpfd-enrich"))
		return;
	print_message("needs root and the users of tools/bpfd-setup-users\n");
	skip();
}

static inline int
set_up(void **state)
{
	if (geteuid() != 0 || !getpwnam("bpfd-enrich"))
		return 0;
	return enrig_open(&rig, 0, 0) || enrig_start(&rig);
}

static inline int
tear_down(void **state)
{
	if (rig.ring > 0)
		enrig_close(&rig);
	memset(&rig, 0, sizeof(rig));
	return 0;
}

static inline bool
is(const void *base, struct ev_str s, const char *want)
{
	return s.len == strlen(want) && memcmp((const char *)base + s.off, want, s.len) == 0;
}

static inline void
put_open(unsigned int ring, uint64_t ts, uint32_t tgid, const char *path)
{
	assert_true(enrig_put(&rig, ring, room, fake_open(room, ts, tgid, path)));
}

static inline void
put_proc(unsigned int ring, uint64_t ts, uint32_t tgid, const char *exe)
{
	assert_true(enrig_put(&rig, ring, room, fake_proc(room, ts, tgid, 0, exe, "a\0b", 4)));
}

static inline void
put_cgroup(unsigned int ring, uint64_t ts, uint64_t id, uint32_t hierarchy, const char *path)
{
	assert_true(enrig_put(&rig, ring, room, fake_cgroup(room, ts, id, hierarchy, path)));
}

#endif
