/* SPDX-License-Identifier: Apache-2.0 */
/* Events that no kernel side sends: made of what bpfd's other processes say. */
#include <errno.h>
#include <string.h>

#include "bpf/action.h"
#include "bpf/own.h"
#include "common/clock.h"
#include "enricher/enricher.h"

#define STRINGS_MAX (IPC_NAME_MAX + 2 * IPC_TARGET_MAX + 64)

union made {
	struct ev_hdr h;
	struct ev_action action;
	struct ev_own own;
	char bytes[sizeof(struct ev_own) + STRINGS_MAX + 8];
};
_Static_assert(sizeof(struct ev_own) >= sizeof(struct ev_action), "there is room for the strings of either");
_Static_assert(STRINGS_MAX >= 2 * IPC_NAME_MAX + IPC_TARGET_MAX + 64, "and of an action's result");

static struct ev_str
append(union made *r, const char *s, size_t room)
{
	size_t len = strnlen(s, room);
	struct ev_str ref = { (uint16_t)r->h.len, (uint16_t)len };

	memcpy(r->bytes + r->h.len, s, len);
	r->h.len += (uint32_t)len;
	return ref;
}

static void
tell(struct enricher *en, union made *r)
{
	r->h.len = (r->h.len + 7) & ~7u;
	if (en->matcher)
		enricher_event(en, &r->h, r->h.len);
	else
		en->count[COUNT_unmatched]++;
	enricher_commit(en);
}

int
made_action_result(struct enricher *en, const struct msg_action_result *m)
{
	union made r = { .action = { .h = { .tracer = TR_ACTION, .event = ACTION_EV_RESULT, .len = sizeof(r.action),
		.ts = clock_ns(CLOCK_BOOTTIME), .start = m->target_start, .tgid = m->target_pid, .tid = m->target_pid,
		.ppid = m->target_ppid, .uid = m->target_uid, .gid = m->target_gid,
		.ret = m->err < 0 ? m->err : 0 }, .cause = m->seq, .latency_ns = m->latency_ns,
		.outcome = m->outcome, .status = m->err > 0 ? (uint32_t)m->err : 0 } };

	if (m->outcome >= N_OUTCOMES || m->action >= ACTIONS_MAX)
		return -EPROTO;
	memcpy(r.h.comm, m->target_comm, sizeof(r.h.comm));
	r.action.action = append(&r, m->action_name, sizeof(m->action_name));
	r.action.rule = append(&r, m->rule, sizeof(m->rule));
	r.action.target = append(&r, m->container, sizeof(m->container));
	r.action.text = append(&r, m->text, sizeof(m->text));
	procs_last_exec(&en->procs, m->target_pid, m->target_start, &r.h);
	en->count[COUNT_action_results]++;
	tell(en, &r);
	return 0;
}

int
made_own(struct enricher *en, const struct msg_own *m)
{
	union made r = { .own = { .h = { .tracer = TR_BPFD, .event = (uint16_t)m->event, .len = sizeof(r.own),
		.ts = clock_ns(CLOCK_BOOTTIME), .ret = m->err < 0 ? m->err : 0, .flags = EV_NO_OWNER },
		.link = m->link, .kernel_link = m->kernel_link, .prog_id = m->prog_id, .owner = m->owner,
		.cause = m->cause, .tries = m->tries } };

	if (m->event >= N_OWN_EVENTS || m->cause >= N_OWN_CAUSES)
		return -EPROTO;
	r.own.kind = append(&r, m->kind, sizeof(m->kind));
	r.own.program = append(&r, m->program, sizeof(m->program));
	r.own.target = append(&r, m->target, sizeof(m->target));
	r.own.text = append(&r, m->text, sizeof(m->text));
	en->count[COUNT_own_events]++;
	tell(en, &r);
	return 0;
}
