/* SPDX-License-Identifier: Apache-2.0 */
/* Workloads of the tracers of the machine: the least that each of their calls does, failing where it would change something. */
#include <errno.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loads.h"

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

const struct load loads_system[] = {
	{ "mount", "fsopen, close", 200, NULL, open_filesystem, NULL },
	{ "bpf", "MAP_CREATE, close", 50, NULL, make_map, NULL },
	{ "sysadmin", "syslog, the size", 1000, NULL, ask_log, NULL },
	{ "module", "delete_module of none", 500, NULL, remove_nothing, NULL },
	{ .tracer = NULL },
};
