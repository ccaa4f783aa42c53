/* SPDX-License-Identifier: Apache-2.0 */
/* What a hook of the kernel can tell of the fields that the rules of a tracer name. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "bpf/bpfaudit.h"
#include "common/auto.h"
#include "ipc/tracers.h"
#include "rules/enforce_parts.h"

static const struct enforce_subject subjects[] = {
	{ "exec", ENFORCE_DENY, ENF_EXEC, "exec" },
	{ "exec", ENFORCE_KILL, ENF_EXECUTED, "exec" },
	{ "open", ENFORCE_DENY, ENF_OPEN, "open" },
	{ "tcpstate", ENFORCE_DENY, ENF_CONNECT, "connect" },
	{ "udp", ENFORCE_DENY, ENF_SENDMSG, "send" },
	{ "udp", ENFORCE_DENY, ENF_CONNECT_UDP, "connect" },
	{ "bind", ENFORCE_DENY, ENF_BIND, "bind" },
	{ "bind", ENFORCE_DENY, ENF_BIND_OTHER, "bind" },
	{ "bind", ENFORCE_DENY, ENF_LISTEN, "listen" },
	{ "bind", ENFORCE_DENY, ENF_LISTEN_OTHER, "listen" },
	{ "socket", ENFORCE_DENY, ENF_SOCKET, "socket" },
	{ "socket", ENFORCE_DENY, ENF_SOCKET_OTHER, "socket" },
	{ "mount", ENFORCE_DENY, ENF_MOUNT, "mount" },
	{ "mount", ENFORCE_DENY, ENF_MOVE, "move_mount" },
	{ "mount", ENFORCE_DENY, ENF_UMOUNT, "umount" },
	{ "ptrace", ENFORCE_DENY, ENF_PTRACE, NULL },
	{ "bpf", ENFORCE_DENY, ENF_BPF, NULL },
	{ "module", ENFORCE_DENY, ENF_MODULE, NULL },
};

/* changes: with the exec, so that before it there is another one than the event will have. */
static const struct {
	const char *tracer, *field;	/* tracer NULL: of all */
	enum enf_field is;
	bool changes;
} fields[] = {
	{ NULL, "pid", ENF_F_PID, false },
	{ NULL, "ppid", ENF_F_PPID, false },
	{ NULL, "uid", ENF_F_UID, false },
	{ NULL, "gid", ENF_F_GID, false },
	{ NULL, "loginuid", ENF_F_LOGINUID, false },
	{ NULL, "ns.mnt", ENF_F_MNTNS, false },
	{ NULL, "ns.pid", ENF_F_PIDNS, false },
	{ NULL, "ns.net", ENF_F_NETNS, false },
	{ NULL, "ns.user", ENF_F_USERNS, false },
	{ NULL, "ns.host", ENF_F_HOSTNS, false },
	{ NULL, "cgroup.id", ENF_F_CGROUP, false },
	{ NULL, "tid", ENF_F_TID, true },
	{ NULL, "euid", ENF_F_EUID, true },
	{ NULL, "egid", ENF_F_EGID, true },
	{ NULL, "comm", ENF_F_COMM, true },
	{ NULL, "exe", ENF_F_EXE, true },
	{ "exec", "path", ENF_F_PATH, false },
	{ "exec", "dev", ENF_F_DEV, false },
	{ "exec", "ino", ENF_F_INO, false },
	{ "exec", "owner", ENF_F_OWNER, false },
	{ "exec", "nlink", ENF_F_NLINK, false },
	{ "exec", "origin", ENF_F_ARG, false },
	{ "open", "path", ENF_F_PATH, false },
	{ "open", "dev", ENF_F_DEV, false },
	{ "open", "ino", ENF_F_INO, false },
	{ "open", "flags", ENF_F_ARG, false },
	{ "tcpstate", "daddr", ENF_F_ADDR, false },
	{ "tcpstate", "dport", ENF_F_PORT, false },
	{ "tcpstate", "family", ENF_F_FAMILY, false },
	{ "tcpstate", "protocol", ENF_F_PROTOCOL, false },
	{ "udp", "daddr", ENF_F_ADDR, false },
	{ "udp", "dport", ENF_F_PORT, false },
	{ "udp", "family", ENF_F_FAMILY, false },
	{ "bind", "addr", ENF_F_ADDR, false },
	{ "bind", "port", ENF_F_PORT, false },
	{ "bind", "family", ENF_F_FAMILY, false },
	{ "bind", "protocol", ENF_F_PROTOCOL, false },
	{ "bind", "socktype", ENF_F_TYPE, false },
	{ "socket", "family", ENF_F_FAMILY, false },
	{ "socket", "socktype", ENF_F_TYPE, false },
	{ "socket", "protocol", ENF_F_PROTOCOL, false },
	{ "udp", "protocol", ENF_F_PROTOCOL, false },
	{ "mount", "mounted", ENF_F_PATH, false },
	{ "mount", "flags", ENF_F_ARG, false },
	{ "ptrace", "target_pid", ENF_F_TARGET, false },
	{ "module", "path", ENF_F_PATH, false },
};

static const struct { const char *field, *instead; } others[] = {
	{ "container", "ns.host = false" }, { "container.id", "cgroup.id" }, { "container.runtime", "ns.host = false" },
	{ "container.pod", "cgroup.id" }, { "cgroup", "cgroup.id" }, { "args", "path" }, { "argv", "path" },
	{ "filename", "path" }, { "interp", "path" }, { "target", "mounted" },
};

enum enforce_verb
enforce_verb(const char *action)
{
	return strcmp(action, "deny") == 0 ? ENFORCE_DENY : strcmp(action, "kernel_kill") == 0 ? ENFORCE_KILL : 0;
}

uint32_t
enforce_verbs(const struct rule *r)
{
	uint32_t verbs = 0;

	for (uint32_t i = 0; i < r->n_actions; i++)
		verbs |= enforce_verb(r->actions[i].name);
	return verbs;
}

const struct enforce_subject *
enforce_subject(const struct rule *r, const struct enforce_subject *after)
{
	uint32_t verbs = enforce_verbs(r);

	for (const struct enforce_subject *s = after ? after + 1 : subjects; s < subjects + ARRAY_SIZE(subjects); s++) {
		unsigned int t = ipc_tracer_by_name(s->tracer);

		if (t && (r->tracers >> t & 1) && (verbs & s->verb))
			return s;
	}
	return NULL;
}

/* The kernel's number of the command that an event of tracer bpf is; -1: there is no such event. */
int
enforce_bpf_command(const char *event)
{
#define COMMAND(id, number, name)                                                                  \
	if (strcmp(event, name) == 0)                                                              \
		return number;
	EV_BPF_COMMANDS(COMMAND)
#undef COMMAND
	return -1;
}

/*
 * What no act of the hook can have: it is a condition that does not hold there.  Two hooks share the
 * sockets, those of IPv4 and IPv6 and the others; what is moved or taken away has no flags of a mount.
 */
bool
enforce_never(enum enf_hook hook, const struct enf_step *step)
{
	bool other = hook == ENF_SOCKET_OTHER || hook == ENF_BIND_OTHER || hook == ENF_LISTEN_OTHER;
	bool inet = hook == ENF_SOCKET || hook == ENF_BIND || hook == ENF_CONNECT || hook == ENF_CONNECT_UDP ||
		hook == ENF_SENDMSG || hook == ENF_LISTEN;

	if (other && (step->field == ENF_F_PORT || step->field == ENF_F_ADDR))
		return true;
	if ((hook == ENF_MOVE || hook == ENF_UMOUNT) && step->field == ENF_F_ARG)
		return true;
	if (step->field != ENF_F_FAMILY || step->op != ENF_RANGE)
		return false;
	if (other)
		return step->lo == step->hi && (step->lo == AF_INET || step->lo == AF_INET6);
	return inet && !(step->lo <= AF_INET && AF_INET <= step->hi) && !(step->lo <= AF_INET6 && AF_INET6 <= step->hi);
}

bool
enforce_explain(const struct rule *r, FILE *out)
{
	const char *sep = "";

	for (const struct enforce_subject *s = enforce_subject(r, NULL); s; s = enforce_subject(r, s)) {
		fprintf(out, "%s%s %s", sep, s->verb == ENFORCE_KILL ? "kills what is" : "decides and denies", enforce_hook_names[s->hook]);
		sep = ", ";
	}
	if (!sep[0])
		return false;
	fprintf(out, "; what it cannot tell it %s\n", r->fail_closed ? "stops" : "lets pass");
	return true;
}

static void
refuse(const struct enforce_subject *s, const char *field, const char *why, char *text, size_t room)
{
	snprintf(text, room, "%s of %s cannot be decided in the kernel by %s%s%s",
		s->verb == ENFORCE_KILL ? "kernel_kill" : "deny", s->tracer, field, why[0] ? ": " : "", why);
}

int
enforce_field(const struct enforce_subject *s, const struct field *f, char *why, size_t room)
{
	char text[160] = "";

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (strcmp(fields[i].field, f->name) != 0 ||
		    (fields[i].tracer && strcmp(fields[i].tracer, s->tracer) != 0))
			continue;
		if (!fields[i].changes || s->hook != ENF_EXEC)
			return (int)fields[i].is;
		refuse(s, f->name, "the program has it only after its exec, where kernel_kill sees it", why, room);
		return -1;
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (strcmp(others[i].field, f->name) == 0)
			snprintf(text, sizeof(text), "it is known outside of it alone; %s may do", others[i].instead);
	refuse(s, f->name, text, why, room);
	return -1;
}
