/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BROKERRIG_H
#define BPFD_TESTS_BROKERRIG_H

/* Loads, and what came of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/memfd.h"
#include "component/rig.h"

#define GID 7
static struct rig rig;
static struct rig_answer answer;	/* large; each test fills it anew */
static struct msg_load request;

static inline struct msg_load *
new_request(uint64_t gid, const char *program)
{
	memset(&request, 0, sizeof(request));
	request.gid = gid;
	if (program) {
		request.n_progs = 1;
		request.progs[0].attach_type = IPC_ANY_ATTACH;
		snprintf(request.progs[0].name, IPC_NAME_MAX, "%s", program);
	}
	return &request;
}

/* The text goes into the failure's message, which is what one wants to read then. */
static inline void
assert_loaded(int err)
{
	if (err || answer.res.code != IPC_OK)
		fail_msg("err=%d code=%u: %s\n%.2000s", err, answer.res.code, answer.res.text, answer.log);
}

static inline void
assert_refused(int err, enum ipc_code code, const char *part)
{
	if (err || answer.res.code != code || !strstr(answer.res.text, part))
		fail_msg("err=%d code=%u (expected %u): %s", err, answer.res.code, code, answer.res.text);
}

static inline void
assert_nothing_is_left(void)
{
	assert_int_equal(rig_pins(&rig, "prog"), 0);
	assert_int_equal(rig_pins(&rig, "map"), 0);
	assert_int_equal(rig_pins(&rig, "link"), 0);
	assert_int_equal(rig_pins(&rig, "byname"), 0);
}

static inline void
load_and_unload(const char *object, unsigned int progs, unsigned int maps)
{
	assert_loaded(rig_load(&rig, object, new_request(GID, NULL), &answer));
	assert_int_equal(answer.n_progs, progs);
	assert_int_equal(answer.n_maps, maps);
	assert_int_equal(answer.res.n_items, progs + maps);
	assert_int_equal(rig_pins(&rig, "prog"), progs);
	assert_int_equal(rig_pins(&rig, "map"), maps + (maps > 0));
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_nothing_is_left();
}

static inline int
load_bytes(const void *data, size_t len)
{
	AUTO(fd) int fd = memfd_sealed("object", data, len);
	AUTO(fd) int client = rig_client();

	return rig_request(&rig, IPC_LOAD, new_request(GID, NULL), (int[]){ fd, client }, &answer);
}

static inline int
open_rig(void **state)
{
	return rig_open(&rig) || rig_start(&rig) ? -1 : 0;
}

static inline int
close_rig(void **state)
{
	int status = rig_stop(&rig, STOP_DETACH);

	rig_close(&rig);
	return status;
}

#endif
