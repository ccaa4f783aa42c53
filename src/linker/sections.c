/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/libbpf.h>

#include "common/auto.h"
#include "linker/linker.h"

/* Newer than the headers of Debian 12, which are of Linux 6.1. */
enum {
	PROG_TYPE_NETFILTER = 32,
	NETFILTER = 45,
	TCX_INGRESS = 46, TCX_EGRESS = 47,
	CGROUP_UNIX_CONNECT = 49, CGROUP_UNIX_SENDMSG, CGROUP_UNIX_RECVMSG, CGROUP_UNIX_GETPEERNAME,
	CGROUP_UNIX_GETSOCKNAME,
	TRACE_UPROBE_MULTI = 48,
	NETKIT_PRIMARY = 54, NETKIT_PEER = 55,
};

/* Newer than the libbpf of Debian 12, which is 1.1: a newer one knows them too, and as the same. */
static const struct {
	const char *section;
	enum bpf_prog_type type;
	uint32_t attach_type;
	bool sleepable;
} sections[] = {
	{ "tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, TCX_INGRESS },
	{ "tcx/egress", BPF_PROG_TYPE_SCHED_CLS, TCX_EGRESS },
	{ "netkit/primary", BPF_PROG_TYPE_SCHED_CLS, NETKIT_PRIMARY },
	{ "netkit/peer", BPF_PROG_TYPE_SCHED_CLS, NETKIT_PEER },
	{ "netfilter", (enum bpf_prog_type)PROG_TYPE_NETFILTER, NETFILTER },
	{ "sk_skb/verdict", BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_VERDICT },
	{ "uprobe.multi+", BPF_PROG_TYPE_KPROBE, TRACE_UPROBE_MULTI },
	{ "uretprobe.multi+", BPF_PROG_TYPE_KPROBE, TRACE_UPROBE_MULTI },
	{ "uprobe.multi.s+", BPF_PROG_TYPE_KPROBE, TRACE_UPROBE_MULTI, .sleepable = true },
	{ "uretprobe.multi.s+", BPF_PROG_TYPE_KPROBE, TRACE_UPROBE_MULTI, .sleepable = true },
	{ "cgroup/connect_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, CGROUP_UNIX_CONNECT },
	{ "cgroup/sendmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, CGROUP_UNIX_SENDMSG },
	{ "cgroup/recvmsg_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, CGROUP_UNIX_RECVMSG },
	{ "cgroup/getpeername_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, CGROUP_UNIX_GETPEERNAME },
	{ "cgroup/getsockname_unix", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, CGROUP_UNIX_GETSOCKNAME },
};

static int
may_sleep(struct bpf_program *p, long cookie)
{
	return bpf_program__set_flags(p, bpf_program__flags(p) | BPF_F_SLEEPABLE);
}

void
sections_register(void)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, sleepable, .prog_setup_fn = may_sleep);

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		libbpf_register_prog_handler(sections[i].section, sections[i].type,
			(enum bpf_attach_type)sections[i].attach_type,
			sections[i].sleepable ? &sleepable : NULL);
}
