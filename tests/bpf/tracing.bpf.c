/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs on functions of the kernel, all counting into one map, for the system tests. */
#include <linux/bpf.h>
#include <linux/errno.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

enum { HIT_FENTRY, HIT_FEXIT, HIT_FMOD_RET, HIT_LSM, COOKIE, HIT_LSM_CGROUP, N_HITS };

/* Whom the lsm program refuses the act: a process of this name. */
const volatile char refused_comm[16] = "";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, N_HITS);
	__type(key, __u32);
	__type(value, __u64);
} tracing_hits SEC(".maps");

static __always_inline void
hit(__u32 which)
{
	__u64 *n = bpf_map_lookup_elem(&tracing_hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* security_inode_mkdir() is in every kernel with security modules, and mkdir(2) calls it. */
SEC("fentry/security_inode_mkdir")
int
on_fentry(void *ctx)
{
	__u64 cookie = bpf_get_attach_cookie(ctx);

	hit(HIT_FENTRY);
	bpf_map_update_elem(&tracing_hits, &(__u32){ COOKIE }, &cookie, BPF_ANY);
	return 0;
}

SEC("fexit/security_inode_mkdir")
int
on_fexit(void *ctx)
{
	hit(HIT_FEXIT);
	return 0;
}

SEC("fmod_ret/security_inode_mkdir")
int
on_fmod_ret(void *ctx)
{
	hit(HIT_FMOD_RET);
	return 0;
}

SEC("lsm/inode_mkdir")
int
on_lsm(void *ctx)
{
	char comm[16] = "";

	bpf_get_current_comm(comm, sizeof(comm));
	hit(HIT_LSM);
	for (int i = 0; i < (int)sizeof(comm); i++) {
		if (comm[i] != refused_comm[i])
			return 0;
		if (!comm[i])
			break;
	}
	return refused_comm[0] ? -EPERM : 0;
}

/* For a cgroup 1 means allowed and 0 is EPERM. */
SEC("lsm_cgroup/socket_create")
int
on_lsm_cgroup(void *ctx)
{
	hit(HIT_LSM_CGROUP);
	return !refused_comm[0];
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
