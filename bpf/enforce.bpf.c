/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Acts that rules stop before they happen, and programs that are killed before their first
 * instruction.  What is decided does not need anybody who listens: the table stands in a map, the
 * programs stay on their hooks.  Which of them are attached, the loader decides by the table.
 */
#define EV_THIS ENFORCE
#define EV_IN_CGROUPS_TOO
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"
#include "bpf/enforce.h"
#include "bpf/enforce_table.bpf.h"

#include "bpf/bpfaudit.h"
#include "bpf/exec.h"

#include <bpf/bpf_endian.h>

#define KERNEL_EPERM		1
#define KERNEL_AF_INET		2
#define KERNEL_AF_INET6		10
#define KERNEL_SOCK_STREAM	1
#define KERNEL_SIGKILL		9
#define KERNEL_TMPFS_MAGIC	0x01021994
#define KERNEL_PTRACE_ATTACH	2	/* PTRACE_MODE_ATTACH */

#define COMMAND(id, number, name) | 1ULL << (number)
#define COMMANDS (0 EV_BPF_COMMANDS(COMMAND))

enum kernel_read_file_id { READING_MODULE = 2 };
enum kernel_load_data_id { LOADING_MODULE = 2 };

/* ---- what is said ---- */

static __always_inline __u32
outcome_of(const struct enf_run *r, __u32 row)
{
	__u64 bit = 1ULL << (row & 63);

	if (r->stopped == row + 1)
		return r->stopped_undecided ? ENF_DENIED_UNDECIDED :
			r->act.hook == ENF_EXECUTED ? ENF_KILLED : ENF_DENIED;
	if (r->would & bit)
		return ENF_WOULD;
	if (r->over & bit)
		return ENF_OVER_BUDGET;
	if (r->spared & bit)
		return ENF_PROTECTED;
	return r->undecided & bit ? ENF_UNDECIDED : N_ENF_OUTCOMES;
}

static __always_inline struct ev_scratch *
decision(struct enf_run *r, __u32 row, __u32 outcome)
{
	struct ev_scratch *s = ev_new(ENFORCE_DECISION, sizeof(struct ev_enforce));
	const struct enf_row *from;
	struct ev_enforce *e;

	row &= ENF_ROWS - 1;
	asm volatile("" : "+r"(row));
	if (!s || row >= ENF_ROWS)
		return NULL;
	from = &r->t->rows[row];
	e = ev_record(s);
	e->h.ret = outcome == ENF_DENIED || outcome == ENF_DENIED_UNDECIDED ? -KERNEL_EPERM : 0;
	__builtin_memcpy(e->addr, r->act.addr, sizeof(e->addr));
	e->arg = r->act.arg;
	e->hook = r->act.hook;
	e->outcome = outcome;
	e->severity = from->severity;
	e->target = r->act.target;
	e->port = r->act.port;
	e->family = r->act.family;
	e->type = r->act.type;
	e->protocol = r->act.protocol;
	ev_add_bytes(s, &e->rule, from->name, from->name_len, ENF_NAME_MAX);
	return s;
}

static int
say_one(__u32 row, struct enf_run *r)
{
	__u32 outcome = outcome_of(r, row);
	struct ev_scratch *s;

	if (outcome == N_ENF_OUTCOMES || !ev_enter())
		return 0;
	s = decision(r, row, outcome);
	if (s) {
		file_add_path(s, &((struct ev_enforce *)ev_record(s))->path,
			(struct file_at){ r->act.mnt, r->act.dentry });
		ev_send(s);
	}
	ev_leave();
	return 0;
}

/* The same of a program for cgroups, which has no storage of tasks before Linux 6.15: who it was is
 * said each time, unless the same process was the last one here. */
static int
say_one_plain(__u32 row, struct enf_run *r)
{
	__u32 outcome = outcome_of(r, row), epoch, which;
	struct ev_scratch *s, *i = ev_scratch(1);
	struct ev_v1 *v1 = ev_v1();

	if (outcome == N_ENF_OUTCOMES || !i || !ev_enter())
		return 0;
	s = decision(r, row, outcome);
	if (s) {
		epoch = v1 ? v1->epoch : 0;
		which = v1 ? v1->controller : EV_V1_NONE;
		if (!ev_is_announced(s)) {
			ev_say_current_cgroup(i, 0, s->generation, 0);
			if (which < EV_V1_NONE)
				ev_say_current_cgroup(i, which, s->generation, epoch);
			ev_say_proc(i);
			ev_note_announced(s, epoch);
		}
		ev_emit(s);
	}
	ev_leave();
	return 0;
}

/* True: the act is stopped. */
static __always_inline bool
stops(struct enf_run *r)
{
	if (!enf_decide(r))
		return false;
	bpf_loop(ENF_ROWS, say_one, r, 0);
	return r->stopped;
}

static __always_inline bool
stops_plain(struct enf_run *r)
{
	if (!enf_decide(r))
		return false;
	bpf_loop(ENF_ROWS, say_one_plain, r, 0);
	return r->stopped;
}

/* ---- programs ---- */

static __always_inline void
exec_of(struct enf_run *r, struct linux_binprm *bprm)
{
	struct file *file = bprm->file;
	struct inode *inode = file->f_inode;

	r->act.mnt = (__u64)file->f_path.mnt;
	r->act.dentry = (__u64)file->f_path.dentry;
	r->act.arg = (inode->i_nlink ? 0 : EXEC_NO_NAME) |
		(inode->i_sb->s_magic == KERNEL_TMPFS_MAGIC ? EXEC_TMPFS : 0) |
		(bprm->fdpath ? EXEC_FROM_FD : 0);
}

SEC("tp_btf/sched_process_exec")
int
BPF_PROG(enforce_executed, struct task_struct *t, int old_tid, struct linux_binprm *bprm)
{
	struct enf_run r = { .act = { .hook = ENF_EXECUTED } };

	exec_of(&r, EV_READ_ONLY(struct linux_binprm, bprm));
	/* Before anything is said: what is said takes its time. */
	if (!enf_decide(&r))
		return 0;
	if (r.stopped)
		bpf_send_signal(KERNEL_SIGKILL);
	bpf_loop(ENF_ROWS, say_one, &r, 0);
	return 0;
}

SEC("lsm/bprm_check_security")
int
BPF_PROG(enforce_exec, struct linux_binprm *bprm)
{
	struct enf_run r = { .act = { .hook = ENF_EXEC } };

	exec_of(&r, EV_READ_ONLY(struct linux_binprm, bprm));
	return stops(&r) ? -KERNEL_EPERM : 0;
}

static __always_inline int
file_act(__u32 hook, struct file *file, __u64 arg)
{
	struct enf_run r = { .act = { .hook = hook, .arg = arg } };

	r.act.mnt = (__u64)file->f_path.mnt;
	r.act.dentry = (__u64)file->f_path.dentry;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/file_open")
int
BPF_PROG(enforce_open, struct file *file)
{
	file = EV_READ_ONLY(struct file, file);
	return file_act(ENF_OPEN, file, file->f_flags);
}

SEC("lsm/sb_mount")
int
BPF_PROG(enforce_mount, const char *dev_name, const struct path *path, const char *type, unsigned long flags)
{
	struct enf_run r = { .act = { .hook = ENF_MOUNT, .arg = flags } };

	path = EV_READ_ONLY(struct path, path);
	r.act.mnt = (__u64)path->mnt;
	r.act.dentry = (__u64)path->dentry;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/move_mount")
int
BPF_PROG(enforce_move_mount, const struct path *from, const struct path *to)
{
	struct enf_run r = { .act = { .hook = ENF_MOVE } };

	to = EV_READ_ONLY(struct path, to);
	r.act.mnt = (__u64)to->mnt;
	r.act.dentry = (__u64)to->dentry;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/sb_umount")
int
BPF_PROG(enforce_umount, struct vfsmount *mnt, int flags)
{
	struct enf_run r = { .act = { .hook = ENF_UMOUNT, .arg = flags } };

	mnt = EV_READ_ONLY(struct vfsmount, mnt);
	r.act.mnt = (__u64)mnt;
	r.act.dentry = (__u64)mnt->mnt_root;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/ptrace_access_check")
int
BPF_PROG(enforce_ptrace, struct task_struct *child, unsigned int mode)
{
	struct enf_run r = { .act = { .hook = ENF_PTRACE, .arg = mode } };

	if (!(mode & KERNEL_PTRACE_ATTACH))
		return 0;
	r.act.target = EV_READ_ONLY(struct task_struct, child)->tgid;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/ptrace_traceme")
int
BPF_PROG(enforce_traceme, struct task_struct *parent)
{
	struct enf_run r = { .act = { .hook = ENF_PTRACE, .arg = KERNEL_PTRACE_ATTACH } };

	r.act.target = ev_task()->tgid;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/bpf")
int
BPF_PROG(enforce_bpf, int cmd)
{
	struct enf_run r = { .act = { .hook = ENF_BPF, .arg = cmd } };

	/* What the tracer bpf sees; reading and writing elements of maps is none of it. */
	if ((__u32)cmd >= 64 || !(COMMANDS >> cmd & 1))
		return 0;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

static __always_inline void
address4(struct enf_run *r, __u32 ip, __u32 port)
{
	r->act.addr[0] = 0;
	r->act.addr[1] = (__u64)ip << 32 | 0xffff0000;
	r->act.port = bpf_ntohs(port);
	r->act.family = KERNEL_AF_INET;
}

static __always_inline bool
is_inet(__u32 family)
{
	return family == KERNEL_AF_INET || family == KERNEL_AF_INET6;
}

/* Those of IPv4 and IPv6 are decided by the programs for cgroups. */
SEC("lsm/socket_create")
int
BPF_PROG(enforce_socket_other, int family, int type, int protocol, int kern)
{
	struct enf_run r = { .act = { .hook = ENF_SOCKET_OTHER, .family = family, .type = type,
		.protocol = protocol } };

	return !kern && !is_inet(family) && stops(&r) ? -KERNEL_EPERM : 0;
}

struct sock_common {
	unsigned short skc_family;
	__u16 skc_num;
	__u32 skc_rcv_saddr;
	struct { __u64 words[2]; } skc_v6_rcv_saddr;
} __attribute__((preserve_access_index));
struct sock {
	struct sock_common __sk_common;
	__u16 sk_type, sk_protocol;
} __attribute__((preserve_access_index));
struct socket { struct sock *sk; } __attribute__((preserve_access_index));

SEC("lsm/socket_bind")
int
BPF_PROG(enforce_bind_other, struct socket *socket)
{
	struct enf_run r = { .act = { .hook = ENF_BIND_OTHER } };
	const struct sock *sk = EV_READ_ONLY(struct socket, socket)->sk;

	r.act.family = sk->__sk_common.skc_family;
	r.act.type = sk->sk_type;
	r.act.protocol = sk->sk_protocol;
	return !is_inet(r.act.family) && stops(&r) ? -KERNEL_EPERM : 0;
}

/* The program for cgroups sees a bind; a socket that was bound before is not to listen. */
SEC("lsm/socket_listen")
int
BPF_PROG(enforce_listen, struct socket *socket)
{
	struct enf_run r = { .act = { .hook = ENF_LISTEN } };
	const struct sock *sk = EV_READ_ONLY(struct socket, socket)->sk;
	const struct sock_common *c = &sk->__sk_common;

	if (c->skc_family == KERNEL_AF_INET)
		address4(&r, c->skc_rcv_saddr, 0);
	else if (c->skc_family == KERNEL_AF_INET6)
		bpf_core_read(r.act.addr, sizeof(r.act.addr), &c->skc_v6_rcv_saddr);
	else
		r.act.hook = ENF_LISTEN_OTHER;
	r.act.port = is_inet(c->skc_family) ? c->skc_num : 0;
	r.act.family = c->skc_family;
	r.act.type = sk->sk_type;
	r.act.protocol = sk->sk_protocol;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

SEC("lsm/kernel_read_file")
int
BPF_PROG(enforce_module, struct file *file, int id)
{
	file = EV_READ_ONLY(struct file, file);
	if (id != (int)bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE))
		return 0;
	return file_act(ENF_MODULE, file, 0);
}

SEC("lsm/kernel_load_data")
int
BPF_PROG(enforce_module_data, int id)
{
	struct enf_run r = { .act = { .hook = ENF_MODULE } };

	if (id != (int)bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE))
		return 0;
	return stops(&r) ? -KERNEL_EPERM : 0;
}

#define ADDRESS6(r, ctx, ip6)                                                                      \
	({                                                                                         \
		(r)->act.addr[0] = (__u64)(ctx)->ip6[1] << 32 | (ctx)->ip6[0];                     \
		(r)->act.addr[1] = (__u64)(ctx)->ip6[3] << 32 | (ctx)->ip6[2];                     \
		(r)->act.port = bpf_ntohs((ctx)->user_port);                                       \
		(r)->act.family = KERNEL_AF_INET6;                                                 \
	})

static __always_inline int
socket_act(struct enf_run *r, struct bpf_sock_addr *ctx, __u32 hook)
{
	r->act.type = ctx->type;
	r->act.protocol = ctx->protocol;
	r->act.hook = hook == ENF_CONNECT && r->act.type != KERNEL_SOCK_STREAM ? ENF_CONNECT_UDP : hook;
	return !stops_plain(r);
}

#define SOCKET4(name, section, hook)                                                               \
	SEC(section) int name(struct bpf_sock_addr *ctx)                                           \
	{                                                                                          \
		struct enf_run r = {};                                                             \
                                                                                                   \
		address4(&r, ctx->user_ip4, ctx->user_port);                                       \
		return socket_act(&r, ctx, hook);                                                  \
	}
#define SOCKET6(name, section, hook)                                                               \
	SEC(section) int name(struct bpf_sock_addr *ctx)                                           \
	{                                                                                          \
		struct enf_run r = {};                                                             \
                                                                                                   \
		ADDRESS6(&r, ctx, user_ip6);                                                       \
		return socket_act(&r, ctx, hook);                                                  \
	}

SOCKET4(enforce_connect4, "cgroup/connect4", ENF_CONNECT)
SOCKET6(enforce_connect6, "cgroup/connect6", ENF_CONNECT)
SOCKET4(enforce_sendmsg4, "cgroup/sendmsg4", ENF_SENDMSG)
SOCKET6(enforce_sendmsg6, "cgroup/sendmsg6", ENF_SENDMSG)
SOCKET4(enforce_bind4, "cgroup/bind4", ENF_BIND)
SOCKET6(enforce_bind6, "cgroup/bind6", ENF_BIND)

SEC("cgroup/sock_create")
int
enforce_socket(struct bpf_sock *ctx)
{
	struct enf_run r = { .act = { .hook = ENF_SOCKET } };

	r.act.family = ctx->family;
	r.act.type = ctx->type;
	r.act.protocol = ctx->protocol;
	return !stops_plain(&r);
}
