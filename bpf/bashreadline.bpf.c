/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines typed at a prompt: what readline() returns, in bash itself or in the library that it uses.
 * docs/TRACERS.md says where the probe is put.
 */
#define EV_THIS BASHREADLINE
#include "bpf/bpfd.bpf.h"

#include "bpf/bashreadline.h"

static __always_inline void
tell(const char *line)
{
	struct ev_scratch *s = ev_new(BASHREADLINE_LINE, sizeof(struct ev_bashreadline));
	struct ev_bashreadline *e;

	if (!s)
		return;
	e = ev_record(s);
	ev_add_user_str(s, &e->line, line, BASHREADLINE_MAX);
	ev_send(s);
}

SEC("uretprobe")
int
bashreadline_line(struct pt_regs *regs)
{
	const char *line = (const char *)regs->ax;

	/* None at the end of input. */
	if (!line || !ev_enter())
		return 0;
	tell(line);
	ev_leave();
	return 0;
}
