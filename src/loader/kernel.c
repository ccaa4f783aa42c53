/* SPDX-License-Identifier: Apache-2.0 */
#include "loader/kernel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define AT(member)  offsetof(union bpf_attr, member)
#define END(member) (uint32_t)(AT(member) + sizeof(((union bpf_attr *)0)->member))

long
kernel_bpf(uint32_t cmd, union bpf_attr *attr, uint32_t size)
{
	long ret = syscall(__NR_bpf, cmd, attr, size);

	return ret < 0 ? -errno : ret;
}

int
kernel_get(struct kernel *k, const char *path)
{
	union bpf_attr attr = { 0 };

	attr.pathname = (uintptr_t)path;
	k->calls++;
	return (int)k->call(BPF_OBJ_GET, &attr, END(file_flags));
}

int
kernel_pin(struct kernel *k, int fd, const char *path)
{
	union bpf_attr attr = { 0 };

	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = (uint32_t)fd;
	k->calls++;
	return (int)k->call(BPF_OBJ_PIN, &attr, END(file_flags));
}

int
kernel_info(struct kernel *k, int fd, void *info, uint32_t len)
{
	union bpf_attr attr = { 0 };

	memset(info, 0, len);
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = len;
	attr.info.info = (uintptr_t)info;
	k->calls++;
	return (int)k->call(BPF_OBJ_GET_INFO_BY_FD, &attr, END(info.info));
}

int
kernel_prog_info(struct kernel *k, int fd, struct bpf_prog_info *info, uint32_t *map_ids,
	uint32_t room)
{
	union bpf_attr attr = { 0 };

	memset(info, 0, sizeof(*info));
	info->nr_map_ids = room;
	info->map_ids = (uintptr_t)map_ids;
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uintptr_t)info;
	k->calls++;
	return (int)k->call(BPF_OBJ_GET_INFO_BY_FD, &attr, END(info.info));
}
