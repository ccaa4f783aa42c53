/* SPDX-License-Identifier: Apache-2.0 */
/* module, oom, keyinput: what the kernel itself does.  Where it lacks a part the test says so. */
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "bpf/keyinput.h"
#include "bpf/module.h"
#include "bpf/oom.h"
#include "tracers-own.h"

#define MODULE "dummy"			/* of the kernel's own, that nobody misses */

static int
open_one(const char *name)
{
	const char *const names[] = { name, NULL };

	return tracerrig_open(names, NULL, &rig);
}

static bool
has_modules(void)
{
	return access("/proc/modules", R_OK) == 0;
}

/* ---- module ---- */

static int
open_module(void **state)
{
	return open_one("module");
}

/* These calls are there on a kernel without modules too, and say so. */
static void
module_tells_of_what_failed(void **state)
{
	const struct ev_module *e;
	int fd = open("/bin/true", O_RDONLY);

	own_alone(TR_MODULE);
	assert_int_equal(syscall(SYS_finit_module, fd, "color=red", 1), -1);
	e = last(TR_MODULE, MODULE_FINIT);
	assert_true(e->h.ret < 0);
	if (e->h.ret != -ENOSYS)
		assert_string_equal(strrchr(tracerrig_str(e, e->path), '/'), "/true");
	assert_str(e, e->params, "color=red");
	assert_int_equal(e->flags, 1);
	close(fd);
	assert_int_equal(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK), -1);
	e = last(TR_MODULE, MODULE_DELETE);
	assert_str(e, e->name, "no_such_module");
	assert_int_equal(e->flags, O_NONBLOCK);
	assert_int_equal(syscall(SYS_init_module, NULL, 0, "x=1"), -1);
	assert_str(last(TR_MODULE, MODULE_INIT), ((const struct ev_module *)last(TR_MODULE, MODULE_INIT))->params, "x=1");
}

static const struct ev_module *
of_module(unsigned int event)
{
	const struct ev_module *e;
	size_t at = 0;

	tracerrig_drain(rig, 500);
	while ((e = tracerrig_next(rig, &at, TR_MODULE, event, 0)))
		if (strstr(tracerrig_str(e, e->name), MODULE) || strstr(tracerrig_str(e, e->path), MODULE))
			return e;
	return NULL;
}

static void
module_tells_of_what_the_kernel_did(void **state)
{
	if (!has_modules()) {
		assert_non_null(strstr(tracerrig_missing(rig), "tp_btf/module_load"));
		return;		/* the tracer says so, too */
	}
	assert_string_equal(tracerrig_missing(rig), "");
	tracerrig_forget(rig);
	assert_int_equal(system("modprobe " MODULE), 0);
	assert_non_null(of_module(MODULE_LOAD));
	assert_non_null(of_module(MODULE_FINIT) ? (const void *)of_module(MODULE_FINIT) :
			tracerrig_find(rig, TR_MODULE, MODULE_INIT, 0));
	assert_int_equal(system("modprobe -r " MODULE), 0);
	assert_non_null(of_module(MODULE_FREE));
	assert_non_null(of_module(MODULE_DELETE));
}

static void
module_tells_what_the_kernel_asks_for(void **state)
{
	if (!has_modules())
		return;
	/* A protocol that nobody has. */
	assert_int_equal(syscall(SYS_socket, 9, 1, 0), -1);
	for (size_t at = 0;;) {
		const struct ev_module *e;

		tracerrig_drain(rig, 200);
		e = tracerrig_next(rig, &at, TR_MODULE, MODULE_REQUEST, 0);
		assert_non_null(e);
		if (!strcmp(tracerrig_str(e, e->name), "net-pf-9"))
			return;
	}
}

/* ---- oom ---- */

static char group[128];

static int
open_oom(void **state)
{
	return open_one("oom");
}

static bool
put(const char *file, const char *text)
{
	char path[256];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = open(path, O_WRONLY);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	close(fd);
	return n > 0;
}

/* A cgroup that may have 16 MiB, by whichever version has the memory. */
static bool
make_group(void)
{
	snprintf(group, sizeof(group), "/sys/fs/cgroup/memory/bpfd-oom-%d", getpid());
	if (mkdir(group, 0755) == 0)
		return put("memory.limit_in_bytes", "16777216");
	strcpy(group, "/sys/fs/cgroup");
	put("cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "/sys/fs/cgroup/bpfd-oom-%d", getpid());
	return mkdir(group, 0755) == 0 && put("memory.max", "16777216") && (put("memory.swap.max", "0") || true);
}

static void
take_much(void)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (!put("cgroup.procs", pid))
		_exit(1);
	for (;;)
		memset(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);
}

/* Of this process, as its child has it too: a sanitizer's is terabytes. */
static unsigned long
own_kb(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_int_equal(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

static void
oom_tells_who_is_killed(void **state)
{
	const unsigned long before_kb = own_kb();
	const struct ev_oom *e;
	pid_t child;
	int status;
	size_t at = 0;

	assert_true(make_group());
	child = fork();
	if (!child)
		take_much();
	assert_int_equal(waitpid(child, &status, 0), child);
	rmdir(group);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	tracerrig_drain(rig, 1000);
	do
		e = tracerrig_next(rig, &at, TR_OOM, OOM_VICTIM, 0);
	while (e && e->target.pid != (uint32_t)child);
	assert_non_null(e);
	assert_int_equal(e->target.uid, getuid());
	assert_string_equal(e->target.comm, "test-tracers-ke");
	assert_in_range(e->total_kb, before_kb + 8000, before_kb + 64000);
	assert_in_range(e->anon_kb, 10000, e->total_kb);
}

/* ---- keyinput ---- */

static int keyboard = -1;

static int
open_keyinput(void **state)
{
	int err = open_one("keyinput");

	return err == -EPERM || err == -EINVAL ? 0 : err;
}

static bool
make_keyboard(void)
{
	struct uinput_setup us = { .id = { .bustype = BUS_USB, .vendor = 0x1234, .product = 0x5678 }, .name = "own keyboard" };

	if (access("/dev/uinput", W_OK) && system("modprobe uinput"))
		return false;
	keyboard = open("/dev/uinput", O_WRONLY);
	return keyboard >= 0 && !ioctl(keyboard, UI_SET_EVBIT, EV_KEY) && !ioctl(keyboard, UI_SET_KEYBIT, KEY_A) &&
		!ioctl(keyboard, UI_SET_KEYBIT, BTN_LEFT) && !ioctl(keyboard, UI_DEV_SETUP, &us) &&
		!ioctl(keyboard, UI_DEV_CREATE);
}

static void
type(uint16_t code, int value)
{
	struct input_event ev[2] = { { .type = EV_KEY, .code = code, .value = value }, { .type = EV_SYN } };

	assert_int_equal(write(keyboard, ev, sizeof(ev)), sizeof(ev));
}

static void
keyinput_counts_and_tells_nothing_else(void **state)
{
	uint64_t presses = 0, releases = 0, moves = 0;
	const struct ev_keyinput *e;
	size_t at = 0;

	if (!rig) {
		print_message("this kernel lets no fexit program load (lockdown)\n");
		skip();
	}
	assert_true(make_keyboard());
	for (int i = 0; i < 30; i++) {
		type(KEY_A, 1);
		type(KEY_A, 0);
		usleep(20000);
	}
	type(BTN_LEFT, 1);
	sleep(3);
	tracerrig_drain(rig, 500);
	while ((e = tracerrig_next(rig, &at, TR_KEYINPUT, KEYINPUT_COUNT, 0))) {
		if (strcmp(e->name, "own keyboard"))
			continue;
		assert_int_equal(e->vendor, 0x1234);
		assert_true(e->h.flags & EV_NO_OWNER);
		/* At a whole second, whenever the first key was: half of one for a slow machine. */
		assert_true(e->h.ts % 1000000000 < 500000000);
		presses += e->presses;
		releases += e->releases;
		moves += e->moves;
	}
	assert_int_equal(presses, 30);
	assert_int_equal(releases, 30);
	assert_int_equal(moves, 1);
	close(keyboard);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(module_tells_of_what_failed, open_module, close_rig),
		cmocka_unit_test_setup_teardown(module_tells_of_what_the_kernel_did, open_module, close_rig),
		cmocka_unit_test_setup_teardown(module_tells_what_the_kernel_asks_for, open_module, close_rig),
		cmocka_unit_test_setup_teardown(oom_tells_who_is_killed, open_oom, close_rig),
		cmocka_unit_test_setup_teardown(keyinput_counts_and_tells_nothing_else, open_keyinput, close_rig),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
