/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values of the kernel's configuration: one that is there, one that may be absent. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

extern int LINUX_KERNEL_VERSION __kconfig;
extern _Bool CONFIG_BPF_SYSCALL __kconfig __weak;
extern int CONFIG_BPFD_NEVER_HEARD_OF __kconfig __weak;

SEC("raw_tp/sched_process_exec")
int
kconfig_prog(void *ctx)
{
	if (LINUX_KERNEL_VERSION < 0x050000 || !CONFIG_BPF_SYSCALL || CONFIG_BPFD_NEVER_HEARD_OF)
		return 1;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
