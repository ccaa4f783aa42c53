/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl-fake.h"

#include <event2/event.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api/rpc.h"
#include "api/rpctable.h"
#include "api/server.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"
#include "ipc/config.h"

#define LOG_ID 77		/* of the log that is kept */

static int log_to = -1;

void
fake_note(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	line[n++] = '\n';
	if (write(log_to, line, (size_t)n) != n)
		_exit(9);
}

static void
on_cancel(void *arg)
{
	fake_note("%s cancelled", (const char *)arg);
}

static void
hang(struct call *call, const char *what)
{
	fake_note("%s", what);
	call_on_cancel(call, on_cancel, (void *)(uintptr_t)what);
}

static bool
fails(struct call *call, uint64_t id)
{
	if (id <= 900 || id > 916)
		return false;
	call_error(call, (enum ipc_code)(id - 900), "the fake says %llu",
		(unsigned long long)(id - 900));
	return true;
}

static void
make_program(Bpfd__V1__Program *p, uint32_t id, const char *name, const char *type, uint64_t group)
{
	bpfd__v1__program__init(p);
	p->id = id;
	p->name = (char *)(uintptr_t)name;
	p->type = (char *)(uintptr_t)type;
	p->group = group;
	p->state = (char *)"loaded";
}

static void
on_load_image(struct call *call, const Bpfd__V1__LoadRequest *req)
{
	Bpfd__V1__LoadResponse reply = BPFD__V1__LOAD_RESPONSE__INIT;
	Bpfd__V1__Program p, *list[] = { &p };

	if (!fake_image_source(call, "Load image", req->image, req->dry_run))
		return;
	make_program(&p, 21, "alpha", "tracepoint", 5);
	p.image = req->image->reference;
	p.image_digest = (char *)"sha256:aa";
	p.signature = (char *)"key";
	p.signer = (char *)"release";
	reply.group = 5;
	reply.programs = list;
	reply.n_programs = 1;
	call_reply(call, &reply.base);
}

static void
on_load(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__LoadRequest *req = (const Bpfd__V1__LoadRequest *)msg;
	static const char log[] = "0: (b7) r0 = 1\n\x1b[31m1: (95) exit\nR0 leaks\n";
	Bpfd__V1__LoadResponse reply = BPFD__V1__LOAD_RESPONSE__INIT;
	Bpfd__V1__Program programs[2], *list[] = { &programs[0], &programs[1] };
	char text[32] = "";
	int code;

	if (req->object_case == BPFD__V1__LOAD_REQUEST__OBJECT_IMAGE)
		return on_load_image(call, req);
	memcpy(text, req->content.data, req->content.len < 31 ? req->content.len : 31);
	if (strcmp(text, "hang") == 0)
		return hang(call, "Load");
	fake_note("Load %zu bytes, %zu programs, %zu globals, %zu metadata, owner %llu%s",
		req->content.len, req->n_programs, req->n_globals, req->n_metadata,
		(unsigned long long)req->map_owner_group, req->dry_run ? ", dry run" : "");
	if (sscanf(text, "error %d", &code) == 1)
		return call_error(call, (enum ipc_code)code, "the fake\x1b says %d", code);
	if (strcmp(text, "verifier") == 0)
		return call_error_detail(call, IPC_FAILED_PRECONDITION, "the verifier refused f", log,
			strlen(log), 0);
	if (strcmp(text, "verifier long") == 0 || strcmp(text, "verifier gone") == 0)
		return call_error_detail(call, IPC_FAILED_PRECONDITION, "the verifier refused f", log,
			strlen(log), text[9] == 'l' ? LOG_ID : LOG_ID + 1);
	make_program(&programs[0], 21, "alpha", "tracepoint", 5);
	make_program(&programs[1], 22, "beta", "xdp", 5);
	reply.group = req->dry_run ? 0 : strcmp(text, "sticky") == 0 ? 66 : 5;
	reply.programs = list;
	reply.n_programs = 2;
	call_reply(call, &reply.base);
}

static void
on_attach(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__AttachRequest *req = (const Bpfd__V1__AttachRequest *)msg;
	Bpfd__V1__AttachResponse reply = BPFD__V1__ATTACH_RESPONSE__INIT;
	Bpfd__V1__Link link = BPFD__V1__LINK__INIT;

	if (strcmp(req->target, "hang") == 0)
		return hang(call, "Attach");
	fake_note("Attach %u %s:%s priority=%d direction=%s mode=%s netns=%s cookie=%llu proceed=%zu%s",
		req->program, req->kind, req->target, req->priority, req->direction, req->mode,
		req->netns, (unsigned long long)req->cookie, req->n_proceed_on,
		req->dry_run ? " dry run" : "");
	if (fails(call, strcmp(req->kind, "error") ? 0 : 900 + strtoull(req->target, NULL, 10)))
		return;
	link.id = 31;
	link.program = req->program;
	link.kind = req->kind;
	link.target = req->target;
	link.state = (char *)"attached";
	reply.link = &link;
	call_reply(call, &reply.base);
}

static void
on_detach(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__DetachRequest *req = (const Bpfd__V1__DetachRequest *)msg;
	Bpfd__V1__DetachResponse reply = BPFD__V1__DETACH_RESPONSE__INIT;

	fake_note("Detach %llu%s", (unsigned long long)req->link, req->dry_run ? " dry run" : "");
	if (!fails(call, req->link))
		call_reply(call, &reply.base);
}

static void
on_unload(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__UnloadRequest *req = (const Bpfd__V1__UnloadRequest *)msg;
	Bpfd__V1__UnloadResponse reply = BPFD__V1__UNLOAD_RESPONSE__INIT;
	bool is_group = req->what_case == BPFD__V1__UNLOAD_REQUEST__WHAT_GROUP;
	uint64_t id = is_group ? req->group : req->program;
	uint32_t programs[] = { (uint32_t)id };

	fake_note("Unload %s=%llu%s", is_group ? "group" : "program", (unsigned long long)id,
		req->dry_run ? " dry run" : "");
	if (fails(call, id))
		return;
	if (is_group && id == 66)
		return call_error(call, IPC_INTERNAL, "it sticks");
	reply.programs = programs;
	reply.n_programs = is_group ? 0 : 1;
	call_reply(call, &reply.base);
}

static void
on_list(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__ListRequest *req = (const Bpfd__V1__ListRequest *)msg;
	Bpfd__V1__ListResponse reply = BPFD__V1__LIST_RESPONSE__INIT;
	Bpfd__V1__Program p[4], *list[] = { &p[0], &p[1], &p[2], &p[3] };

	fake_note("List all=%d type=%s metadata=%zu", req->all, req->type, req->n_metadata);
	make_program(&p[0], 11, "alpha", "tracepoint", 1);
	make_program(&p[1], 12, "beta", "xdp", 1);
	make_program(&p[2], 13, "twin", "tc", 2);
	make_program(&p[3], 14, "twin", "tc", 3);
	reply.programs = list;
	reply.n_programs = 4;
	call_reply(call, &reply.base);
}

static void
on_get(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__GetRequest *req = (const Bpfd__V1__GetRequest *)msg;
	Bpfd__V1__GetResponse reply = BPFD__V1__GET_RESPONSE__INIT;
	Bpfd__V1__Program p;

	if (fails(call, req->program))
		return;
	make_program(&p, req->program, "alpha", "tracepoint", 1);
	reply.program = &p;
	call_reply(call, &reply.base);
}

static void
on_list_links(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__ListLinksResponse reply = BPFD__V1__LIST_LINKS_RESPONSE__INIT;
	Bpfd__V1__Link__MetadataEntry owner = BPFD__V1__LINK__METADATA_ENTRY__INIT;
	Bpfd__V1__Link__MetadataEntry *metadata[] = { &owner };
	Bpfd__V1__Link a = BPFD__V1__LINK__INIT, b = BPFD__V1__LINK__INIT, *list[] = { &a, &b };

	owner.key = (char *)"owner";
	owner.value = (char *)"me";
	a.id = 7;
	a.kind = (char *)"tracepoint";
	a.target = (char *)"sched/sched_process_exec";
	a.metadata = metadata;
	a.n_metadata = 1;
	b.id = 8;
	reply.links = list;
	reply.n_links = 2;
	call_reply(call, &reply.base);
}

static void
on_get_link(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__GetLinkRequest *req = (const Bpfd__V1__GetLinkRequest *)msg;
	Bpfd__V1__GetLinkResponse reply = BPFD__V1__GET_LINK_RESPONSE__INIT;
	Bpfd__V1__Link link = BPFD__V1__LINK__INIT;

	if (fails(call, req->link))
		return;
	link.id = req->link;
	reply.link = &link;
	call_reply(call, &reply.base);
}

static void
on_list_maps(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__ListMapsResponse reply = BPFD__V1__LIST_MAPS_RESPONSE__INIT;
	Bpfd__V1__Map a = BPFD__V1__MAP__INIT, b = BPFD__V1__MAP__INIT, *list[] = { &a, &b };

	a.id = 41;
	a.name = (char *)"hits";
	a.type = (char *)"array";
	b.id = 42;
	b.type = (char *)"hash";
	reply.maps = list;
	reply.n_maps = 2;
	call_reply(call, &reply.base);
}

static void
on_verifier_log(struct call *call, const ProtobufCMessage *msg)
{
	const Bpfd__V1__VerifierLogRequest *req = (const Bpfd__V1__VerifierLogRequest *)msg;
	static const char log[] = "first line\n0: (b7) r0 = 1\n\x1b[31m1: (95) exit\nR0 leaks\n";
	Bpfd__V1__VerifierLogResponse reply = BPFD__V1__VERIFIER_LOG_RESPONSE__INIT;

	if (req->id != LOG_ID)
		return call_error(call, IPC_NOT_FOUND, "gone");
	reply.total = strlen(log);
	reply.part.data = (uint8_t *)(uintptr_t)log + req->offset;
	reply.part.len = reply.total - req->offset < 13 ? reply.total - req->offset : 13;
	call_reply(call, &reply.base);
}

static void
on_version(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__VersionResponse reply = BPFD__V1__VERSION_RESPONSE__INIT;

	reply.version = (char *)"9.9.9";
	reply.object_bytes_max = 2 << 20;
	call_reply(call, &reply.base);
}

static void
on_status(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__StatusResponse reply = BPFD__V1__STATUS_RESPONSE__INIT;
	Bpfd__V1__AttachKind kind = BPFD__V1__ATTACH_KIND__INIT, *kinds[] = { &kind };

	kind.name = (char *)"xdp";
	kind.target = (char *)"INTERFACE";
	reply.attach_kinds = kinds;
	reply.n_attach_kinds = 1;
	call_reply(call, &reply.base);
}

static void
on_counters(struct call *call, const ProtobufCMessage *msg)
{
	Bpfd__V1__CountersResponse reply = BPFD__V1__COUNTERS_RESPONSE__INIT;
	Bpfd__V1__Counter counter = BPFD__V1__COUNTER__INIT, *counters[] = { &counter };

	counter.name = (char *)"api.requests";
	counter.value = 3;
	reply.counters = counters;
	reply.n_counters = 1;
	call_reply(call, &reply.base);
}

#define PROGRAMS(method, name, handler)                                                            \
	{ "bpfd.v1.Programs", method, "/bpfd.v1.Programs/" method,                                 \
		&bpfd__v1__##name##_request__descriptor, CONFIG_NOBODY, handler }
#define SYSTEM(method, name, handler)                                                              \
	{ "bpfd.v1.System", method, "/bpfd.v1.System/" method,                                     \
		&bpfd__v1__##name##_request__descriptor, CONFIG_NOBODY, handler }

#define RULES(method, name, handler)                                                               \
	{ "bpfd.v1.Rules", method, "/bpfd.v1.Rules/" method,                                       \
		&bpfd__v1__##name##_request__descriptor, CONFIG_NOBODY, handler }
#define TRACE(method, name, handler)                                                               \
	{ "bpfd.v1.Trace", method, "/bpfd.v1.Trace/" method,                                       \
		&bpfd__v1__##name##_request__descriptor, CONFIG_NOBODY, handler }

#define IMAGES(method, name, handler)                                                              \
	{ "bpfd.v1.Images", method, "/bpfd.v1.Images/" method,                                     \
		&bpfd__v1__##name##_request__descriptor, CONFIG_NOBODY, handler }

const struct rpc rpc_table[] = {
	{ "bpfd.v1.Programs", "Load", "/bpfd.v1.Programs/Load",
		&bpfd__v1__load_request__descriptor, CONFIG_ADMIN, on_load },
	PROGRAMS("Attach", attach, on_attach),
	PROGRAMS("Detach", detach, on_detach),
	PROGRAMS("Unload", unload, on_unload),
	PROGRAMS("List", list, on_list),
	PROGRAMS("Get", get, on_get),
	PROGRAMS("ListLinks", list_links, on_list_links),
	PROGRAMS("GetLink", get_link, on_get_link),
	PROGRAMS("ListMaps", list_maps, on_list_maps),
	PROGRAMS("VerifierLog", verifier_log, on_verifier_log),
	SYSTEM("Version", version, on_version),
	SYSTEM("Status", status, on_status),
	SYSTEM("Counters", counters, on_counters),
	RULES("Create", create_rule, fake_rule_create),
	RULES("List", list_rules, fake_rule_list),
	RULES("Get", get_rule, fake_rule_get),
	RULES("Remove", remove_rule, fake_rule_remove),
	IMAGES("Pull", pull_image, fake_image_pull),
	IMAGES("List", list_images, fake_image_list),
	IMAGES("Get", get_image, fake_image_get),
	IMAGES("Verify", verify_image, fake_image_verify),
	IMAGES("Remove", remove_image, fake_image_remove),
	IMAGES("Prune", prune_images, fake_image_prune),
	TRACE("Events", events, fake_events),
	TRACE("Tracers", tracers, fake_tracers),
	TRACE("Stats", stats, fake_stats),
};
const size_t rpc_table_len = ARRAY_SIZE(rpc_table);

void
fake_serve(int fd, int log_fd)
{
	static struct config cfg;
	struct event_base *base = event_base_new();
	struct server *server = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_to = log_fd;
	cfg.access_admin.n_uids = 1;
	cfg.access_admin.uids[0] = getuid();
	cfg.limits_connections = cfg.limits_connections_per_user = 100;
	cfg.limits_streams = 16;
	cfg.limits_message_bytes = 4 << 20;
	cfg.limits_idle_s = cfg.limits_header_s = 60;
	if (!base || server_new(base, &cfg, NULL, &server) || server_listen(server, fd))
		_exit(8);
	event_base_dispatch(base);
	_exit(0);
}
