/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_ONESHOT_REFUSALS_H
#define BPFD_TESTS_ONESHOT_REFUSALS_H

/* What each operation of bpfd-oneshot must end in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "oneshot-run.h"

#define TRACEFS		"/sys/kernel/tracing"
static struct one_run run;

static inline void
assert_refused(enum ipc_code code, const char *text)
{
	assert_true(run.answered);
	if (run.res.code != code || !strstr(run.res.text, text))
		print_error("got code %u err %d text \"%s\"\n", run.res.code, run.res.err, run.res.text);
	assert_int_equal(run.res.code, code);
	assert_non_null(strstr(run.res.text, text));
	assert_true(run.res.err < 0);
	assert_int_equal(run.fd, -1);
}

static inline void
assert_accepted(void)
{
	if (!run.answered || run.fd < 0)
		print_error("got code %u err %d text \"%s\" status %x\n", run.res.code, run.res.err,
			run.res.text, (unsigned int)run.wait_status);
	assert_true(run.answered);
	assert_true(run.fd >= 0);
	assert_int_equal(run.wait_status, 0);
}

/* What every operation ends as. */
static inline void
assert_confined(uid_t uid, uint64_t caps)
{
	assert_int_equal(one_status(&run, "CapEff:", 16), caps);
	assert_int_equal(one_status(&run, "CapPrm:", 16), caps);
	assert_int_equal(one_status(&run, "CapInh:", 16), 0);
	assert_int_equal(one_status(&run, "CapAmb:", 16), 0);
	assert_int_equal(one_status(&run, "NoNewPrivs:", 10), 1);
	assert_int_equal(one_status(&run, "Seccomp:", 10), 2);
	assert_int_equal(one_status(&run, "Uid:", 10), uid);
}

static inline uid_t
once_uid(void)
{
	const struct passwd *pw = getpwnam("bpfd-once");

	return pw ? pw->pw_uid : 0;
}

static inline void
shell(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

static inline int
setup(void **state)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	shell("ip netns add one && ip -n one link add va0 type veth peer name va1");
	return mkfifo("/run/fifo", 0666);
}

static inline int
teardown(void **state)
{
	shell("ip netns del one");
	return 0;
}

#endif
