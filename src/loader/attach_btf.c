/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that a program is loaded for: the kernel tells them as numbers of its BTF. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "loader/attach_hook.h"
#include "loader/btf_file.h"
#include "loader/oneshot.h"

static struct btf_file vmlinux = { .fd = -1 };
static char lsms[256];
static char lockdown[96];

/* A file's one line; "" when it cannot be read. */
static void
read_line(const char *path, char *out, size_t size)
{
	AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, out, size - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

void
attach_btf_init(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	char text[64], *level;

	if (fd >= 0 && btf_file_open(fd, &vmlinux) < 0)
		vmlinux.fd = -1;
	read_line("/sys/kernel/security/lsm", lsms, sizeof(lsms));
	read_line("/sys/kernel/security/lockdown", text, sizeof(text));
	level = strchr(text, '[');
	if (level && strncmp(level, "[none]", 6) != 0)
		snprintf(lockdown, sizeof(lockdown), "lockdown=%.*s refuses programs on functions of the "
			"kernel, see kernel_lockdown(7)", (int)strcspn(level + 1, "]"), level + 1);
}

struct btf_file *
attach_vmlinux(void)
{
	return &vmlinux;
}

const char *
attach_no_vmlinux(void)
{
	return vmlinux.fd < 0 ? "this kernel has no BTF of its own (CONFIG_DEBUG_INFO_BTF)" : NULL;
}

const char *
attach_no_trampolines(void)
{
	return lockdown[0] ? lockdown : attach_no_vmlinux();
}

/* Programs would attach and never run.  Without securityfs nobody knows. */
const char *
attach_no_bpf_lsm(void)
{
	for (const char *at = lsms; (at = strstr(at, "bpf")); at += 3)
		if ((at == lsms || at[-1] == ',') && (!at[3] || at[3] == ','))
			return NULL;
	return lsms[0] ? "the kernel runs without the security module bpf: add it to lsm= on its command line"
		       : NULL;
}

int
attach_btf_name(uint32_t attach_type, uint32_t btf_id, char out[IPC_TARGET_MAX])
{
	static const struct { uint32_t attach_type; const char *text; } prefixes[] = {
		{ BPF_LSM_MAC, "bpf_lsm_" }, { BPF_LSM_CGROUP, "bpf_lsm_" },
		{ BPF_TRACE_ITER, "bpf_iter_" }, { BPF_TRACE_RAW_TP, "btf_trace_" },
	};
	int err = btf_file_name(&vmlinux, btf_id, out, IPC_TARGET_MAX);

	if (err)
		out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		size_t len = strlen(prefixes[i].text);

		if (prefixes[i].attach_type == attach_type && strncmp(out, prefixes[i].text, len) == 0)
			memmove(out, out + len, strlen(out + len) + 1);
	}
	return err;
}

int
attach_btf_hook(const struct attach_in *in, char out[IPC_TARGET_MAX])
{
	struct bpf_prog_info info;
	int err;

	memset(&info, 0, sizeof(info));
	out[0] = '\0';
	err = compat_obj_info(in->prog_fd, &info, sizeof(info));
	if (err < 0)
		return err;
	if (!info.attach_btf_id)
		return -ENOENT;
	return attach_btf_name(in->prog_attach_type, info.attach_btf_id, out);
}

int
attach_btf_target(const struct attach_in *in, struct msg_link_facts *facts, struct msg_result *res)
{
	char name[IPC_TARGET_MAX];

	if (attach_btf_hook(in, name) < 0)
		return 0;	/* what the request says stands */
	if (in->req->target[0] && strcmp(in->req->target, name) != 0)
		return result_set(res, IPC_FAILED_PRECONDITION, -EINVAL, "program %u was loaded for %s and fits "
			"no other: load it with --program NAME:%s:%s", in->req->prog_id, name, in->req->kind,
			in->req->target);
	strcpy(facts->target, name);
	return 0;
}
