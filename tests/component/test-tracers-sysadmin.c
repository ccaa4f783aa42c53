/* SPDX-License-Identifier: Apache-2.0 */
/* sysadmin: calls that this machine survives, and the others where they fail. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/reboot.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <time.h>

#include "bpf/sysadmin.h"
#include "tracers-own.h"

static const char *const tracers[] = { "sysadmin", NULL };

static int
setup(void **state)
{
	if (tracerrig_open(tracers, NULL, &rig))
		return -1;
	own_alone(TR_SYSADMIN);
	return unshare(CLONE_NEWUTS) || chdir("/tmp");
}

static const struct ev_sysadmin *
last_call(unsigned int event)
{
	return last(TR_SYSADMIN, event);
}

static void
reads_names_from_the_kernel(void **state)
{
	const struct ev_sysadmin *e;

	assert_int_equal(sethostname("own-host", 8), 0);
	e = last_call(SYSADMIN_SETHOSTNAME);
	assert_str(e, e->text, "own-host");
	assert_int_equal(e->h.flags, 0);
	assert_int_equal(setdomainname("own.domain", 10), 0);
	e = last_call(SYSADMIN_SETDOMAINNAME);
	assert_str(e, e->text, "own.domain");
	assert_int_equal(syscall(SYS_sethostname, "x", -1), -1);
	e = last_call(SYSADMIN_SETHOSTNAME);
	assert_int_equal(e->h.ret, -EINVAL);
	assert_true(e->h.flags & EV_UNTRUSTED);
}

static void
tells_of_swaps_and_accounts_by_their_path(void **state)
{
	const struct ev_sysadmin *e;

	assert_int_equal(swapon("no-swap", SWAP_FLAG_PREFER), -1);
	e = last_call(SYSADMIN_SWAPON);
	assert_str(e, e->path, "/tmp/no-swap");
	assert_int_equal(e->flags, SWAP_FLAG_PREFER);
	assert_true(e->h.ret < 0);
	assert_int_equal(e->h.flags, EV_UNTRUSTED | EV_UNRESOLVED);
	assert_int_equal(swapoff("/no/swap"), -1);
	e = last_call(SYSADMIN_SWAPOFF);
	assert_str(e, e->path, "/no/swap");
	assert_int_equal(syscall(SYS_acct, "/no/account"), -1);
	e = last_call(SYSADMIN_ACCT);
	assert_str(e, e->path, "/no/account");
}

static void
tells_what_a_clock_is_set_to(void **state)
{
	const struct timespec t = { 1234567, 0 };
	const struct ev_sysadmin *e;

	assert_int_equal(clock_settime(CLOCK_MONOTONIC, &t), -1);
	e = last_call(SYSADMIN_CLOCK_SETTIME);
	assert_int_equal(e->n[0], 1234567);
	assert_int_equal(e->n[1], CLOCK_MONOTONIC);
	assert_int_equal(e->h.ret, -EINVAL);
}

/* The kernel refuses another magic number before it does anything. */
static void
tells_of_a_reboot_that_did_not_come_and_of_a_kernel_that_was_not_loaded(void **state)
{
	const struct ev_sysadmin *e;
	int kernel = open("/bin/true", O_RDONLY);

	assert_int_equal(syscall(SYS_reboot, 0, 0, LINUX_REBOOT_CMD_KEXEC, NULL), -1);
	e = last_call(SYSADMIN_REBOOT);
	assert_int_equal(e->op, LINUX_REBOOT_CMD_KEXEC);
	assert_int_equal(e->h.ret, -EINVAL);

	assert_int_equal(syscall(SYS_kexec_file_load, kernel, -1, 7, "single", 0x100), -1);
	e = last_call(SYSADMIN_KEXEC_FILE_LOAD);
	assert_string_equal(strrchr(tracerrig_str(e, e->path), '/'), "/true");
	assert_str(e, e->text, "single");
	assert_int_equal(e->flags, 0x100);
	assert_int_equal(e->initrd.len, 0);
	close(kernel);
}

static void
tells_who_watches_and_what(void **state)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_PAGE_FAULTS };
	const struct ev_sysadmin *e;
	int fd = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	assert_true(fd >= 0);
	e = last_call(SYSADMIN_PERF_EVENT_OPEN);
	assert_int_equal(e->op, PERF_TYPE_SOFTWARE);
	assert_int_equal(e->n[2], PERF_COUNT_SW_PAGE_FAULTS);
	assert_int_equal(e->n[0], 0);
	assert_int_equal(e->n[1], -1);
	assert_int_equal(e->flags, PERF_FLAG_FD_CLOEXEC);
	assert_int_equal(e->h.flags, 0);
	close(fd);
	attr.type = 77777;
	assert_int_equal(syscall(SYS_perf_event_open, &attr, 1, 0, -1, 0), -1);
	e = last_call(SYSADMIN_PERF_EVENT_OPEN);
	assert_int_equal(e->op, 77777);
	assert_int_equal(e->n[0], 1);
	assert_int_equal(e->h.flags, EV_UNTRUSTED);

	fd = (int)syscall(SYS_userfaultfd, 1 | O_CLOEXEC);
	e = last_call(SYSADMIN_USERFAULTFD);
	assert_int_equal(e->flags, 1 | O_CLOEXEC);
	assert_int_equal(e->h.ret, fd < 0 ? -errno : fd);
	close(fd);
	fd = (int)syscall(SYS_fanotify_init, 0x200, 0);
	e = last_call(SYSADMIN_FANOTIFY_INIT);
	assert_int_equal(e->flags, 0x200);
	close(fd);
	assert_true(syscall(SYS_syslog, 10, NULL, 0) != 0);
	assert_int_equal(last_call(SYSADMIN_SYSLOG)->op, 10);
}

static void
tells_of_keys_and_not_what_is_in_them(void **state)
{
	const struct ev_sysadmin *e;
	long ring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), key;

	e = last_call(SYSADMIN_KEYCTL);
	assert_int_equal(e->op, KEYCTL_JOIN_SESSION_KEYRING);
	if (ring < 0 && errno == ENOSYS)
		skip();
	key = syscall(SYS_add_key, "user", "own:key", "the secret", 10, KEY_SPEC_SESSION_KEYRING);
	assert_true(key > 0);
	e = last_call(SYSADMIN_ADD_KEY);
	assert_str(e, e->type, "user");
	assert_str(e, e->text, "own:key");
	assert_int_equal(e->h.ret, key);
	assert_null(memmem(e, e->h.len, "secret", 6));
	assert_int_equal(syscall(SYS_keyctl, KEYCTL_REVOKE, key), 0);
	e = last_call(SYSADMIN_KEYCTL);
	assert_int_equal(e->op, KEYCTL_REVOKE);
	assert_int_equal(e->n[0], key);
}

static void
tells_of_ports(void **state)
{
	const struct ev_sysadmin *e;

	assert_int_equal(syscall(SYS_iopl, 9), -1);
	e = last_call(SYSADMIN_IOPL);
	assert_int_equal(e->n[0], 9);
	assert_true(e->h.ret == -EINVAL || e->h.ret == -ENOSYS);	/* CONFIG_X86_IOPL_IOPERM */
	assert_int_equal(syscall(SYS_ioperm, 0x80000, 1, 1), -1);
	e = last_call(SYSADMIN_IOPERM);
	assert_int_equal(e->n[0], 0x80000);
	assert_int_equal(e->n[1], 1);
	assert_int_equal(e->n[2], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_names_from_the_kernel),
		TEST(tells_of_swaps_and_accounts_by_their_path),
		TEST(tells_what_a_clock_is_set_to),
		TEST(tells_of_a_reboot_that_did_not_come_and_of_a_kernel_that_was_not_loaded),
		TEST(tells_who_watches_and_what),
		TEST(tells_of_keys_and_not_what_is_in_them),
		TEST(tells_of_ports),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
