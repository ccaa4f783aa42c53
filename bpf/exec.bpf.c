/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs executed, and those that could not be. */
#define EV_THIS EXEC
#define EV_PLAIN_PATHS
#include "bpf/sock.bpf.h"

#include "bpf/exec.h"

#define KERNEL_TMPFS_MAGIC	0x01021994
#define KERNEL_S_ISUID		04000
#define FAILED_ARGS_MAX		64	/* arguments of a failed exec that are read */

/* Effective users that an exec changes: thread -> the one before.  The hook is Linux 6.10's. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} exec_old_euid SEC(".maps");

SEC("tp_btf/sched_prepare_exec")
int
BPF_PROG(exec_prepare, struct task_struct *t, struct linux_binprm *bprm)
{
	__u32 old, tid;

	t = EV_READ_ONLY(struct task_struct, t);
	bprm = EV_READ_ONLY(struct linux_binprm, bprm);
	old = t->cred->euid.val;
	tid = t->pid;
	if (bprm->cred->euid.val != old)
		bpf_map_update_elem(&exec_old_euid, &tid, &old, BPF_ANY);
	return 0;
}

static __always_inline __u32
old_euid(const struct ev_exec *e, __u32 old_tid)
{
	__u32 *known = bpf_map_lookup_elem(&exec_old_euid, &old_tid), old;

	if (known) {
		old = *known;
		bpf_map_delete_elem(&exec_old_euid, &old_tid);
		return old;
	}
	/* Before Linux 6.10: a set-user-id file was most likely executed with the real user's rights. */
	if (!bpf_core_type_exists(btf_trace_sched_prepare_exec) && (e->mode & KERNEL_S_ISUID) &&
	    e->owner == e->euid)
		return e->h.uid;
	return e->euid;
}

/* A shell that talks to the network has nobody at a terminal. */
static __always_inline bool
is_net(int fd)
{
	struct sock *sk = sock_of(fd);
	__u16 family = sk ? BPF_CORE_READ(sk, __sk_common.skc_family) : 0;

	return family == AF_INET || family == AF_INET6;
}

SEC("tp_btf/sched_process_exec")
int
BPF_PROG(exec_done, struct task_struct *t, int old_tid, struct linux_binprm *bprm)
{
	struct ev_scratch *s = ev_new(EXEC_EXEC, sizeof(struct ev_exec));
	struct ev_exec *e;
	struct inode *inode;
	struct file *file;

	if (!s)
		return 0;
	t = EV_READ_ONLY(struct task_struct, t);
	bprm = EV_READ_ONLY(struct linux_binprm, bprm);
	file = bprm->file;
	inode = file->f_inode;
	e = ev_record(s);
	ev_add_file_path(s, &e->path, file);
	if (!ev_path_passes(s, &e->path))
		return 0;
	e->dev = inode->i_sb->s_dev;
	e->ino = inode->i_ino;
	e->mode = inode->i_mode;
	e->owner = inode->i_uid.val;
	e->nlink = inode->i_nlink;
	if (!e->nlink)
		e->origin |= EXEC_NO_NAME;
	if (inode->i_sb->s_magic == KERNEL_TMPFS_MAGIC)
		e->origin |= EXEC_TMPFS;
	if (bprm->fdpath)
		e->origin |= EXEC_FROM_FD;
	e->stdio = (is_net(0) ? EXEC_STDIN_NET : 0) | (is_net(1) ? EXEC_STDOUT_NET : 0);
	e->argc = bprm->argc;
	e->euid = t->cred->euid.val;
	e->old_euid = old_euid(e, old_tid);
	ev_add_kernel_str(s, &e->filename, bprm->filename, EV_PATH_MAX);
	ev_add_kernel_str(s, &e->interp, bprm->interp, EV_PATH_MAX);
	ev_add_args(s, &e->args, t->mm);
	ev_send(s);
	return 0;
}

struct failed_args {
	struct ev_scratch *s;
	__u64 argv;
	__u32 start, rel;
	__u32 size;			/* of a pointer in argv */
	__u32 cut;			/* 1: some is missing */
};

static int
failed_arg(__u32 i, struct failed_args *a)
{
	__u64 arg = 0;
	__u32 at = a->start + a->rel;
	long n;

	if (bpf_probe_read_user(&arg, a->size & 8 ? 8 : 4, (const void *)(a->argv + i * a->size)) || !arg)
		return 1;
	/* The verifier must see the bound at the register that is used. */
	asm volatile("" : "+r"(at));
	if (at >= EV_OFFS + EV_ARGS_MAX - 256 || i == FAILED_ARGS_MAX - 1) {
		a->cut = 1;
		return 1;
	}
	n = bpf_probe_read_user_str(&a->s->b[at], 256, (const void *)arg);
	if (n <= 0)
		return 1;
	if (n == 256)
		a->cut = 1;
	a->rel += n;
	return 0;
}

/* Of the current task, at the end of the call.  Not static: the verifier looks at it once. */
__noinline int
exec_tell_failed(int ret)
{
	struct ev_scratch *s = ev_new(EXEC_EXEC, sizeof(struct ev_exec));
	struct failed_args a = {};
	const void *filename;
	struct ev_call c;
	struct ev_exec *e;

	if (!s)
		return 0;
	ev_call(&c, ev_call_regs(bpf_get_current_task_btf()));
	e = ev_record(s);
	e->h.ret = ret;
	e->euid = e->old_euid = ev_task()->cred->euid.val;
	if (c.nr == __NR_execveat) {
		filename = (const void *)c.arg[1];
		a.argv = c.arg[2];
	} else {
		filename = (const void *)c.arg[0];
		a.argv = c.arg[1];
	}
	a.size = c.words32 ? 4 : 8;
	ev_add_user_str(s, &e->filename, filename, EV_PATH_MAX);
	a.s = s;
	a.start = ev_str_begin(s, &e->args);
	if (a.start < EV_OFFS) {
		bpf_loop(FAILED_ARGS_MAX, failed_arg, &a, 0);
		e->args.len = a.rel;
		ev_mark_cut(s, &e->args, a.cut);
		e->h.len = a.start + a.rel;
	}
	ev_send(s);
	return 0;
}

/*
 * What all come to is inlined, so each call's own entry, of each table that the kernel has.  A part of
 * another table is not missed where that is not there.
 */
#define EXEC_FAILED_AT(part, function)                                                             \
	SEC("?fexit/" #function)                                                                   \
	int exec_failed__function__##part(void *ctx)                                               \
	{                                                                                          \
		long ret = ev_function_ret(ctx);                                                   \
                                                                                                   \
		if (ret < 0)                                                                       \
			exec_tell_failed(ret);                                                     \
		return 0;                                                                          \
	}
EXEC_FAILED_AT(native, __x64_sys_execve)
EXEC_FAILED_AT(native_at, __x64_sys_execveat)
EXEC_FAILED_AT(if_any_32, __ia32_compat_sys_execve)
EXEC_FAILED_AT(if_any_32_at, __ia32_compat_sys_execveat)
EXEC_FAILED_AT(if_any_x32, __x64_compat_sys_execve)
EXEC_FAILED_AT(if_any_x32_at, __x64_compat_sys_execveat)

SEC("?tp_btf/sys_exit")
int
BPF_PROG(exec_failed__call, struct pt_regs *regs, long ret)
{
	if (ret < 0)
		exec_tell_failed(ret);
	ev_next(ctx, regs);
	return 0;
}
