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
of_kexec_file(struct ev_scratch *s, struct ev_sysadmin *e, const struct ev_call *c)
{
	e->flags = c->arg[4];
	add_file(s, &e->path, c->arg[0]);
	if ((int)c->arg[1] >= 0)
		add_file(s, &e->initrd, c->arg[1]);
	if (c->arg[2])
		ev_add_user_str(s, &e->text, (const void *)c->arg[3], COMMAND_LINE_MAX);
}

/* Of the low word it is enough, where words have 32 bits. */
static __always_inline void
of_time(struct ev_sysadmin *e, const struct ev_call *c, __u64 from, __s64 clock)
{
	__s64 seconds = 0;

	bpf_probe_read_user(&seconds, c->words32 ? 4 : 8, (const void *)from);
	e->h.flags |= EV_UNTRUSTED;
	e->n[0] = c->words32 ? (__s32)seconds : seconds;
	e->n[1] = clock;
}

/* The name that the machine has now, or that it was to have. */
static __always_inline void
of_name(struct ev_scratch *s, struct ev_sysadmin *e, const struct ev_call *c)
{
	struct uts_namespace *uts = BPF_CORE_READ((struct nsproxy___uts *)ev_task()->nsproxy, uts_ns);

	if (e->h.ret) {
		e->h.flags |= EV_UNTRUSTED;
		ev_add_user_bytes(s, &e->text, (const void *)c->arg[0], (__u32)c->arg[1], HOST_NAME_MAX);
	} else if (e->h.event == SYSADMIN_SETHOSTNAME)
		ev_add_kernel_str(s, &e->text, uts->name.nodename, HOST_NAME_MAX);
	else
		ev_add_kernel_str(s, &e->text, uts->name.domainname, HOST_NAME_MAX);
}

static __always_inline void
of_perf(struct ev_sysadmin *e, const struct ev_call *c)
{
	const struct file *file = e->h.ret >= 0 ? file_of(e->h.ret) : NULL;
	struct user_perf user = {};
	struct file_anon anon;
	struct perf_event *event;

	e->n[0] = (__s32)c->arg[1];
	e->n[1] = (__s32)c->arg[2];
	e->flags = c->arg[4];
	if (file && file_anon_of(file, &anon) && file_anon_is(&anon, "[perf_event]")) {
		event = (struct perf_event *)FILE_READ(struct file___private, file, private_data);
		e->op = BPF_CORE_READ(event, attr.type);
		e->n[2] = BPF_CORE_READ(event, attr.config);
		return;
	}
	bpf_probe_read_user(&user, sizeof(user), (const void *)c->arg[0]);
	e->h.flags |= EV_UNTRUSTED;
	e->op = user.type;
	e->n[2] = user.config;
}

static __always_inline void
of_key(struct ev_scratch *s, struct ev_sysadmin *e, const struct ev_call *c)
{
	ev_add_user_str(s, &e->type, (const void *)c->arg[0], KEY_MAX);
	if (c->arg[1])
		ev_add_user_str(s, &e->text, (const void *)c->arg[1], KEY_MAX);
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
of_numbers(struct ev_sysadmin *e, const struct ev_call *c)
{
	switch (e->h.event) {
	case SYSADMIN_KEXEC_LOAD:
		e->flags = c->arg[3];
		return;
	case SYSADMIN_REBOOT:
		e->op = c->arg[2];
		return;
	case SYSADMIN_SETTIMEOFDAY:
		if (c->arg[0])
			of_time(e, c, c->arg[0], 0);
		return;
	case SYSADMIN_CLOCK_SETTIME:
		of_time(e, c, c->arg[1], (__s32)c->arg[0]);
		return;
	case SYSADMIN_IOPL:
		e->n[0] = (__u32)c->arg[0];
		return;
	case SYSADMIN_IOPERM:
		e->n[0] = c->arg[0];
		e->n[1] = c->arg[1];
		e->n[2] = (__s32)c->arg[2];
		return;
	case SYSADMIN_SYSLOG:
		e->op = c->arg[0];
		return;
	case SYSADMIN_KEYCTL:
		e->op = c->arg[0];
		e->n[0] = (__s32)c->arg[1];
		return;
	case SYSADMIN_PERF_EVENT_OPEN:
		of_perf(e, c);
		return;
	case SYSADMIN_USERFAULTFD:
	case SYSADMIN_FANOTIFY_INIT:
		e->flags = (__u32)c->arg[0];
		return;
	}
}

static __always_inline void
of_strings(struct ev_scratch *s, struct ev_sysadmin *e, const struct ev_call *c)
{
	__u64 path = c->arg[0];

	switch (e->h.event) {
	case SYSADMIN_KEXEC_FILE_LOAD:
		of_kexec_file(s, e, c);
		return;
	case SYSADMIN_SETHOSTNAME:
	case SYSADMIN_SETDOMAINNAME:
		of_name(s, e, c);
		return;
	case SYSADMIN_ADD_KEY:
	case SYSADMIN_REQUEST_KEY:
		of_key(s, e, c);
		return;
	case SYSADMIN_QUOTACTL_FD:
		e->op = (__u32)c->arg[1] >> QUOTA_CMD_SHIFT;
		add_file(s, &e->path, c->arg[0]);
		return;
	case SYSADMIN_QUOTACTL:
		e->op = (__u32)c->arg[0] >> QUOTA_CMD_SHIFT;
		path = c->arg[1];
		break;
	case SYSADMIN_SWAPON:
		e->flags = (__u32)c->arg[1];
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
	struct ev_call call, *c = &call;
	struct ev_scratch *s;
	struct ev_sysadmin *e;
	int event;

	ev_call(c, regs);
	event = event_of(c->nr);
	if (event < 0)
		goto next;
	s = ev_new(event, sizeof(*e));
	if (!s)
		goto next;
	e = ev_record(s);
	e->h.ret = ret;
	of_numbers(e, c);
	of_strings(s, e, c);
	ev_send(s);
next:
	ev_next_call(ctx, c->nr);
	return 0;
}
