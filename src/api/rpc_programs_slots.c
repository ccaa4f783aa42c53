/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "api/rpc_programs.h"
#include "common/auto.h"

static const char *const actions[] = { "aborted", "drop", "pass", "tx", "redirect" };

static void
fill_actions(struct scratch *s, uint32_t bits, Bpfd__V1__DispatcherSlot *out)
{
	out->proceed_on = scratch_take(s, ARRAY_SIZE(actions), sizeof(*out->proceed_on));
	for (size_t i = 0; out->proceed_on && i < ARRAY_SIZE(actions); i++)
		if (bits >> i & 1)
			out->proceed_on[out->n_proceed_on++] = (char *)(uintptr_t)actions[i];
}

static void
fill_slot(struct scratch *s, const struct msg_slot *m, Bpfd__V1__DispatcherSlot *out)
{
	bool xdp = strcmp(m->kind, "xdp") == 0;

	bpfd__v1__dispatcher_slot__init(out);
	out->kind = (char *)(uintptr_t)(xdp ? "xdp" : "tc");
	out->target = (char *)(uintptr_t)m->interface;
	out->ifindex = m->ifindex;
	out->netns_inode = m->netns_ino;
	out->mode = (char *)(uintptr_t)(!xdp ? m->kind : m->mode == XDP_SKB ? "skb" : "native");
	out->direction = (char *)(uintptr_t)m->direction;
	out->dispatcher = m->dispatcher_id;
	out->position = m->flags & XDP_CHAINED ? m->prog.position + 1 : 0;
	out->program = m->prog.id;
	out->program_name = (char *)(uintptr_t)m->prog.name;
	out->priority = m->prog.priority;
	if (xdp)
		fill_actions(s, m->prog.proceed_on, out);
	else
		out->n_proceed_on = rpc_proceed_on_names(s, "tc", m->prog.proceed_on, &out->proceed_on);
	out->owner = (char *)(uintptr_t)(m->link_id ? "bpfd" : "foreign");
	out->link = m->link_id;
}

static void
on_slots(void *arg, struct answer *a)
{
	Bpfd__V1__ListDispatchersResponse rs = BPFD__V1__LIST_DISPATCHERS_RESPONSE__INIT;
	AUTO(mem) struct query *q = arg;
	Bpfd__V1__DispatcherSlot *all;
	struct scratch s;

	if (!q->call)
		return;
	if (a->result.code != IPC_OK) {
		call_error(q->call, a->result.code, "%s", a->result.text);
		return;
	}
	scratch_start(&s);
	all = scratch_take(&s, a->n_slots, sizeof(*all));
	rs.slots = scratch_take(&s, a->n_slots, sizeof(*rs.slots));
	for (size_t i = 0; all && rs.slots && i < a->n_slots; i++) {
		fill_slot(&s, &a->slots[i], &all[i]);
		rs.slots[rs.n_slots++] = &all[i];
	}
	rpc_reply(q->call, &s, &rs.base);
}

static void
on_known(void *arg, bool known)
{
	struct query *q = arg;

	if (q->call && known && ctl_loader_call(q->api->loader, IPC_SLOTS, NULL, NULL, on_slots, q) == 0)
		return;
	if (q->call)
		rpc_loader_away(q->call);
	free(q);
}

void
rpc_programs_list_dispatchers(struct call *call, const ProtobufCMessage *request)
{
	struct query *q = rpc_query(call, sizeof(*q));

	if (q)
		programs_when_known(q->api, on_known, q);
}
