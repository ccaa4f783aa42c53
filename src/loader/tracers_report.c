/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader says of its tracers. */
#include <stdio.h>
#include <string.h>

#include "ipc/tracers.h"
#include "loader/attach_hook.h"
#include "loader/tracers_functions.h"
#include "loader/tracers_parts.h"

#define BIT(n) (1ULL << (n))

/* NULL: it is not denied. */
static const char *
why_denied(const struct config *cfg, unsigned int n)
{
	if (ipc_tracers_allowed(cfg) & BIT(n))
		return NULL;
	if (cfg->tracers_deny.mask & BIT(n))
		return "tracers.deny names it";
	if (ipc_tracers_configured() & ~cfg->tracers_enabled.mask & BIT(n))
		return "it is for the configuration alone: tracers.enabled does not name it";
	return "it is of what people type: tracers.allow_sensitive does not name it";
}

/* A tracer of system calls that has another way; "": it is there, or has none. */
static const char *
why_calls(const struct loader *ld, unsigned int n)
{
	const char *pin = tracer_pin_of(&ld->tracers.t[n], 's', NULL);

	if (!pin || !strstr(pin, "__"))
		return "";
	return tracers_no_functions(ld->cfg) ?: "this kernel has not all of the functions, or refuses programs there";
}

/* Those of cgroups and of files are not in the kernel's BTF, and not named. */
static void
add_hook(struct msg_tracer_state *m, char kind, const struct bpf_prog_info *info)
{
	size_t len = strlen(m->hooks);
	char name[IPC_TARGET_MAX] = "sys_exit";

	if (kind == 's' || (info->attach_btf_id && attach_btf_name(BPF_TRACE_RAW_TP, info->attach_btf_id, name) == 0))
		if (len + 1 + strlen(name) < sizeof(m->hooks))
			snprintf(m->hooks + len, sizeof(m->hooks) - len, "%s%s", len ? " " : "", name);
}

void
tracer_report(struct loader *ld, uint32_t seq, unsigned int n)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	struct msg_tracer_state m = { .tracer = n, .n_programs = f->n_programs, .n_attached = f->n_attached };
	const char *denied = why_denied(ld->cfg, n);

	m.status = f->loading || f->half ? TRACER_LOADING : f->failed || denied ? TRACER_FAILED : !f->loaded ? TRACER_OFF :
		!(ld->tracers.settings.on & BIT(n)) ? TRACER_LOADING :	/* and not yet switched on */
		f->reason[0] ? TRACER_PARTIAL : TRACER_ON;
	snprintf(m.reason, sizeof(m.reason), "%s", denied ? denied : f->reason);
	for (size_t i = 0; i < f->pins.n; i++) {
		AUTO(fd) int fd = strchr("psue", f->pins.names[i][0]) ? tracer_get(ld, n, f->pins.names[i]) : -1;
		struct bpf_prog_info info;

		if (fd < 0 || kernel_info(&ld->kernel, fd, &info, sizeof(info)) < 0)
			continue;
		add_hook(&m, f->pins.names[i][0], &info);
		m.missed += info.recursion_misses;
		m.run_time_ns += info.run_time_ns;
		m.run_cnt += info.run_cnt;
	}
	snprintf(m.hooks_reason, sizeof(m.hooks_reason), "%s", why_calls(ld, n));
	reply(ld, IPC_TRACER_STATE, seq, &m, NULL);
}

void
tracers_report(struct loader *ld, uint32_t seq)
{
	uint32_t n_items = 0;

	for (unsigned int n = 1; n < N_TRACERS; n++) {
		if (!tracer_name(n) || ipc_tracer_flags(n) & TR_NO_KERNEL)
			continue;
		tracer_report(ld, seq, n);
		n_items++;
	}
	reply_ok(ld, seq, n_items);
}
