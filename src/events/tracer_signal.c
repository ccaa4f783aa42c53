/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/signal.h"

#include <signal.h>

#include "events/target.h"

static const char *const events[] = { "signal", NULL };

#define S(name) { name, #name }
static const struct field_word signal_words[] = {
	S(SIGHUP), S(SIGINT), S(SIGQUIT), S(SIGILL), S(SIGTRAP), S(SIGABRT), S(SIGBUS), S(SIGFPE),
	S(SIGKILL), S(SIGUSR1), S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM), S(SIGTERM),
	S(SIGSTKFLT), S(SIGCHLD), S(SIGCONT), S(SIGSTOP), S(SIGTSTP), S(SIGTTIN), S(SIGTTOU),
	S(SIGURG), S(SIGXCPU), S(SIGXFSZ), S(SIGVTALRM), S(SIGPROF), S(SIGWINCH), S(SIGIO),
	S(SIGPWR), S(SIGSYS), { 0, NULL },
};
#undef S

/* A number has four bytes and no sign in an enum.  The kernel's own codes depend on the signal. */
#define C(name) { (uint32_t)(name), #name }
static const struct field_word code_words[] = {
	C(SI_USER), C(SI_QUEUE), C(SI_TIMER), C(SI_MESGQ), C(SI_ASYNCIO), C(SI_SIGIO), C(SI_TKILL),
	C(SI_KERNEL), { 0, NULL },
};
#undef C

/* include/trace/events/signal.h */
static const struct field_word result_words[] = {
	{ 0, "delivered" }, { 1, "ignored" }, { 2, "already_pending" }, { 3, "overflow_fail" },
	{ 4, "lose_info" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_signal, sig, "sig", F_ENUM, .words = signal_words, .help = "signal"),
	TARGET_FIELDS(ev_signal),
	FIELD_NUM(ev_signal, code, "code", F_ENUM, .words = code_words,
		  .help = "si_code: SI_USER kill, SI_TKILL one thread, SI_QUEUE sigqueue, above 0 the kernel"),
	FIELD_NUM(ev_signal, result, "result", F_ENUM, .words = result_words, .help = "what became of it"),
	FIELD_NUM(ev_signal, group, "group", F_BOOL, .flags = FIELD_DETAIL, .help = "to the process, not to one thread"),
	FIELD_NUM(ev_signal, kernel, "kernel", F_BOOL, .flags = FIELD_DETAIL, .help = "by the kernel: a fault, a child's end, a timer"),
	{ .name = NULL },
};

const struct tracer_info tracer_signal = {
	.name = "signal",
	.class = EV_BULK,
	.help = "signals sent, by whom and to whom",
	.events = events,
	.min_size = sizeof(struct ev_signal),
	.fields = fields,
};
