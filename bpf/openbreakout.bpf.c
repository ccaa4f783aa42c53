/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opens by a process outside the host's mount namespace that reach what is the host's.  The host's
 * is the mount namespace of process 1.
 */
#define EV_THIS OPENBREAKOUT
#include "bpf/bpfd.bpf.h"
#include "bpf/openargs.bpf.h"
#include "bpf/uringopen.bpf.h"

#include "bpf/openbreakout.h"

#define ENXIO			6	/* open(2) of a socket */
#define PARENTS			64	/* of a process, up to process 1 */
#define PROC_DEPTH		8	/* of a file below /proc/sys */
#define PROC_SUPER_MAGIC	0x9fa0
#define CGROUP_SUPER_MAGIC	0x27e0eb
#define MNTNS_ANON		0xeffffff7U	/* of a tree that is mounted nowhere; before Linux 6.18: 0 */
#define NAME			16

struct super_block___what {
	unsigned long s_magic;
	struct dentry *s_root;
} __attribute__((preserve_access_index));

/* Addresses of process 1's; 0 until a process was seen whose ancestors led there. */
struct host { __u64 mntns, root, sb; };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct host);
} openbreakout_host SEC(".maps");

struct ancestor { struct task_struct *t; };

static int
look_up(__u32 i, struct ancestor *a)
{
	if (a->t->tgid == 1)
		return 1;
	a->t = a->t->group_leader->real_parent;
	return 0;
}

static __always_inline bool
find_host(struct host *host)
{
	struct ancestor a = { ev_task() };

	bpf_loop(PARENTS, look_up, &a, 0);
	if (a.t->tgid != 1)
		return false;
	host->sb = (__u64)a.t->fs->root.mnt->mnt_sb;
	host->root = (__u64)a.t->fs->root.dentry;
	*(volatile __u64 *)&host->mntns = (__u64)a.t->nsproxy->mnt_ns;
	return host->mntns != 0;
}

/* What is shorter is followed by zeros. */
struct name { __u64 word[NAME / 8]; };
_Static_assert(sizeof(struct name) == sizeof(struct file_anon), "compared in the same way");
#define SAME(name, with) file_anon_is(name, with)

/* What a name of NAME bytes ends with: len bytes, more than a word. */
static __always_inline bool
tail(const struct name *name, const char *with, __u32 len)
{
	union { char c[NAME]; struct name n; } want = {};
	__u64 mask = ~0ULL << 8 * (NAME - len);

	__builtin_memcpy(want.c + NAME - len, with, len);
	return !(((name->word[0] ^ want.n.word[0]) & mask) | (name->word[1] ^ want.n.word[1]));
}
#define TAIL(name, with)                                                                           \
	({                                                                                         \
		_Static_assert(sizeof(with) - 1 > 8 && sizeof(with) - 1 <= NAME, "one word is whole"); \
		tail(name, with, sizeof(with) - 1);                                                \
	})

static __always_inline void
read_name(struct name *name, __u64 dentry)
{
	const struct dentry *d = (const struct dentry *)dentry;

	__builtin_memset(name, 0, sizeof(*name));
	bpf_probe_read_kernel_str(name, sizeof(*name), BPF_CORE_READ(d, d_name.name));
}

static __always_inline __u64
parent_of(__u64 dentry)
{
	const struct dentry *d = (const struct dentry *)dentry;

	return (__u64)BPF_CORE_READ(d, d_parent);
}

/* What the kernel itself runs when it is written there. */
static __always_inline bool
is_helper(const struct name *name)
{
	return SAME(name, "core_pattern") || SAME(name, "modprobe") || SAME(name, "hotplug") ||
	       SAME(name, "poweroff_cmd");
}

static __always_inline __u32
via_proc(__u64 dentry, __u64 root)
{
	struct name top, name;
	__u64 at = dentry, up;

	for (int i = 0; i < PROC_DEPTH; i++) {
		up = parent_of(at);
		if (up == root || up == at || !up)
			break;
		at = up;
	}
	read_name(&top, at);
	if (SAME(&top, "sysrq-trigger"))
		return BREAKOUT_SYSCTL;
	if (!SAME(&top, "sys"))
		return 0;
	read_name(&name, dentry);
	return BREAKOUT_SYSCTL | (is_helper(&name) ? BREAKOUT_CORE_PATTERN : 0);
}

static __always_inline bool
is_engine_socket(const struct name *name)
{
	return SAME(name, "docker.sock") || SAME(name, "containerd.sock") || SAME(name, "crio.sock") ||
	       SAME(name, "podman.sock");
}

static __always_inline bool
is_mount_of_host(const struct host *host, const struct mount *m, __u64 sb)
{
	struct task_struct *t = ev_task();
	__u64 root = (__u64)BPF_CORE_READ(m, mnt.mnt_root);

	/* The container's own root may lie in the same file system. */
	if (sb != host->sb || (__u64)t->fs->root.mnt == (__u64)&m->mnt)
		return false;
	return root == host->root || parent_of(root) == host->root;
}

static __always_inline __u32
via_of(const struct host *host, const struct file *file, struct file_at at, __u32 *file_mntns)
{
	const struct mount *m = (const struct mount *)(at.mnt - bpf_core_field_offset(struct mount, mnt));
	const struct super_block___what *sb;
	struct mnt_namespace *ns = BPF_CORE_READ(m, mnt_ns);
	__u32 via = 0, mode = BPF_CORE_READ(file, f_mode);
	__u64 own = (__u64)ev_task()->nsproxy->mnt_ns, magic;
	struct name name;

	/* The kernel's own mounts (pipes) have an error instead of a namespace: reading it gives 0. */
	*file_mntns = ns ? BPF_CORE_READ(ns, ns.inum) : 0;
	if ((__u64)ns != own && *file_mntns && *file_mntns != MNTNS_ANON)
		via |= BREAKOUT_MNTNS;
	sb = (const void *)BPF_CORE_READ(m, mnt.mnt_sb);
	if (is_mount_of_host(host, m, (__u64)sb))
		via |= BREAKOUT_HOSTMOUNT;
	if (mode & FILE_FMODE_WRITE) {
		magic = BPF_CORE_READ(sb, s_magic);
		if (magic == PROC_SUPER_MAGIC)
			via |= via_proc(at.dentry, (__u64)BPF_CORE_READ(sb, s_root));
		if (magic == CGROUP_SUPER_MAGIC) {
			read_name(&name, at.dentry);
			if (SAME(&name, "release_agent"))
				via |= BREAKOUT_RELEASE_AGENT;
		}
	}
	if ((BPF_CORE_READ(file, f_inode, i_mode) & FILE_S_IFMT) == FILE_S_IFSOCK) {
		read_name(&name, at.dentry);
		if (is_engine_socket(&name))
			via |= BREAKOUT_SOCKET;
	}
	return via;
}

/*
 * By what the process asked for, which is in the record already: a socket cannot be opened, but
 * that it is there has been learnt.
 */
static __always_inline bool
asked_for_socket(const struct ev_scratch *s, const struct ev_str *path)
{
	__u32 end = (__u32)path->off + path->len;
	struct name end_of;

	if (end < NAME || end > EV_OFFS)
		return false;
	bpf_probe_read_kernel(&end_of, sizeof(end_of), &s->b[(end - NAME) & (EV_OFFS - 1)]);
	return TAIL(&end_of, "/docker.sock") || TAIL(&end_of, "/containerd.sock") ||
	       TAIL(&end_of, "/crio.sock") || TAIL(&end_of, "/podman.sock");
}

static __always_inline bool
opened(struct ev_scratch *s, struct ev_openbreakout *e, const struct host *host, const struct file *file)
{
	struct file_at at = file_where(file);

	e->via = via_of(host, file, at, &e->file_mntns);
	if (!e->via)
		return false;
	file_add_path(s, &e->path, at);
	file_id(file, &e->dev, &e->ino);
	return true;
}

static __always_inline bool
refused(struct ev_scratch *s, struct ev_openbreakout *e, const struct pt_regs *regs,
	__u32 nr, __u64 way)
{
	struct openargs a;

	openargs_get(&a, regs, nr, way);
	e->h.flags |= EV_UNRESOLVED;
	file_add_given(s, &e->path, a.dirfd, a.filename);
	if (!asked_for_socket(s, &e->path))
		return false;
	e->via = BREAKOUT_SOCKET;
	return true;
}

static __always_inline void
look(struct ev_scratch *s, const struct host *host, const struct pt_regs *regs,
	__u32 nr, __u64 way, long ret)
{
	struct ev_openbreakout *e = ev_record(s);
	struct openargs a;

	e->h.ret = ret;
	if (!(ret >= 0 ? opened(s, e, host, file_of(ret)) : refused(s, e, regs, nr, way)))
		return;
	if (!ev_path_passes(s, &e->path))
		return;
	/* Not before: the verifier would look at all that follows once for each of the calls. */
	openargs_get(&a, regs, nr, way);
	if (a.filename)
		ev_add_user_str(s, &e->filename, a.filename, EV_PATH_MAX - 1);
	openargs_how(&a, &e->oflags, &e->mode);
	ev_send(s);
}

/* NULL: the current process is on the host, or nothing is known of it yet. */
static __always_inline struct host *
host_of_stranger(void)
{
	__u32 zero = 0;
	struct host *host = bpf_map_lookup_elem(&openbreakout_host, &zero);

	if (!host || (!host->mntns && !find_host(host)) || (__u64)ev_task()->nsproxy->mnt_ns == host->mntns)
		return NULL;
	return host;
}

static __always_inline void
tell(const struct pt_regs *regs, __u32 nr, __u32 compat, long ret)
{
	struct host *host = host_of_stranger();
	struct ev_scratch *s;

	if (!host || (ret < 0 && ret != -ENXIO))
		return;
	s = ev_new(OPENBREAKOUT_OPEN, sizeof(struct ev_openbreakout));
	if (s)
		look(s, host, regs, nr, ev_way(compat), ret);
}

/* As in bpf/open.bpf.c. */
static __always_inline void
tell_function(void *ctx)
{
	const struct pt_regs *regs = ev_call_regs(bpf_get_current_task_btf());
	__u32 compat = ev_compat(ev_task());

	tell(regs, ev_call_nr(regs, compat), compat, ev_function_ret(ctx));
}

SEC("?fexit/do_sys_openat2")
int
openbreakout__function__path(void *ctx)
{
	tell_function(ctx);
	return 0;
}

SEC("?fexit/do_handle_open")
int
openbreakout__function__handle(void *ctx)
{
	tell_function(ctx);
	return 0;
}

SEC("?tp_btf/sys_exit")
int
BPF_PROG(openbreakout__call, struct pt_regs *regs, long ret)
{
	__u32 compat = ev_compat(ev_task()), nr = ev_call_nr(regs, compat);

	tell(regs, nr, compat, ret);
	ev_next_call(ctx, nr);
	return 0;
}

/* Those of io_uring. */
/* A socket is never opened, and what becomes of a silent one is not told: all that is known is the name. */
static __always_inline void
uring_asked(__u64 req, bool silent)
{
	struct ev_scratch *s = host_of_stranger() ? ev_new(OPENBREAKOUT_OPEN, sizeof(struct ev_openbreakout)) : NULL;
	struct ev_openbreakout *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.flags |= EV_URING;
	uring_add_name(s, &e->path, URING_READ(struct io_open, req, dfd), URING_READ(struct io_open, req, filename));
	if (!asked_for_socket(s, &e->path))
		return;
	e->via = BREAKOUT_SOCKET;
	uring_add_how(req, &e->oflags, &e->mode);
	ev_send(s);
}

static __always_inline void
uring_opened(__u64 req, int fd)
{
	const struct host *host = host_of_stranger();
	struct ev_scratch *s = host ? ev_new(OPENBREAKOUT_OPEN, sizeof(struct ev_openbreakout)) : NULL;
	struct ev_openbreakout *e;

	if (!s)
		return;
	e = ev_record(s);
	e->h.ret = fd;
	e->h.flags |= EV_URING;
	if (!opened(s, e, host, file_of(fd)) || !ev_path_passes(s, &e->path))
		return;
	if (req)
		uring_add_how(req, &e->oflags, &e->mode);
	ev_send(s);
}

URING_OPENS(openbreakout, uring_asked, uring_opened)
