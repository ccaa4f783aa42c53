/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rpc_system.h"

#include <stdlib.h>
#include <string.h>

#include "api/ctl.h"
#include "api/rpc_parts.h"
#include "api/server.h"
#include "api/images.h"
#include "api/wishes.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"
#include "common/clock.h"

#define COUNTERS_MAX	512
#define NOTES_MAX	8

void
rpc_system_version(struct call *call, const ProtobufCMessage *request)
{
	static char *const services[] = { "bpfman.v1.Bpfman", "bpfd.v1.Programs", "bpfd.v1.Rules", "bpfd.v1.System",
		"bpfd.v1.Trace", "grpc.API",
		"grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
		"grpc.reflection.v1alpha.ServerReflection" };
	Bpfd__V1__VersionResponse rs = BPFD__V1__VERSION_RESPONSE__INIT;
	struct api *api = call_api(call);

	rs.version = PACKAGE_VERSION;
	rs.kernel = api->kernel;
	rs.services = (char **)services;
	rs.n_services = ARRAY_SIZE(services);
	rs.object_bytes_max = api->cfg->limits_object_bytes;
	call_reply(call, &rs.base);
}

static void
fill_processes(struct scratch *s, const struct msg_proc *procs, size_t n,
	Bpfd__V1__StatusResponse *rs)
{
	Bpfd__V1__Process *all = scratch_take(s, n, sizeof(*all));
	uint64_t now = clock_ns(CLOCK_BOOTTIME) / 1000000000;

	rs->processes = scratch_take(s, n, sizeof(*rs->processes));
	for (size_t i = 0; all && rs->processes && i < n; i++) {
		const struct msg_proc *p = &procs[i];
		uint64_t started = p->started_ns / 1000000000;

		bpfd__v1__process__init(&all[i]);
		all[i].name = (char *)p->name;
		all[i].pid = p->pid;
		all[i].uid = p->uid;
		all[i].restarts = p->restarts;
		all[i].running = p->running != 0;
		all[i].uptime_s = p->running && now > started ? now - started : 0;
		rs->processes[rs->n_processes++] = &all[i];
	}
}

static void
fill_options(struct scratch *s, const struct attach_kind *k, Bpfd__V1__AttachKind *out)
{
	Bpfd__V1__AttachOption *all = scratch_take(s, k->n_options, sizeof(*all));

	out->options = scratch_take(s, k->n_options, sizeof(*out->options));
	for (size_t i = 0; all && out->options && i < k->n_options; i++) {
		bpfd__v1__attach_option__init(&all[i]);
		all[i].name = k->options[i].name;
		all[i].values = k->options[i].values;
		all[i].help = k->options[i].help;
		out->options[out->n_options++] = &all[i];
	}
}

static void
fill_kinds(struct scratch *s, const struct api *api, Bpfd__V1__StatusResponse *rs)
{
	size_t n;
	const struct attach_kind *kinds = ctl_loader_kinds(api->loader, &n);
	Bpfd__V1__AttachKind *all = scratch_take(s, n, sizeof(*all));

	rs->attach_kinds = scratch_take(s, n, sizeof(*rs->attach_kinds));
	for (size_t i = 0; all && rs->attach_kinds && i < n; i++) {
		bpfd__v1__attach_kind__init(&all[i]);
		all[i].name = (char *)kinds[i].kind.name;
		all[i].target = (char *)kinds[i].kind.target;
		all[i].help = (char *)kinds[i].kind.help;
		all[i].unavailable = (char *)kinds[i].kind.unavailable;
		fill_options(s, &kinds[i], &all[i]);
		rs->attach_kinds[rs->n_attach_kinds++] = &all[i];
	}
}

static void
fill_notes(struct scratch *s, const struct api *api, bool supervisor, Bpfd__V1__StatusResponse *rs)
{
	const struct msg_hello *h = ctl_loader_hello(api->loader);

	rs->notes = scratch_take(s, NOTES_MAX, sizeof(*rs->notes));
	if (!rs->notes)
		return;
	if (!supervisor)
		rs->notes[rs->n_notes++] = "the supervisor does not answer: processes are not shown";
	if (!h) {
		rs->notes[rs->n_notes++] = "bpfd-loader is being restarted";
		return;
	}
	if (model_count(&api->model).lost)
		rs->notes[rs->n_notes++] = "something is lost since a reboot, or with its interface: bpfctl fsck says "
			"what and why";
	if (!(h->flags & HELLO_BTF))
		rs->notes[rs->n_notes++] = "the kernel has no BTF: objects that need CO-RE cannot be loaded";
	if (!(h->flags & HELLO_TCX))
		rs->notes[rs->n_notes++] = "the kernel has no TCX (Linux 6.6): TC programs are attached to "
			"clsact";
	if (h->flags & HELLO_LOCKDOWN)
		rs->notes[rs->n_notes++] = "kernel lockdown refuses fentry, fexit, LSM and freplace programs";
}

static void
on_procs(void *arg, const struct msg_proc *procs, size_t n)
{
	Bpfd__V1__StatusResponse rs = BPFD__V1__STATUS_RESPONSE__INIT;
	AUTO(mem) struct query *q = arg;
	struct model_count count = model_count(&q->api->model);
	struct scratch s;

	if (!q->call)
		return;
	scratch_start(&s);
	fill_processes(&s, procs, n, &rs);
	fill_kinds(&s, q->api, &rs);
	fill_notes(&s, q->api, procs != NULL, &rs);
	rs.programs = (uint32_t)count.progs;
	rs.links = (uint32_t)count.links;
	rs.lost = (uint32_t)count.lost;
	rs.orphans = (uint32_t)count.orphans;
	rs.waiting = (uint32_t)count.waiting;
	rpc_reply(q->call, &s, &rs.base);
}

static void
on_status_known(void *arg, bool known)
{
	struct query *q = arg;

	/* Status answers whether or not there is a loader. */
	if (ctl_procs(q->api->ctl, on_procs, q) < 0)
		on_procs(q, NULL, 0);
}

void
rpc_system_status(struct call *call, const ProtobufCMessage *request)
{
	struct query *q = rpc_query(call, sizeof(*q));

	if (q)
		programs_when_known(q->api, on_status_known, q);
}

struct counters {
	struct scratch *s;
	Bpfd__V1__Counter *all, **v;
	size_t n;
};

static void
add_counter(void *arg, const char *name, uint64_t value)
{
	struct counters *c = arg;

	if (!c->all || !c->v || c->n == COUNTERS_MAX)
		return;
	bpfd__v1__counter__init(&c->all[c->n]);
	c->all[c->n].name = scratch_printf(c->s, "%s", name);
	c->all[c->n].value = value;
	c->v[c->n] = &c->all[c->n];
	c->n++;
}

static void
reply_counters(struct query *q, const struct answer *a)
{
	Bpfd__V1__CountersResponse rs = BPFD__V1__COUNTERS_RESPONSE__INIT;
	struct counters c = { 0 };
	struct scratch s;

	scratch_start(&s);
	c.s = &s;
	c.all = scratch_take(&s, COUNTERS_MAX, sizeof(*c.all));
	c.v = scratch_take(&s, COUNTERS_MAX, sizeof(*c.v));
	server_counters(q->api->server, add_counter, &c);
	wishes_counters(q->api, add_counter, &c);
	images_counters(q->api, add_counter, &c);
	for (size_t i = 0; a && i < a->n_counters; i++)
		add_counter(&c, a->counters[i].name, a->counters[i].value);
	rs.counters = c.v;
	rs.n_counters = c.n;
	rpc_reply(q->call, &s, &rs.base);
}

static void
on_loader_stats(void *arg, struct answer *a)
{
	AUTO(mem) struct query *q = arg;

	if (q->call)
		reply_counters(q, a);
}

static void
on_counters_ready(void *arg, bool ready)
{
	struct query *q = arg;

	if (ready && ctl_loader_call(q->api->loader, IPC_LOADER_STATS, NULL, NULL, on_loader_stats, q) == 0)
		return;
	if (q->call)
		reply_counters(q, NULL);
	free(q);
}

void
rpc_system_counters(struct call *call, const ProtobufCMessage *request)
{
	struct query *q = rpc_query(call, sizeof(*q));

	if (q)
		ctl_loader_ready(q->api->loader, on_counters_ready, q);
}
