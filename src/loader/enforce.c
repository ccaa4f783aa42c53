/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules stop in the kernel: the table, and which programs of bpf/enforce.bpf.c are on their
 * hooks.  Both stay when this process dies; the next one takes them over as those of any tracer, and
 * changes nothing before the API has said what is to be in force.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memfd.h"
#include "ipc/enforce.h"
#include "loader/attach_hook.h"
#include "loader/handlers.h"
#include "loader/oneshot.h"
#include "loader/tracers_parts.h"

#define HOOK(id) (1u << ENF_##id)

/* cgroup: hook at the root of the cgroups; NULL: it knows its own. */
static const struct {
	const char *program, *cgroup;
	uint32_t hooks;
} programs[] = {
	{ "enforce_exec", NULL, HOOK(EXEC) },
	{ "enforce_executed", NULL, HOOK(EXECUTED) },
	{ "enforce_open", NULL, HOOK(OPEN) },
	{ "enforce_connect4", "connect4", HOOK(CONNECT) | HOOK(CONNECT_UDP) },
	{ "enforce_connect6", "connect6", HOOK(CONNECT) | HOOK(CONNECT_UDP) },
	{ "enforce_sendmsg4", "sendmsg4", HOOK(SENDMSG) },
	{ "enforce_sendmsg6", "sendmsg6", HOOK(SENDMSG) },
	{ "enforce_bind4", "bind4", HOOK(BIND) },
	{ "enforce_bind6", "bind6", HOOK(BIND) },
	{ "enforce_socket", "sock_create", HOOK(SOCKET) },
	{ "enforce_mount", NULL, HOOK(MOUNT) },
	{ "enforce_move_mount", NULL, HOOK(MOVE) },
	{ "enforce_umount", NULL, HOOK(UMOUNT) },
	{ "enforce_listen", NULL, HOOK(LISTEN) | HOOK(LISTEN_OTHER) },
	{ "enforce_bind_other", NULL, HOOK(BIND_OTHER) },
	{ "enforce_socket_other", NULL, HOOK(SOCKET_OTHER) },
	{ "enforce_ptrace", NULL, HOOK(PTRACE) },
	{ "enforce_traceme", NULL, HOOK(PTRACE) },
	{ "enforce_bpf", NULL, HOOK(BPF) },
	{ "enforce_module", NULL, HOOK(MODULE) },
	{ "enforce_module_data", NULL, HOOK(MODULE) },
};
_Static_assert(ARRAY_SIZE(programs) <= 32, "a mask has a bit for each");

const char *
enforce_no_lsm(void)
{
	const char *why = attach_no_trampolines();

	return why ? why : attach_no_bpf_lsm();
}

/* The supervisor is this process's parent.  Field 22 of its stat, behind the name that may hold anything. */
void
enforce_open(struct loader *ld)
{
	char path[32], buf[1024] = "";
	unsigned long long start = 0;
	const char *p;
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/stat", getppid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, buf, sizeof(buf) - 1) <= 0)
		buf[0] = '\0';
	p = strrchr(buf, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%llu", &start) != 1) {
		log_warn("enforce.own", "bpfd's own processes are not known: rules may stop them");
		return;
	}
	ld->tracers.own_pid = (uint32_t)getppid();
	ld->tracers.own_ticks = start;
}

/* ---- what is in force ---- */

/* That this kernel has: a rule may do without one (ipc/enforce.h). */
static uint32_t
hooks_of(const struct enf_table *t)
{
	bool lsm = !enforce_no_lsm();
	uint32_t hooks = 0;

	for (unsigned int i = 0; t && i < N_ENF_HOOKS; i++)
		if (t->first[i] != ENF_END && (lsm || strcmp(enforce_hook_kinds[i], "lsm") != 0))
			hooks |= 1u << i;
	return hooks;
}

/* Those that are needed and not there, nor refused by this kernel. */
static uint32_t
lacking(const struct loader *ld)
{
	const struct tracer_facts *f = &ld->tracers.t[TR_ENFORCE];
	uint32_t hooks = hooks_of(ld->tracers.enforce), mask = 0;
	char there[IPC_NAME_MAX], refused[IPC_NAME_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		snprintf(there, sizeof(there), "e-%s", programs[i].program);
		snprintf(refused, sizeof(refused), "r-%s", programs[i].program);
		if ((programs[i].hooks & hooks) && !tracer_has_pin(f, there) && !tracer_has_pin(f, refused))
			mask |= 1u << i;
	}
	return mask & ~ld->tracers.enforce_tried;
}

bool
enforce_lacks(const struct loader *ld)
{
	return lacking(ld) != 0;
}

void
enforce_request(struct loader *ld, struct msg_load *req)
{
	uint32_t mask = lacking(ld);

	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		struct load_prog *p = &req->progs[req->n_progs];

		if (!(mask >> i & 1))
			continue;
		p->attach_type = IPC_ANY_ATTACH;
		snprintf(p->name, sizeof(p->name), "%s", programs[i].program);
		req->n_progs++;
	}
	ld->tracers.enforce_tried |= mask;
}

void
enforce_again(struct loader *ld)
{
	ld->tracers.enforce_tried = 0;
}

int
enforce_share(struct loader *ld, struct session *s)
{
	static const char pin[] = "m-" ENFORCE_TABLES;

	if (!tracer_has_pin(&ld->tracers.t[TR_ENFORCE], pin))
		return 0;
	return session_share(s, ENFORCE_TABLES, tracer_get(ld, TR_ENFORCE, pin));
}

/* A map of its own for each table: a program that is running goes on with the one that it began with. */
static int
put(struct loader *ld, struct enf_table *table)
{
	static const char pin[] = "m-" ENFORCE_TABLES;
	bool there = tracer_has_pin(&ld->tracers.t[TR_ENFORCE], pin);
	AUTO(fd) int outer = there ? tracer_get(ld, TR_ENFORCE, pin) : -ENOENT;
	AUTO(fd) int inner = -1;
	const uint32_t zero = 0;
	int err;

	if (outer < 0)
		return there || table ? outer : 0;
	if (!table) {
		err = kernel_delete(&ld->kernel, outer, &zero);
		return err == -ENOENT ? 0 : err;
	}
	table->own_pid = ld->tracers.own_pid;
	table->own_ticks = ld->tracers.own_ticks;
	inner = kernel_array(&ld->kernel, "enforce_table", sizeof(*table), 1);
	err = inner < 0 ? inner : kernel_update(&ld->kernel, inner, &zero, table);
	return err ? err : kernel_update(&ld->kernel, outer, &zero, &inner);
}

/* Beside whatever programs are there.  root: of the cgroups, opened when it is needed. */
static int
attach(struct loader *ld, const char *pin, const char *cgroup, int *root)
{
	static const struct msg_cgroup whole;
	AUTO(fd) int prog = tracer_get(ld, TR_ENFORCE, pin);
	struct msg_one_fd facts;
	struct msg_result res = { 0 };
	AUTO(fd) int link = -1;
	char name[IPC_NAME_MAX];
	int err = prog < 0 ? prog : 0;

	if (!err && cgroup && *root < 0)
		err = oneshot_fd(ld, IPC_ONE_CGROUP, &whole, NULL, &facts, root, &res);
	if (err)
		return err;
	link = cgroup ? attach_cgroup_link(prog, *root, cgroup) : kernel_raw_tracepoint(&ld->kernel, prog, NULL);
	if (link < 0)
		return link;
	snprintf(name, sizeof(name), "l-%s", pin + 2);
	return tracer_pin(ld, TR_ENFORCE, name, link);
}

void
enforce_unhook(struct loader *ld, const char *link)
{
	tracer_unpin(ld, TR_ENFORCE, link);
	ld->counts.detaches++;
	ld->tracers.t[TR_ENFORCE].n_attached--;
}

static void
set_hook(struct loader *ld, const char *program, const char *cgroup, bool on, int *root)
{
	struct tracer_facts *f = &ld->tracers.t[TR_ENFORCE];
	char pin[IPC_NAME_MAX], link[IPC_NAME_MAX];
	int err;

	snprintf(pin, sizeof(pin), "e-%s", program);
	snprintf(link, sizeof(link), "l-%s", program);
	if (!tracer_has_pin(f, pin) || on == tracer_has_pin(f, link))
		return;
	if (!on) {
		enforce_unhook(ld, link);
		return;
	}
	err = attach(ld, pin, cgroup, root);
	ld->counts.attaches += !err;
	f->n_attached += !err;
	if (!err)
		return;
	log_err(err, "enforce.attach", "program=%s", program);
	tracer_miss(f, "program %s is not attached (%s%s)", program, strerrorname_np(-err),
		cgroup && err == -EPERM ? ": a program at the root of the cgroups admits no others" : "");
}

/* The table is there before the programs that ask it, and goes after them. */
void
enforce_apply(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	uint32_t hooks = hooks_of(t->enforce);
	AUTO(fd) int root = -1;
	int err;

	if (!t->enforce_new || !t->t[TR_ENFORCE].loaded || t->t[TR_ENFORCE].loading || enforce_lacks(ld))
		return;
	err = hooks ? put(ld, t->enforce) : 0;
	for (size_t i = 0; i < ARRAY_SIZE(programs) && !err; i++)
		set_hook(ld, programs[i].program, programs[i].cgroup, programs[i].hooks & hooks, &root);
	if (!err && !hooks)
		err = put(ld, NULL);
	if (err) {
		log_err(err, "enforce.table", "what was in force before stays");
		tracer_miss(&t->t[TR_ENFORCE], "its table cannot be set (%s): what was in force before stays",
			strerrorname_np(-err));
		return;
	}
	t->enforce_new = false;
	tracers_drop_stale(ld);
}

/* ---- from the API ---- */

static int
take(const struct msg_enforce_want *m, int fd, struct enf_table **out)
{
	AUTO(mem) struct enf_table *t = NULL;

	*out = NULL;
	if (m->len == 0)
		return 0;
	if (m->len != sizeof(*t) || memfd_seal_received(fd, sizeof(*t)) != sizeof(*t))
		return -EINVAL;
	t = malloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	if (pread(fd, t, sizeof(*t), 0) != sizeof(*t) || enforce_table_check(t))
		return -EINVAL;
	*out = TAKE_PTR(t);
	return 0;
}

/* What was missing is not what this table needs; what it needs is tried, or said again. */
static void
begin_again(struct tracers *t)
{
	struct tracer_facts *f = &t->t[TR_ENFORCE];
	uint32_t hooks = hooks_of(t->enforce);
	char pin[IPC_NAME_MAX];

	t->enforce_new = true;
	t->enforce_tried = 0;
	f->failed = false;
	f->reason[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		snprintf(pin, sizeof(pin), "r-%s", programs[i].program);
		if ((programs[i].hooks & hooks) && tracer_has_pin(f, pin))
			tracer_miss(f, "the kernel refuses program %s", programs[i].program);
	}
}

int
on_ENFORCE_WANT(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_enforce_want *m, int *fds)
{
	struct tracers *t = &ld->tracers;
	struct enf_table *table;
	struct msg_result res;
	int err = take(m, fds[0], &table);

	if (err) {
		result_set(&res, IPC_INVALID_ARGUMENT, err, "the table of what the kernel decides is malformed");
		reply_result(ld, h->seq, &res);
		return 0;
	}
	free(t->enforce);
	t->enforce = table;
	begin_again(t);
	reply_ok(ld, h->seq, 0);
	return 0;
}
