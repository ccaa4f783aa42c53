/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf/enforce.h"
#include "events/words.h"

static const char *const events[] = { [ENFORCE_DECISION] = "decision", NULL };

static const struct field_word hooks[] = {
#define ENF_HOOK(id, name, kind, help) { ENF_##id, #name },
#include "bpf/enforce_hooks.def"
	{ 0, NULL },
};
static const struct field_word outcomes[] = {
	{ ENF_DENIED, "denied" }, { ENF_KILLED, "killed" }, { ENF_WOULD, "observed" },
	{ ENF_OVER_BUDGET, "over_budget" }, { ENF_PROTECTED, "protected" }, { ENF_UNDECIDED, "undecided" },
	{ ENF_DENIED_UNDECIDED, "denied_undecided" }, { 0, NULL },
};

static const struct field fields[] = {
	FIELD_NUM(ev_enforce, hook, "hook", F_ENUM, .words = hooks, .help = "what was about to happen"),
	FIELD_NUM(ev_enforce, outcome, "outcome", F_ENUM, .words = outcomes, .help = "what was decided"),
	FIELD_REF(ev_enforce, rule, "rule", F_STR, .help = "rule that decided it"),
	FIELD_REF(ev_enforce, path, "path", F_PATH, .flags = FIELD_OPTIONAL,
		.help = "file: to be executed, opened or loaded; where something was to be mounted, moved or unmounted"),
	FIELD_REF(ev_enforce, addr, "addr", F_IP, .flags = FIELD_OPTIONAL, .help = "address to connect to, send to, bind, listen at"),
	FIELD_NUM(ev_enforce, port, "port", F_U64, .flags = FIELD_OPTIONAL, .help = "port of it"),
	FIELD_NUM(ev_enforce, family, "family", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "address family of the socket"),
	FIELD_NUM(ev_enforce, type, "sock_type", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "type of the socket"),
	FIELD_NUM(ev_enforce, protocol, "protocol", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, .help = "protocol of the socket"),
	FIELD_NUM(ev_enforce, arg, "arg", F_U64, .flags = FIELD_OPTIONAL | FIELD_HEX | FIELD_DETAIL,
		.help = "flags of an open or mount, origin of a program, mode of a ptrace, command of bpf(2)"),
	FIELD_NUM(ev_enforce, target, "target", F_U64, .flags = FIELD_OPTIONAL, .help = "process that was to be traced"),
	FIELD_NUM(ev_enforce, severity, "severity", F_U64, .flags = FIELD_HIDDEN, .help = "of the rule"),
	{ .name = NULL },
};

const struct tracer_info tracer_enforce = {
	.name = "enforce",
	.class = EV_CONTROL,
	.help = "acts that rules stopped in the kernel, or would have",
	.events = events,
	.min_size = sizeof(struct ev_enforce),
	.fields = fields,
};
