/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>

#include "common/auto.h"
#include "events/tables.h"
#include "events/words.h"

/* ---- values that no offset tells ---- */

static bool
text(const char *s, struct value *out)
{
	if (!s)
		return false;
	out->data = s;
	out->len = strlen(s);
	return true;
}

static bool
get_seq(const struct event *e, const struct field *f, struct value *out)
{
	(void)f;
	out->u = e->rec ? e->rec->seq : 0;
	return e->rec;
}

static bool
get_tracer(const struct event *e, const struct field *f, struct value *out)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);

	(void)f;
	return t && text(t->name, out);
}

static bool
get_event(const struct event *e, const struct field *f, struct value *out)
{
	const struct tracer_info *t = tracer_info(e->ev->tracer);

	(void)f;
	return t && text(t->events[e->ev->event], out);
}

static bool
get_error(const struct event *e, const struct field *f, struct value *out)
{
	(void)f;
	return text(common_errno(e->ev->ret), out);
}

static bool
get_fileless(const struct event *e, const struct field *f, struct value *out)
{
	(void)f;
	out->u = e->ctx->exe_nlink == 0;
	return e->ctx->flags & CTX_PROC && e->ctx->exe.len;
}

/* The same for two processes of one number only when they began a multiple of 2^42 ns, 73 minutes, apart. */
static bool
get_process_key(const struct event *e, const struct field *f, struct value *out)
{
	(void)f;
	out->u = e->ev->start << 22 ^ e->ev->tgid;
	return !(e->ev->flags & EV_NO_OWNER);
}

static bool
get_one(const struct event *e, const struct field *f, struct value *out)
{
	(void)e, (void)f;
	return text("1", out);
}

/* off: the member of struct rec_ctx; known of a process that the enricher knows. */
static bool
proc_num(const struct event *e, const struct field *f, struct value *out)
{
	uint32_t u;

	if (!(e->ctx->flags & CTX_PROC))
		return false;
	if (f->size == sizeof(u)) {
		memcpy(&u, (const char *)e->ctx + f->off, sizeof(u));
		out->u = u;
	} else {
		memcpy(&out->u, (const char *)e->ctx + f->off, sizeof(out->u));
	}
	return out->u || !(f->flags & FIELD_OPTIONAL);
}

/* The kernel's number for "nobody has logged in". */
static bool
login_num(const struct event *e, const struct field *f, struct value *out)
{
	return proc_num(e, f, out) && out->u != UINT32_MAX;
}

static bool
ctx_str(const struct event *e, const struct field *f, struct value *out)
{
	struct ev_str s;

	memcpy(&s, (const char *)e->ctx + f->off, sizeof(s));
	out->data = (const char *)e->ctx + s.off;
	out->len = s.len;
	return s.len;
}

/* off: the bit in rec_ctx.flags */
static bool
ctx_flag(const struct event *e, const struct field *f, struct value *out)
{
	out->u = (e->ctx->flags & f->off) != 0;
	return true;
}

static bool
get_trusted(const struct event *e, const struct field *f, struct value *out)
{
	(void)f;
	out->u = !(e->ctx->flags & CTX_CLAIM);
	return e->ctx->flags & CTX_CONTAINER;
}

static bool
get_host(const struct event *e, const struct field *f, struct value *out)
{
	return e->ctx->flags & CTX_PROC && ctx_flag(e, f, out);
}

/*
 * The arguments with a space between each, which is what the first bpfd called argv.  They lie in
 * memory of this function until the next call.
 */
static bool
get_argv(const struct event *e, const struct field *f, struct value *out)
{
	static char joined[EV_RECORD_MAX];
	const struct field *own = schema_own(e->ev->tracer, "args");
	struct value args;

	(void)f;
	if (!(own && own->type == F_LIST && field_get(e, own, &args)) &&
	    !field_get(e, common_find(0, "args"), &args))
		return false;
	if (args.len > sizeof(joined))
		args.len = sizeof(joined);
	memcpy(joined, args.data, args.len);
	while (args.len && !joined[args.len - 1])
		args.len--;
	for (char *p = joined; (p = memchr(p, '\0', args.len - (size_t)(p - joined))) != NULL;)
		*p = ' ';
	out->data = joined;
	out->len = args.len;
	return true;
}

/* ---- words ---- */

static const struct field_word marks[] = {
	{ EV_TRUNCATED, "truncated" }, { EV_UNTRUSTED, "untrusted" }, { EV_UNRESOLVED, "unresolved" },
	{ EV_NO_OWNER, "no_owner" }, { EV_COMPAT, "compat" },
	{ EV_URING, "io_uring" }, { EV_REDACTED, "redacted" }, { 0, NULL },
};

const char *
common_errno(int64_t ret)
{
	return ret < 0 && ret >= -4095 ? strerrorname_np((int)-ret) : NULL;
}

/* ---- the table ---- */

#define HDR(member, name, type, ...)  FIELD_NUM(ev_hdr, member, name, type, __VA_ARGS__)
#define PROC(member, name, type, ...)                                                              \
	FIELD_NUM(rec_ctx, member, name, type, .get = proc_num, __VA_ARGS__)
#define LOGIN(member, name, ...)                                                                   \
	FIELD_NUM(rec_ctx, member, name, F_U64, .get = login_num, __VA_ARGS__)
#define CTX_STR(member, name_, type_, flags_, ...)                                                 \
	{ .name = name_, .type = type_, .off = offsetof(struct rec_ctx, member), .get = ctx_str,   \
	  .flags = FIELD_OPTIONAL | (flags_), __VA_ARGS__ }

const struct field common_fields[] = {
	{ .name = "seq", .type = F_U64, .get = get_seq, .help = "number of the event, without holes" },
	HDR(ts, "time", F_TIME, .help = "when it happened"),
	{ .name = "tracer", .type = F_STR, .get = get_tracer, .help = "who saw it" },
	{ .name = "event", .type = F_STR, .get = get_event, .help = "which of the tracer's events" },
	HDR(tgid, "pid", F_U64, .help = "process, in the initial pid namespace"),
	HDR(tid, "tid", F_U64, .help = "thread"),
	HDR(ppid, "ppid", F_U64, .help = "parent process"),
	HDR(uid, "uid", F_U64, .help = "real user"),
	HDR(gid, "gid", F_U64, .help = "real group"),
	HDR(comm, "comm", F_STR, .help = "name of the thread: it may choose any"),
	CTX_STR(exe, "exe", F_PATH, 0, .help = "executable"),
	CTX_STR(cwd, "cwd", F_PATH, 0, .help = "working directory when it was executed"),
	CTX_STR(args, "args", F_LIST, FIELD_UNTRUSTED,
		.help = "arguments, the program's name first"),
	CTX_STR(pcomm, "pcomm", F_STR, 0, .help = "comm of the parent"),
	CTX_STR(pexe, "pexe", F_PATH, 0, .help = "executable of the parent"),
	CTX_STR(tty, "tty", F_STR, 0, .help = "controlling terminal"),
	HDR(ret, "retval", F_I64, .help = "result: negative errno where it failed"),
	{ .name = "error", .type = F_STR, .get = get_error, .help = "name of a failure: ENOENT" },
	PROC(cap_eff, "cap_eff", F_FLAGS, .flags = FIELD_HEX, .words = words_caps,
		.help = "effective capabilities"),
	PROC(euid, "euid", F_U64, .help = "effective user"),
	PROC(egid, "egid", F_U64, .help = "effective group"),
	LOGIN(loginuid, "loginuid", .help = "who logged in"),
	LOGIN(sessionid, "sessionid", .help = "login session"),
	HDR(start, "start", F_TIME, .flags = FIELD_OPTIONAL, .help = "when the process was created"),
	HDR(mntns, "ns.mnt", F_U64, .flags = FIELD_OPTIONAL, .help = "mount namespace"),
	PROC(pidns, "ns.pid", F_U64, .flags = FIELD_OPTIONAL, .help = "pid namespace"),
	PROC(netns, "ns.net", F_U64, .flags = FIELD_OPTIONAL, .help = "network namespace"),
	PROC(userns, "ns.user", F_U64, .flags = FIELD_OPTIONAL, .help = "user namespace"),
	PROC(cgroupns, "ns.cgroup", F_U64, .flags = FIELD_OPTIONAL, .help = "cgroup namespace"),
	PROC(host_mntns, "host.ns.mnt", F_U64, .flags = FIELD_OPTIONAL | FIELD_HIDDEN,
		.help = "the host's mount namespace, to compare with"),
	{ .name = "ns.host", .type = F_BOOL, .off = CTX_HOST, .get = get_host,
	  .help = "mount and pid namespace are the host's" },
	PROC(ns_pid, "ns_pid", F_U64, .flags = FIELD_OPTIONAL, .help = "pid in its own namespace"),
	CTX_STR(cgroup, "cgroup", F_PATH, 0, .help = "path of its cgroup"),
	HDR(cgroup, "cgroup.id", F_U64, .flags = FIELD_OPTIONAL | FIELD_HIDDEN,
		.help = "number of its cgroup in the v2 hierarchy"),
	HDR(cgroup1, "cgroup.id1", F_U64, .flags = FIELD_OPTIONAL | FIELD_HIDDEN,
		.help = "in the v1 hierarchy that is used"),
	{ .name = "container", .type = F_BOOL, .off = CTX_CONTAINER, .get = ctx_flag,
	  .help = "runs in a container" },
	CTX_STR(container, "container.id", F_STR, 0, .help = "id or name of the container"),
	CTX_STR(runtime, "container.runtime", F_STR, 0, .help = "docker, podman, containerd, ..."),
	CTX_STR(name, "container.name", F_STR, 0, .help = "what its runtime calls it"),
	CTX_STR(image, "container.image", F_STR, 0, .help = "what it was made from"),
	CTX_STR(pod, "container.pod", F_STR, 0, .help = "name of the Kubernetes pod"),
	CTX_STR(k8s_ns, "container.k8s_ns", F_STR, 0, .help = "Kubernetes namespace of the pod"),
	CTX_STR(pod_uid, "container.pod_uid", F_STR, 0, .help = "uid of the Kubernetes pod"),
	CTX_STR(labels, "container.labels", F_LIST, FIELD_DETAIL, .help = "\"key=value\" of each label"),
	{ .name = "container.trusted", .type = F_BOOL, .get = get_trusted,
	  .help = "false: its id is in a user's own cgroup, who may have made it up" },
	PROC(exe_dev, "exe.dev", F_U64, .flags = FIELD_OPTIONAL, .help = "device of the executable"),
	PROC(exe_ino, "exe.ino", F_U64, .flags = FIELD_OPTIONAL, .help = "inode of the executable"),
	PROC(exe_nlink, "exe.nlink", F_U64, .help = "names that the executable has"),
	{ .name = "fileless", .type = F_BOOL, .get = get_fileless,
	  .help = "the executable has no name: deleted, or memory" },
	HDR(flags, "marks", F_FLAGS, .flags = FIELD_OPTIONAL, .words = marks,
		.help = "truncated, untrusted, unresolved, no_owner, compat, redacted"),
	HDR(exec_id, "exec_id", F_U64, .flags = FIELD_HIDDEN, .help = "counts the execs of a process"),
	{ .name = "process.key", .type = F_U64, .flags = FIELD_HIDDEN, .get = get_process_key,
	  .help = "the process, for by and key: another one with its number has another key" },
	{ .name = "argv", .type = F_STR, .flags = FIELD_HIDDEN | FIELD_UNTRUSTED, .get = get_argv,
	  .help = "arguments with a space between each" },
	{ .name = "type", .type = F_STR, .flags = FIELD_HIDDEN, .get = get_one, .help = "always 1" },
	{ .name = NULL },
};

/* What rule files of the first bpfd and older notes call it.  A tracer's own field comes first. */
static const struct {
	const char *alias;
	unsigned int tracer;		/* 0: any */
	const char *name;
} aliases[] = {
	{ "command", TR_BASHREADLINE, "line" },
	{ "command", 0, "comm" },
	{ "returnval", 0, "retval" },
	{ "returnvalue", 0, "retval" },
	{ "tgid", 0, "ppid" },
	{ "filename", 0, "path" },
	{ "containerid", 0, "container.id" },
	{ "containerruntime", 0, "container.runtime" },
	{ "runtime", 0, "container.runtime" },
	{ "pod", 0, "container.pod" },
};

static const struct field *
by_name(const char *name)
{
	for (const struct field *f = common_fields; f->name; f++)
		if (strcasecmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool
common_is(const char *name)
{
	return by_name(name);
}

const struct field *
common_find(unsigned int tracer, const char *name)
{
	const struct field *f = by_name(name);

	for (size_t i = 0; !f && i < ARRAY_SIZE(aliases); i++) {
		if ((aliases[i].tracer && aliases[i].tracer != tracer) ||
		    strcasecmp(aliases[i].alias, name) != 0)
			continue;
		f = schema_own(tracer, aliases[i].name);
		if (!f)
			f = by_name(aliases[i].name);
	}
	return f;
}
