/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader says of its tracers. */
#include <stdio.h>
#include <string.h>

#include "ipc/tracers.h"
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

void
tracer_report(struct loader *ld, uint32_t seq, unsigned int n)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	struct msg_tracer_state m = { .tracer = n, .n_programs = f->n_programs, .n_attached = f->n_attached };
	const char *denied = why_denied(ld->cfg, n);

	m.status = f->loading || f->half ? TRACER_LOADING : f->failed || denied ? TRACER_FAILED :
		!f->loaded ? TRACER_OFF : f->reason[0] ? TRACER_PARTIAL : TRACER_ON;
	snprintf(m.reason, sizeof(m.reason), "%s", denied ? denied : f->reason);
	for (size_t i = 0; i < f->pins.n; i++) {
		AUTO(fd) int fd = strchr("psue", f->pins.names[i][0]) ? tracer_get(ld, n, f->pins.names[i]) : -1;
		struct bpf_prog_info info;

		if (fd < 0 || kernel_info(&ld->kernel, fd, &info, sizeof(info)) < 0)
			continue;
		m.missed += info.recursion_misses;
		m.run_time_ns += info.run_time_ns;
		m.run_cnt += info.run_cnt;
	}
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
