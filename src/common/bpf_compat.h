/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_BPF_COMPAT_H
#define BPFD_COMMON_BPF_COMPAT_H

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The kernel's interface where it is newer than the installed headers (Debian 12: Linux 6.1), each
 * with the version that brought it.
 */
enum {
	COMPAT_BPF_NETFILTER = 45,		/* Linux 6.4 */
	COMPAT_BPF_CGROUP_UNIX_CONNECT = 49,	/* Linux 6.7, as the four after it */
	COMPAT_BPF_CGROUP_UNIX_GETSOCKNAME = 53,
	COMPAT_BPF_NETKIT_PRIMARY = 54,		/* Linux 6.7 */
	COMPAT_BPF_NETKIT_PEER = 55,		/* Linux 6.7 */
	COMPAT_BPF_PROG_TYPE_NETFILTER = 32,	/* Linux 6.4 */
	COMPAT_BPF_F_NETFILTER_IP_DEFRAG = 1,	/* Linux 6.6 */
	COMPAT_BPF_LINK_TYPE_NETFILTER = 10,	/* Linux 6.4 */
	COMPAT_BPF_LINK_TYPE_NETKIT = 13,	/* Linux 6.7 */
	COMPAT_BPF_LINK_TYPE_SOCKMAP = 14,	/* Linux 6.10 */
	COMPAT_BPF_TCX_INGRESS = 46,		/* Linux 6.6 */
	COMPAT_BPF_TCX_EGRESS = 47,		/* Linux 6.6 */
	COMPAT_BPF_LINK_TYPE_TCX = 11,		/* Linux 6.6 */
	COMPAT_BPF_F_LINK_OPS = 1 << 13,	/* BPF_F_LINK of a struct_ops map, Linux 6.4 */
	COMPAT_BPF_STRUCT_OPS = 44,		/* attach type, Linux 6.4 */
	COMPAT_BPF_F_BEFORE = 1 << 3,		/* Linux 6.6 */
	COMPAT_BPF_F_AFTER = 1 << 4,		/* Linux 6.6 */
	COMPAT_BPF_F_ID = 1 << 5,		/* Linux 6.6 */
	COMPAT_BPF_F_LINK = 1 << 13,		/* Linux 6.6 */
	COMPAT_BPF_TRACE_UPROBE_MULTI = 48,	/* Linux 6.6 */
	COMPAT_BPF_LINK_TYPE_UPROBE_MULTI = 12,	/* Linux 6.6 */
	COMPAT_PERF_EVENT_UPROBE = 1,		/* bpf_link_info, Linux 6.6; 2 at its return */
	COMPAT_PERF_EVENT_KPROBE = 3,		/* 4 at its return */
	COMPAT_PERF_EVENT_TRACEPOINT = 5,	/* bpf_link_info, Linux 6.6 */
	COMPAT_PERF_EVENT_EVENT = 6,
};

/* BPF_LINK_CREATE.  arg: bpf_cookie of perf events (Linux 5.15), relative_fd or relative_id of tcx
 * (6.6), netkit (6.7) and cgroups (6.17). */
struct compat_link_create {
	uint32_t prog_fd, target, attach_type, flags;
	uint64_t arg;
	union {
		uint64_t expected_revision;	/* tcx, Linux 6.6 */
		uint64_t tracing_cookie;	/* fentry, lsm, ...; Linux 5.19 */
	};
};

/* The same for a netfilter hook, Linux 6.4.  family: NFPROTO_*, hook: NF_INET_*. */
struct compat_netfilter_link {
	uint32_t prog_fd, unused, attach_type, link_flags;
	uint32_t family, hook;
	int32_t priority;
	uint32_t flags;
};

/* BPF_PROG_ATTACH and BPF_PROG_DETACH. */
struct compat_prog_attach {
	uint32_t target_fd, prog_fd, attach_type, flags;
};

/* BPF_LINK_CREATE of kprobe.multi: cnt names, each with its cookie. */
struct compat_kprobe_multi {
	uint32_t prog_fd, reserved, attach_type, link_flags;
	uint32_t flags, cnt;			/* flags 1: at the return */
	uint64_t syms, addrs, cookies;
};

/* BPF_LINK_CREATE of uprobe.multi, Linux 6.6. */
struct compat_uprobe_multi {
	uint32_t prog_fd, reserved, attach_type, link_flags;
	uint64_t path, offsets, ref_ctr_offsets, cookies;
	uint32_t cnt, flags, pid, reserved2;	/* flags 1: at the return */
};

/* BPF_RAW_TRACEPOINT_OPEN; a kernel before 6.10 refuses a cookie with E2BIG. */
struct compat_raw_tracepoint {
	uint64_t name;
	uint32_t prog_fd, reserved;
	uint64_t cookie;			/* Linux 6.10 */
};

/* struct bpf_link_info, the parts that are read. */
struct compat_link_info {
	uint32_t type, id, prog_id, reserved;
	union {
		struct { uint64_t tp_name; uint32_t tp_name_len, pad; uint64_t cookie; } raw_tracepoint;
		struct { uint32_t attach_type, target_obj_id, target_btf_id, pad; uint64_t cookie; } tracing;
		struct { uint64_t id; uint32_t attach_type; } cgroup;
		struct { uint32_t ino, attach_type; } netns;
		struct { uint32_t map_id, attach_type; } sockmap;	/* Linux 6.10 */
		struct {					/* Linux 6.4 */
			uint32_t family, hook;
			int32_t priority;
			uint32_t flags;
		} netfilter;
		struct {
			uint64_t target_name;
			uint32_t target_name_len, map_id;
			union {				/* Linux 6.1 */
				struct { uint64_t cgroup_id; uint32_t order, pad; };
				struct { uint32_t tid, pid; };
			};
		} iter;
		struct { uint32_t map_id; } struct_ops;	/* Linux 6.4 */
		struct { uint32_t ifindex; } xdp;
		struct { uint32_t ifindex, attach_type; } tcx;	/* Linux 6.6; netkit, 6.7 */
		struct {					/* Linux 6.6 */
			uint32_t type, pad;
			uint64_t tp_name;
			uint32_t name_len, pad2;
			uint64_t cookie;			/* Linux 6.9 */
		} perf_event;
		uint8_t room[64];
	};
};

/* bpf(2): the result, or a negative errno.  attr: size bytes, zero behind what is used. */
static inline int
compat_bpf(int cmd, const void *attr, uint32_t size)
{
	long ret = syscall(SYS_bpf, cmd, attr, size);

	return ret < 0 ? -errno : (int)ret;
}

/* A CLOEXEC descriptor of the link, the caller's, or a negative errno. */
static inline int
compat_link_create(const struct compat_link_create *lc)
{
	return compat_bpf(BPF_LINK_CREATE, lc, sizeof(*lc));
}

static inline int
compat_netfilter_link(const struct compat_netfilter_link *nl)
{
	return compat_bpf(BPF_LINK_CREATE, nl, sizeof(*nl));
}

/*
 * The same on an interface.  XDP without flags: in the driver, and where that has no XDP or refuses
 * the program, in the kernel's own way; lc->flags says afterwards which.
 */
static inline int
compat_iface_link(struct compat_link_create *lc)
{
	int choose = lc->attach_type == BPF_XDP && !lc->flags;
	int fd;

	if (choose)
		lc->flags = XDP_FLAGS_DRV_MODE;
	fd = compat_link_create(lc);
	if (!choose || fd >= 0 || fd == -EBUSY || fd == -EEXIST)
		return fd;
	lc->flags = XDP_FLAGS_SKB_MODE;
	return compat_link_create(lc);
}

/* BPF_OBJ_GET_INFO_BY_FD.  len: room at info. */
static inline int
compat_obj_info(int fd, void *info, uint32_t len)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = len;
	attr.info.info = (uint64_t)(uintptr_t)info;
	return compat_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr.info));
}

/*
 * Asks the kernel about a link; name gets that of its tracepoint or iterator, "" for others.  That is
 * a second question: its buffer means something else for other types.  Negative errno.
 */
static inline int
compat_link_ask(int fd, struct compat_link_info *info, char *name, uint32_t size)
{
	uint64_t *at;
	uint32_t *len;
	int err;

	name[0] = '\0';
	memset(info, 0, sizeof(*info));
	err = compat_obj_info(fd, info, sizeof(*info));
	if (err < 0)
		return err;
	if (info->type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		at = &info->raw_tracepoint.tp_name;
		len = &info->raw_tracepoint.tp_name_len;
	} else if (info->type == BPF_LINK_TYPE_PERF_EVENT &&
		   info->perf_event.type == COMPAT_PERF_EVENT_TRACEPOINT) {
		at = &info->perf_event.tp_name;
		len = &info->perf_event.name_len;
	} else if (info->type == BPF_LINK_TYPE_ITER) {
		at = &info->iter.target_name;
		len = &info->iter.target_name_len;
	} else {
		return 0;
	}
	*at = (uint64_t)(uintptr_t)name;
	*len = size;
	err = compat_obj_info(fd, info, sizeof(*info));
	*at = 0;
	return err < 0 ? err : 0;
}

#endif
