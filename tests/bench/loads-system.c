/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of the machine: the least that each of their calls does, failing where it would change something. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loads.h"

#define OOM_LIMIT "2097152"

static bool
open_filesystem(void)
{
	int fd = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);

	return fd >= 0 && !close(fd);
}

static bool
make_map(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };
	int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));

	return fd >= 0 && !close(fd);
}

static bool
ask_log(void)
{
	return syscall(SYS_syslog, 10 /* size of the buffer */, NULL, 0) >= 0 || errno == ENOSYS;
}

static bool
remove_nothing(void)
{
	return syscall(SYS_delete_module, "no_such_module", 0) < 0;
}

/* ---- oom: a child takes more than its cgroup may have, by whichever version has the memory ---- */

static char group[128];

static bool
put(const char *file, const char *text)
{
	char path[256];
	int fd;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", group, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, text, strlen(text)) > 0;
	close(fd);
	return good;
}

static bool
make_group(void)
{
	snprintf(group, sizeof(group), "/sys/fs/cgroup/memory/bpfd-loads-%d", getpid());
	if (mkdir(group, 0755) == 0)
		return put("memory.limit_in_bytes", OOM_LIMIT);
	strcpy(group, "/sys/fs/cgroup");
	put("cgroup.subtree_control", "+memory");
	snprintf(group, sizeof(group), "/sys/fs/cgroup/bpfd-loads-%d", getpid());
	return mkdir(group, 0755) == 0 && put("memory.max", OOM_LIMIT) && (put("memory.swap.max", "0") || true);
}

static void
remove_group(void)
{
	rmdir(group);
}

static bool
be_killed(void)
{
	int status = 0;
	pid_t child = fork();

	if (!child) {
		if (!put("cgroup.procs", "0"))
			_exit(1);
		for (;;)
			memset(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, 1 << 20);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

/* ---- keyinput: a keyboard of our own ---- */

static int keyboard = -1;

static bool
make_keyboard(void)
{
	struct uinput_setup us = { .id = { .bustype = BUS_USB }, .name = "bpfd-loads" };

	keyboard = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
	return keyboard >= 0 && !ioctl(keyboard, UI_SET_EVBIT, EV_KEY) && !ioctl(keyboard, UI_SET_KEYBIT, KEY_A) &&
		!ioctl(keyboard, UI_DEV_SETUP, &us) && !ioctl(keyboard, UI_DEV_CREATE);
}

static bool
press(void)
{
	const struct input_event ev[] = { { .type = EV_KEY, .code = KEY_A, .value = 1 }, { .type = EV_SYN },
		{ .type = EV_KEY, .code = KEY_A }, { .type = EV_SYN } };

	return write(keyboard, ev, sizeof(ev)) == sizeof(ev);
}

static void
remove_keyboard(void)
{
	close(keyboard);
}

const struct load loads_system[] = {
	{ "oom", "fork, 2 MiB, killed for want of memory", 2, make_group, be_killed, remove_group },
	{ "keyinput", "a key of /dev/uinput pressed, released", 200, make_keyboard, press, remove_keyboard },
	{ "mount", "fsopen, close", 200, NULL, open_filesystem, NULL },
	{ "bpf", "MAP_CREATE, close", 50, NULL, make_map, NULL },
	{ "sysadmin", "syslog, the size", 1000, NULL, ask_log, NULL },
	{ "module", "delete_module of none", 500, NULL, remove_nothing, NULL },
	{ .tracer = NULL },
};
