/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/quota.h>
#include <linux/reboot.h>

#include "bpf/sysadmin.h"
#include "events/schema.h"

#define EVENT(id, name) #name,
static const char *const events[] = { SYSADMINS(EVENT) NULL };
#undef EVENT

#define ON(id) (1U << SYSADMIN_##id)
#define WORD(prefix, word) { prefix##word, #word }

static const struct field_word reboot_commands[] = {
#define R(word) { (uint32_t)LINUX_REBOOT_CMD_##word, #word }
	R(RESTART), R(HALT), R(CAD_ON), R(CAD_OFF), R(POWER_OFF), R(RESTART2), R(SW_SUSPEND), R(KEXEC),
#undef R
	{ 0, NULL },
};
/* syslog(2), which has no header of the kernel's. */
static const struct field_word syslog_actions[] = {
	{ 0, "CLOSE" }, { 1, "OPEN" }, { 2, "READ" }, { 3, "READ_ALL" }, { 4, "READ_CLEAR" }, { 5, "CLEAR" },
	{ 6, "CONSOLE_OFF" }, { 7, "CONSOLE_ON" }, { 8, "CONSOLE_LEVEL" }, { 9, "SIZE_UNREAD" }, { 10, "SIZE_BUFFER" },
	{ 0, NULL },
};
static const struct field_word keyctls[] = {
#define K(word) WORD(KEYCTL_, word)
	K(GET_KEYRING_ID), K(JOIN_SESSION_KEYRING), K(UPDATE), K(REVOKE), K(CHOWN), K(SETPERM), K(DESCRIBE), K(CLEAR),
	K(LINK), K(UNLINK), K(SEARCH), K(READ), K(INSTANTIATE), K(NEGATE), K(SET_REQKEY_KEYRING), K(SET_TIMEOUT),
	K(ASSUME_AUTHORITY), K(GET_SECURITY), K(SESSION_TO_PARENT), K(REJECT), K(INSTANTIATE_IOV), K(INVALIDATE),
	K(GET_PERSISTENT), K(DH_COMPUTE), K(PKEY_QUERY), K(PKEY_ENCRYPT), K(PKEY_DECRYPT), K(PKEY_SIGN), K(PKEY_VERIFY),
	K(RESTRICT_KEYRING), K(MOVE), K(CAPABILITIES), K(WATCH_KEY),
#undef K
	{ 0, NULL },
};
static const struct field_word quota_commands[] = {
#define Q(word) WORD(, Q_##word)
	Q(SYNC), Q(QUOTAON), Q(QUOTAOFF), Q(GETFMT), Q(GETINFO), Q(SETINFO), Q(GETQUOTA), Q(SETQUOTA), Q(GETNEXTQUOTA),
#undef Q
	{ 0, NULL },
};
static const struct field_word perf_types[] = {
#define P(word) WORD(PERF_TYPE_, word)
	P(HARDWARE), P(SOFTWARE), P(TRACEPOINT), P(HW_CACHE), P(RAW), P(BREAKPOINT),
#undef P
	{ 0, NULL },
};
static const struct field_word clocks[] = {
	{ 0, "REALTIME" }, { 1, "MONOTONIC" }, { 7, "BOOTTIME" }, { 11, "TAI" },
	{ 0, NULL },
};

static const struct field_word kexec_flags[] = {
	{ 1, "ON_CRASH" }, { 2, "PRESERVE_CONTEXT" }, { 4, "UPDATE_ELFCOREHDR" },
	{ 0, NULL },
};
static const struct field_word kexec_file_flags[] = {
	{ 1, "UNLOAD" }, { 2, "ON_CRASH" }, { 4, "NO_INITRAMFS" }, { 8, "DEBUG" }, { 0x10, "NO_CMA" },
	{ 0, NULL },
};
static const struct field_word swap_flags[] = {
	{ 0x8000, "PREFER" }, { 0x10000, "DISCARD" }, { 0x20000, "DISCARD_ONCE" }, { 0x40000, "DISCARD_PAGES" },
	{ 0, NULL },
};
static const struct field_word perf_flags[] = {
	{ 1, "FD_NO_GROUP" }, { 2, "FD_OUTPUT" }, { 4, "PID_CGROUP" }, { 8, "FD_CLOEXEC" },
	{ 0, NULL },
};
static const struct field_word uffd_flags[] = {
	{ 1, "UFFD_USER_MODE_ONLY" }, { 04000, "O_NONBLOCK" }, { 02000000, "O_CLOEXEC" },
	{ 0, NULL },
};
static const struct field_word fanotify_flags[] = {
	{ 0, "FAN_CLASS_NOTIF" }, { 1, "FAN_CLOEXEC" }, { 2, "FAN_NONBLOCK" }, { 4, "FAN_CLASS_CONTENT" },
	{ 8, "FAN_CLASS_PRE_CONTENT" }, { 0x10, "FAN_UNLIMITED_QUEUE" }, { 0x20, "FAN_UNLIMITED_MARKS" },
	{ 0x40, "FAN_ENABLE_AUDIT" }, { 0x80, "FAN_REPORT_PIDFD" }, { 0x100, "FAN_REPORT_TID" },
	{ 0x200, "FAN_REPORT_FID" }, { 0x400, "FAN_REPORT_DIR_FID" }, { 0x800, "FAN_REPORT_NAME" },
	{ 0x1000, "FAN_REPORT_TARGET_FID" }, { 0x2000, "FAN_REPORT_FD_ERROR" }, { 0x4000, "FAN_REPORT_MNT" },
	{ 0, NULL },
};

#define PATHS (ON(KEXEC_FILE_LOAD) | ON(SWAPON) | ON(SWAPOFF) | ON(ACCT) | ON(QUOTACTL) | ON(QUOTACTL_FD))
#define NUM(member, name, type, on, ...)                                                           \
	FIELD_NUM(ev_sysadmin, member, name, type, .events = on, __VA_ARGS__)
#define STR(member, name, type, on, ...)                                                           \
	FIELD_REF(ev_sysadmin, member, name, type, .events = on, .flags = FIELD_OPTIONAL, __VA_ARGS__)

static const struct field fields[] = {
	FIELD_NUM(ev_sysadmin, h.event, "call", F_ENUM, .words = (const struct field_word[]){
#define CALL(id, name) { SYSADMIN_##id, #name },
		SYSADMINS(CALL) { 0, NULL } }, .help = "the system call"),
#undef CALL
	STR(path, "path", F_PATH, PATHS, .help = "the file: a swap, an account, a quota's device, a kernel"),
	STR(initrd, "initrd", F_PATH, ON(KEXEC_FILE_LOAD), .help = "initial file system of the kernel that is loaded"),
	STR(text, "cmdline", F_STR, ON(KEXEC_FILE_LOAD), .help = "command line of that kernel"),
	STR(text, "hostname", F_STR, ON(SETHOSTNAME) | ON(SETDOMAINNAME), .help = "the name that the machine has now"),
	STR(type, "key_type", F_STR, ON(ADD_KEY) | ON(REQUEST_KEY), .help = "type of the key"),
	STR(text, "key", F_STR, ON(ADD_KEY) | ON(REQUEST_KEY), .help = "description of the key; never what is in it"),
	NUM(op, "reboot", F_ENUM, ON(REBOOT), .words = reboot_commands, .help = "what reboot is to do"),
	NUM(op, "syslog", F_ENUM, ON(SYSLOG), .words = syslog_actions, .help = "what syslog is to do with the kernel's log"),
	NUM(op, "keyctl", F_ENUM, ON(KEYCTL), .words = keyctls, .help = "what keyctl does"),
	NUM(n[0], "key_id", F_I64, ON(KEYCTL), .help = "number of the key, or of a special keyring"),
	NUM(op, "quota", F_ENUM, ON(QUOTACTL) | ON(QUOTACTL_FD), .words = quota_commands, .help = "what is done to quotas"),
	NUM(n[1], "clock", F_ENUM, ON(SETTIMEOFDAY) | ON(CLOCK_SETTIME), .words = clocks, .help = "clock that is set"),
	NUM(n[0], "seconds", F_I64, ON(SETTIMEOFDAY) | ON(CLOCK_SETTIME), .help = "what it is set to"),
	NUM(n[0], "level", F_U64, ON(IOPL), .help = "I/O privilege level"),
	NUM(n[0], "port", F_U64, ON(IOPERM), .flags = FIELD_HEX, .help = "first I/O port"),
	NUM(n[1], "ports", F_U64, ON(IOPERM), .help = "number of ports"),
	NUM(n[2], "allow", F_BOOL, ON(IOPERM), .help = "allowed, or taken away"),
	NUM(op, "perf_type", F_ENUM, ON(PERF_EVENT_OPEN), .words = perf_types, .help = "type of what is counted or sampled"),
	NUM(n[2], "perf_config", F_U64, ON(PERF_EVENT_OPEN), .flags = FIELD_HEX, .help = "which one of that type"),
	NUM(n[0], "perf_pid", F_I64, ON(PERF_EVENT_OPEN), .help = "process, as it was given; -1: all, 0: itself"),
	NUM(n[1], "perf_cpu", F_I64, ON(PERF_EVENT_OPEN), .help = "CPU; -1: all"),
	NUM(flags, "perf_flags", F_FLAGS, ON(PERF_EVENT_OPEN), .flags = FIELD_OPTIONAL, .words = perf_flags,
	    .help = "PERF_FLAG_*"),
	NUM(flags, "kexec_flags", F_FLAGS, ON(KEXEC_LOAD), .flags = FIELD_OPTIONAL, .words = kexec_flags, .help = "KEXEC_*"),
	NUM(flags, "kexec_file_flags", F_FLAGS, ON(KEXEC_FILE_LOAD), .flags = FIELD_OPTIONAL, .words = kexec_file_flags,
	    .help = "KEXEC_FILE_*"),
	NUM(flags, "swap_flags", F_FLAGS, ON(SWAPON), .flags = FIELD_OPTIONAL, .words = swap_flags, .help = "SWAP_FLAG_*"),
	NUM(flags, "uffd_flags", F_FLAGS, ON(USERFAULTFD), .flags = FIELD_OPTIONAL, .words = uffd_flags,
	    .help = "flags of userfaultfd"),
	NUM(flags, "fanotify_flags", F_FLAGS, ON(FANOTIFY_INIT), .words = fanotify_flags, .help = "flags of fanotify_init"),
	{ .name = NULL },
};

const struct tracer_info tracer_sysadmin = {
	.name = "sysadmin",
	.class = EV_CONTROL,
	.help = "what changes or watches the machine as a whole: kexec, reboot, swap, clock, name, keys, perf, ...",
	.events = events,
	.min_size = sizeof(struct ev_sysadmin),
	.fields = fields,
};
