/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/exit.h"
#include "events/schema.h"

static const char *const events[] = { "exit", NULL };

/* Linux, generic numbers: asm-generic/signal.h */
static const struct field_word signal_words[] = {
	{ 1, "SIGHUP" }, { 2, "SIGINT" }, { 3, "SIGQUIT" }, { 4, "SIGILL" }, { 5, "SIGTRAP" }, { 6, "SIGABRT" },
	{ 7, "SIGBUS" }, { 8, "SIGFPE" }, { 9, "SIGKILL" }, { 10, "SIGUSR1" }, { 11, "SIGSEGV" },
	{ 12, "SIGUSR2" }, { 13, "SIGPIPE" }, { 14, "SIGALRM" }, { 15, "SIGTERM" }, { 16, "SIGSTKFLT" },
	{ 24, "SIGXCPU" }, { 25, "SIGXFSZ" }, { 26, "SIGVTALRM" }, { 27, "SIGPROF" }, { 29, "SIGIO" },
	{ 30, "SIGPWR" }, { 31, "SIGSYS" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_exit, code, "exit_code", F_U64, .help = "what the process gave to exit"),
	FIELD_NUM(ev_exit, signal, "signal", F_ENUM, .flags = FIELD_OPTIONAL, .words = signal_words, .help = "signal that ended it"),
	FIELD_NUM(ev_exit, core, "core", F_BOOL, .help = "a core was dumped"),
	FIELD_NUM(ev_exit, run_ns, "running_time_ns", F_U64, .help = "since it was created"),
	FIELD_NUM(ev_exit, utime_ns, "utime_ns", F_U64, .help = "processor time in user space"),
	FIELD_NUM(ev_exit, stime_ns, "stime_ns", F_U64, .help = "processor time in the kernel"),
	FIELD_NUM(ev_exit, maxrss, "maxrss", F_U64, .help = "most memory that it had, in bytes"),
	{ .name = NULL },
};

const struct tracer_info tracer_exit = {
	.name = "exit",
	.class = EV_CONTROL,
	.help = "processes that ended",
	.events = events,
	.min_size = sizeof(struct ev_exit),
	.fields = fields,
};
