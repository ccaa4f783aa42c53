/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "api/rpc_bpfman.h"

/* One AttachInfo of whatever kind, as far as kinds have the same parts. */
struct parts {
	const char *kind, *where;	/* where: the field of AttachInfo, for texts */
	const char *target_field, *target, *netns, *direction;
	int32_t priority, pid, container_pid;	/* 0: not given */
	const char *function;			/* NULL: the target is it, or it has none */
	uint64_t offset;
	size_t n_proceed_on;
	const int32_t *proceed_on;
	size_t n_metadata;
	void *metadata;
};

static struct parts
xdp(const Bpfman__V1__XDPAttachInfo *i)
{
	return (struct parts){ .kind = "xdp", .where = "xdp_attach_info", .target_field = "iface",
		.target = i->iface, .priority = i->priority,
		.netns = i->_netns_case == BPFMAN__V1__XDPATTACH_INFO___NETNS_NETNS ? i->netns : "",
		.n_proceed_on = i->n_proceed_on, .proceed_on = i->proceed_on,
		.n_metadata = i->n_metadata, .metadata = i->metadata };
}

static struct parts
tc(const Bpfman__V1__TCAttachInfo *i)
{
	return (struct parts){ .kind = "tc", .where = "tc_attach_info", .target_field = "iface",
		.target = i->iface, .priority = i->priority,
		.netns = i->_netns_case == BPFMAN__V1__TCATTACH_INFO___NETNS_NETNS ? i->netns : "",
		.direction = i->direction, .n_proceed_on = i->n_proceed_on,
		.proceed_on = i->proceed_on, .n_metadata = i->n_metadata, .metadata = i->metadata };
}

static struct parts
tcx(const Bpfman__V1__TCXAttachInfo *i)
{
	return (struct parts){ .kind = "tcx", .where = "tcx_attach_info", .target_field = "iface",
		.target = i->iface, .priority = i->priority,
		.netns = i->_netns_case == BPFMAN__V1__TCXATTACH_INFO___NETNS_NETNS ? i->netns : "",
		.direction = i->direction, .n_metadata = i->n_metadata, .metadata = i->metadata };
}

static struct parts
kprobe(const Bpfman__V1__KprobeAttachInfo *i)
{
	return (struct parts){ .kind = "kprobe", .where = "kprobe_attach_info",
		.target_field = "fn_name", .target = i->fn_name, .offset = i->offset,
		.container_pid = i->_container_pid_case ? i->container_pid : 0,
		.n_metadata = i->n_metadata, .metadata = i->metadata };
}

static struct parts
uprobe(const Bpfman__V1__UprobeAttachInfo *i)
{
	return (struct parts){ .kind = "uprobe", .where = "uprobe_attach_info",
		.target_field = "target", .target = i->target, .offset = i->offset,
		.function = i->_fn_name_case ? i->fn_name : NULL, .pid = i->_pid_case ? i->pid : 0,
		.container_pid = i->_container_pid_case ? i->container_pid : 0,
		.n_metadata = i->n_metadata, .metadata = i->metadata };
}

/* fentry, fexit and lsm: the target was fixed when the program was loaded. */
static struct parts
by_program(const char *kind, const char *where, size_t n_metadata, void *metadata)
{
	return (struct parts){ .kind = kind, .where = where, .n_metadata = n_metadata,
		.metadata = metadata };
}

static struct parts
parts_of(const Bpfman__V1__AttachInfo *a)
{
	switch (a->info_case) {
	case BPFMAN__V1__ATTACH_INFO__INFO_XDP_ATTACH_INFO:
		return xdp(a->xdp_attach_info);
	case BPFMAN__V1__ATTACH_INFO__INFO_TC_ATTACH_INFO:
		return tc(a->tc_attach_info);
	case BPFMAN__V1__ATTACH_INFO__INFO_TCX_ATTACH_INFO:
		return tcx(a->tcx_attach_info);
	case BPFMAN__V1__ATTACH_INFO__INFO_TRACEPOINT_ATTACH_INFO:
		return (struct parts){ .kind = "tracepoint", .where = "tracepoint_attach_info",
			.target_field = "tracepoint", .target = a->tracepoint_attach_info->tracepoint,
			.n_metadata = a->tracepoint_attach_info->n_metadata,
			.metadata = a->tracepoint_attach_info->metadata };
	case BPFMAN__V1__ATTACH_INFO__INFO_KPROBE_ATTACH_INFO:
		return kprobe(a->kprobe_attach_info);
	case BPFMAN__V1__ATTACH_INFO__INFO_UPROBE_ATTACH_INFO:
		return uprobe(a->uprobe_attach_info);
	case BPFMAN__V1__ATTACH_INFO__INFO_FENTRY_ATTACH_INFO:
		return by_program("fentry", "fentry_attach_info", a->fentry_attach_info->n_metadata,
			a->fentry_attach_info->metadata);
	case BPFMAN__V1__ATTACH_INFO__INFO_FEXIT_ATTACH_INFO:
		return by_program("fexit", "fexit_attach_info", a->fexit_attach_info->n_metadata,
			a->fexit_attach_info->metadata);
	case BPFMAN__V1__ATTACH_INFO__INFO_LSM_ATTACH_INFO:
		return by_program("lsm", "lsm_attach_info", a->lsm_attach_info->n_metadata,
			a->lsm_attach_info->metadata);
	case BPFMAN__V1__ATTACH_INFO__INFO__NOT_SET:
	default:
		return (struct parts){ 0 };
	}
}

static bool
fill_number(struct call *call, const char *prefix, struct msg_attach *m, const char *name, uint64_t value)
{
	char text[24];

	if (!value)
		return true;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return rpc_option(call, prefix, m, name, text);
}

static bool
fill_options(struct call *call, const char *prefix, const struct parts *p, struct msg_attach *m)
{
	if (p->pid < 0 || p->container_pid < 0) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "%spid: %d is negative", prefix,
			p->pid < 0 ? p->pid : p->container_pid);
		return false;
	}
	return (!p->function || !p->function[0] || rpc_option(call, prefix, m, "function", p->function)) &&
	       fill_number(call, prefix, m, "offset", p->offset) &&
	       fill_number(call, prefix, m, "pid", (uint64_t)p->pid) &&
	       fill_number(call, prefix, m, "container-pid", (uint64_t)p->container_pid);
}

/* Copies and checks everything but metadata. */
static bool
fill(struct call *call, const struct parts *p, struct msg_attach *m)
{
	char field[96], prefix[64];
	const char *target = p->target ? p->target : "", *netns = p->netns ? p->netns : "";

	snprintf(m->kind, sizeof(m->kind), "%s", p->kind);
	snprintf(prefix, sizeof(prefix), "attach.%s.", p->where);
	snprintf(field, sizeof(field), "%s%s", prefix, p->target_field ? p->target_field : "");
	if (!rpc_string(call, field, target, m->target, sizeof(m->target), !p->target_field))
		return false;
	snprintf(field, sizeof(field), "%snetns", prefix);
	if (!rpc_string(call, field, netns, m->netns, sizeof(m->netns), true))
		return false;
	snprintf(field, sizeof(field), "%sdirection", prefix);
	if (!rpc_string(call, field, p->direction ? p->direction : "", m->direction,
		    sizeof(m->direction), true))
		return false;
	m->priority = p->priority;
	if (!rpc_attach_check(call, prefix, m) || !fill_options(call, prefix, p, m))
		return false;
	snprintf(field, sizeof(field), "%sproceed_on", prefix);
	for (size_t i = 0; i < p->n_proceed_on; i++)
		if (!rpc_proceed_on(call, field, m, p->proceed_on[i]))
			return false;
	return true;
}

static void
reply(struct call *call, const struct link *l)
{
	Bpfman__V1__AttachResponse rs = BPFMAN__V1__ATTACH_RESPONSE__INIT;

	rs.link_id = (uint32_t)l->facts.link_id;
	call_reply(call, &rs.base);
}

void
rpc_bpfman_attach(struct call *call, const ProtobufCMessage *request)
{
	const Bpfman__V1__AttachRequest *rq = (const void *)request;
	struct parts p = rq->attach ? parts_of(rq->attach) : (struct parts){ 0 };
	struct attach_args a = { .prog_id = rq->id };

	if (!rq->id) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "id: must not be 0");
		return;
	}
	if (!p.kind) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "attach: no kind of attach is set");
		return;
	}
	if (p.container_pid && strcmp(p.kind, "kprobe") == 0) {
		programs_refuse(call, IPC_INVALID_ARGUMENT, "attach.kprobe_attach_info.container_pid: a kprobe "
			"is in the kernel, which all containers share: the program must ask who runs");
		return;
	}
	if (!fill(call, &p, &a.msg))
		return;
	if (!rpc_texts(call, "metadata", p.n_metadata, p.metadata, &a.metadata)) {
		kvs_clear(&a.metadata);
		return;
	}
	programs_attach(call, &a, reply);
}
