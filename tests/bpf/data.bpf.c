/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Global data of every kind, the kernel's configuration, an absent kernel variable and subprograms. */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig __weak;
extern unsigned long CONFIG_HZ __kconfig __weak;
extern const int no_such_variable __ksym __weak;

const volatile __u64 data_ro = 7;
const volatile char data_text[8] = "seven";
__u64 data_rw = 5;
__u64 data_zero;
__u32 data_custom SEC(".data.custom") = 3;

__u64 data_version, data_hz, data_bpf, data_missing;

static __noinline __u64
add(__u64 a, __u64 b)
{
	return a + b + data_rw;
}

__noinline int
global_step(int n)
{
	return n + (int)data_ro;
}

SEC("raw_tp/sched_process_exec")
int
data_exec(struct bpf_raw_tracepoint_args *ctx)
{
	data_zero = add(data_ro, data_custom) + (__u64)global_step(1) + (__u64)data_text[0];
	data_version = LINUX_KERNEL_VERSION;
	data_hz = CONFIG_HZ;
	data_bpf = CONFIG_BPF_SYSCALL;
	data_missing = &no_such_variable == NULL;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
