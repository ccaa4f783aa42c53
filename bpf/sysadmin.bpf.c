/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What changes the machine as a whole, or reads or watches all of it; failures too. */
#define EV_THIS SYSADMIN
#include "bpf/bpfd.bpf.h"
#include "bpf/file.bpf.h"

#include "bpf/sysadmin.h"

#define HOST_NAME_MAX	64
#define COMMAND_LINE_MAX 2047
#define KEY_MAX		255
#define QUOTA_CMD_SHIFT	8	/* below it is the type of the quota */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct new_utsname { char nodename[65], domainname[65]; };
struct uts_namespace { struct new_utsname name; };
struct nsproxy___uts { struct uts_namespace *uts_ns; };
struct perf_event_attr { __u32 type; __u64 config; };
struct perf_event { struct perf_event_attr attr; };
struct file___private { void *private_data; };
#pragma clang attribute pop

/* linux/perf_event.h: what comes first in the struct that the call gets. */
struct user_perf { __u32 type, size; __u64 config; };
struct user_time { __s64 seconds, parts; };

static __always_inline int
event_of(long nr)
{
	switch (nr) {
#define CASE(id, name) case __NR_##name: return SYSADMIN_##id;
	SYSADMINS(CASE)
#undef CASE
	}
	return -1;
}

static __always_inline void
add_file(struct ev_scratch *s, struct ev_str *out, __u32 fd)
{
	struct file *file = file_of(fd);

	if (file)
		file_add_path(s, out, file_where(file));
}

/* Of a kernel that is to be started by kexec. */
static __always_inline void
of_kexec_file(struct ev_scratch *s, struct ev_sysadmin *e, const struct pt_regs *regs)
{
	e->flags = regs->r8;
	add_file(s, &e->path, regs->di);
	if ((int)regs->si >= 0)
		add_file(s, &e->initrd, regs->si);
	if (regs->dx)
		ev_add_user_str(s, &e->text, (const void *)regs->r10, COMMAND_LINE_MAX);
}

static __always_inline void
of_time(struct ev_sysadmin *e, const void *from, __s64 clock)
{
	struct user_time t = {};

	bpf_probe_read_user(&t, sizeof(t), from);
	e->h.flags |= EV_UNTRUSTED;
	e->n[0] = t.seconds;
	e->n[1] = clock;
}

/* The name that the machine has now, or that it was to have. */
static __always_inline void
of_name(struct ev_scratch *s, struct ev_sysadmin *e, const struct pt_regs *regs)
{
	struct uts_namespace *uts = BPF_CORE_READ((struct nsproxy___uts *)ev_task()->nsproxy, uts_ns);

	if (e->h.ret) {
		e->h.flags |= EV_UNTRUSTED;
		ev_add_user_bytes(s, &e->text, (const void *)regs->di, (__u32)regs->si, HOST_NAME_MAX);
	} else if (e->h.event == SYSADMIN_SETHOSTNAME)
		ev_add_kernel_str(s, &e->text, uts->name.nodename, HOST_NAME_MAX);
	else
		ev_add_kernel_str(s, &e->text, uts->name.domainname, HOST_NAME_MAX);
}

static __always_inline void
of_perf(struct ev_sysadmin *e, const struct pt_regs *regs)
{
	const struct file *file = e->h.ret >= 0 ? file_of(e->h.ret) : NULL;
	struct user_perf user = {};
	struct file_anon anon;
	struct perf_event *event;

	e->n[0] = (__s32)regs->si;
	e->n[1] = (__s32)regs->dx;
	e->flags = regs->r8;
	if (file && file_anon_of(file, &anon) && file_anon_is(&anon, "[perf_event]")) {
		event = (struct perf_event *)FILE_READ(struct file___private, file, private_data);
		e->op = BPF_CORE_READ(event, attr.type);
		e->n[2] = BPF_CORE_READ(event, attr.config);
		return;
	}
	bpf_probe_read_user(&user, sizeof(user), (const void *)regs->di);
	e->h.flags |= EV_UNTRUSTED;
	e->op = user.type;
	e->n[2] = user.config;
}

static __always_inline void
of_key(struct ev_scratch *s, struct ev_sysadmin *e, const struct pt_regs *regs)
{
	ev_add_user_str(s, &e->type, (const void *)regs->di, KEY_MAX);
	if (regs->si)
		ev_add_user_str(s, &e->text, (const void *)regs->si, KEY_MAX);
}

static __always_inline void
of_path(struct ev_scratch *s, struct ev_sysadmin *e, __u64 path)
{
	if (!path)
		return;		/* acct(NULL) ends it, quotactl(Q_SYNC) has none */
	e->h.flags |= EV_UNRESOLVED;
	file_add_given(s, &e->path, FILE_AT_FDCWD, (const char *)path);
}

/* Those whose arguments are numbers. */
static __always_inline void
of_numbers(struct ev_sysadmin *e, const struct pt_regs *regs)
{
	switch (e->h.event) {
	case SYSADMIN_KEXEC_LOAD:
		e->flags = regs->r10;
		return;
	case SYSADMIN_REBOOT:
		e->op = regs->dx;
		return;
	case SYSADMIN_SETTIMEOFDAY:
		if (regs->di)
			of_time(e, (const void *)regs->di, 0);
		return;
	case SYSADMIN_CLOCK_SETTIME:
		of_time(e, (const void *)regs->si, (__s32)regs->di);
		return;
	case SYSADMIN_IOPL:
		e->n[0] = (__u32)regs->di;
		return;
	case SYSADMIN_IOPERM:
		e->n[0] = regs->di;
		e->n[1] = regs->si;
		e->n[2] = (__s32)regs->dx;
		return;
	case SYSADMIN_SYSLOG:
		e->op = regs->di;
		return;
	case SYSADMIN_KEYCTL:
		e->op = regs->di;
		e->n[0] = (__s32)regs->si;
		return;
	case SYSADMIN_PERF_EVENT_OPEN:
		of_perf(e, regs);
		return;
	case SYSADMIN_USERFAULTFD:
	case SYSADMIN_FANOTIFY_INIT:
		e->flags = (__u32)regs->di;
		return;
	}
}

static __always_inline void
of_strings(struct ev_scratch *s, struct ev_sysadmin *e, const struct pt_regs *regs)
{
	__u64 path = regs->di;

	switch (e->h.event) {
	case SYSADMIN_KEXEC_FILE_LOAD:
		of_kexec_file(s, e, regs);
		return;
	case SYSADMIN_SETHOSTNAME:
	case SYSADMIN_SETDOMAINNAME:
		of_name(s, e, regs);
		return;
	case SYSADMIN_ADD_KEY:
	case SYSADMIN_REQUEST_KEY:
		of_key(s, e, regs);
		return;
	case SYSADMIN_QUOTACTL_FD:
		e->op = (__u32)regs->si >> QUOTA_CMD_SHIFT;
		add_file(s, &e->path, regs->di);
		return;
	case SYSADMIN_QUOTACTL:
		e->op = (__u32)regs->di >> QUOTA_CMD_SHIFT;
		path = regs->si;
		break;
	case SYSADMIN_SWAPON:
		e->flags = (__u32)regs->si;
		break;
	case SYSADMIN_SWAPOFF:
	case SYSADMIN_ACCT:
		break;
	default:
		return;
	}
	of_path(s, e, path);
}

SEC("tp_btf/sys_exit")
int
BPF_PROG(sysadmin_exit, struct pt_regs *regs, long ret)
{
	int event = event_of(regs->orig_ax);
	struct ev_scratch *s;
	struct ev_sysadmin *e;

	if (event < 0)
		goto next;
	s = ev_new(event, sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.ret = ret;
	of_numbers(e, regs);
	of_strings(s, e, regs);
	ev_send(s);
next:
	ev_next(ctx, regs);
	return 0;
}
