/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/fork.h"
#include "events/schema.h"

static const char *const events[] = { "fork", NULL };

/* linux/sched.h */
static const struct field_word clone_words[] = {
	{ 0x100, "CLONE_VM" }, { 0x200, "CLONE_FS" }, { 0x400, "CLONE_FILES" }, { 0x800, "CLONE_SIGHAND" },
	{ 0x1000, "CLONE_PIDFD" }, { 0x2000, "CLONE_PTRACE" }, { 0x4000, "CLONE_VFORK" }, { 0x8000, "CLONE_PARENT" },
	{ 0x10000, "CLONE_THREAD" }, { 0x20000, "CLONE_NEWNS" }, { 0x40000, "CLONE_SYSVSEM" },
	{ 0x80000, "CLONE_SETTLS" }, { 0x100000, "CLONE_PARENT_SETTID" }, { 0x200000, "CLONE_CHILD_CLEARTID" },
	{ 0x800000, "CLONE_UNTRACED" }, { 0x1000000, "CLONE_CHILD_SETTID" }, { 0x2000000, "CLONE_NEWCGROUP" },
	{ 0x4000000, "CLONE_NEWUTS" }, { 0x8000000, "CLONE_NEWIPC" }, { 0x10000000, "CLONE_NEWUSER" },
	{ 0x20000000, "CLONE_NEWPID" }, { 0x40000000, "CLONE_NEWNET" }, { 0x80000000, "CLONE_IO" },
	{ 0x100000000ULL, "CLONE_CLEAR_SIGHAND" }, { 0x200000000ULL, "CLONE_INTO_CGROUP" },
	{ 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_fork, child, "child", F_U64, .help = "pid of the new process"),
	FIELD_NUM(ev_fork, child_ns_pid, "child_ns_pid", F_U64, .help = "its pid in its own namespace"),
	FIELD_NUM(ev_fork, clone_flags, "flags", F_FLAGS, .words = clone_words, .help = "CLONE_*"),
	FIELD_NUM(ev_fork, child_start, "child_start", F_TIME, .help = "when it was created"),
	{ .name = NULL },
};

const struct tracer_info tracer_fork = {
	.name = "fork",
	.class = EV_CONTROL,
	.help = "processes created",
	.events = events,
	.min_size = sizeof(struct ev_fork),
	.fields = fields,
};
