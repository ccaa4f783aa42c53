/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "api/call.h"
#include "api/conn.h"
#include "common/auto.h"
#include "common/clock.h"
#include "common/log.h"

#define HEADER_LIST_MAX	(16 * 1024)
#define TIMER_NS_MAX	(365ULL * 86400 * 1000000000)

struct value {
	const char *p;
	size_t len;
};

static bool
is(struct value v, const char *literal)
{
	return v.len == strlen(literal) && memcmp(v.p, literal, v.len) == 0;
}

static void
refuse(struct call *call, enum ipc_code code, const char *why)
{
	if (call->refusal)
		return;
	call->refusal = why;
	call->refusal_code = code;
}

static void
on_method(struct call *call, struct value v)
{
	if (!is(v, "POST"))
		call->http_status = 405;
}

static void
on_path(struct call *call, struct value v)
{
	const struct server *srv = call->conn->srv;

	call->has_path = true;
	for (size_t i = 0; i < rpc_table_len; i++) {
		const struct method *m = &srv->methods[i];

		if (m->path_len == v.len && memcmp(m->rpc->path, v.p, v.len) == 0) {
			call->method = m;
			return;
		}
	}
	snprintf(call->path, sizeof(call->path), "%.*s", (int)v.len, v.p);
}

static void
on_content_type(struct call *call, struct value v)
{
	const char grpc[] = "application/grpc", proto[] = "application/grpc+proto";
	size_t len = sizeof(proto) - 1;

	if (v.len < len || memcmp(v.p, proto, len) != 0)
		len = sizeof(grpc) - 1;
	call->is_grpc = v.len >= len && memcmp(v.p, grpc, sizeof(grpc) - 1) == 0 &&
		(v.len == len || v.p[len] == ';');
}

static void
on_te(struct call *call, struct value v)
{
	call->te_trailers = is(v, "trailers");
}

static void
on_encoding(struct call *call, struct value v)
{
	if (is(v, "identity"))
		return;
	call->accept_encoding = true;
	refuse(call, IPC_UNIMPLEMENTED, "grpc-encoding: only identity is understood");
}

static void
on_timeout(struct call *call, struct value v)
{
	call->has_timeout = true;
	if (grpc_timeout_parse(v.p, v.len, &call->timeout_ns) < 0)
		refuse(call, IPC_INVALID_ARGUMENT,
			"grpc-timeout: not 1 to 8 digits and one of H M S m u n");
}

void
call_header(struct call *call, const uint8_t *name, size_t name_len, const uint8_t *value,
		size_t value_len)
{
	static const struct {
		const char *name;
		void (*on)(struct call *call, struct value v);
	} fields[] = {
		{ ":method", on_method }, { ":path", on_path }, { "content-type", on_content_type },
		{ "te", on_te }, { "grpc-encoding", on_encoding }, { "grpc-timeout", on_timeout },
	};
	struct value n = { (const char *)name, name_len }, v = { (const char *)value, value_len };

	call->header_bytes += name_len + value_len + 32;	/* as RFC 9113 section 6.5.2 counts */
	if (call->header_bytes > HEADER_LIST_MAX) {
		refuse(call, IPC_RESOURCE_EXHAUSTED, "more than 16 KiB of header fields");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!is(n, fields[i].name))
			continue;
		fields[i].on(call, v);
		return;
	}
}

static void
unknown_method(struct call *call)
{
	const char *slash = strchr(call->path + (call->path[0] == '/'), '/');
	int len = slash ? (int)(slash - call->path) : (int)strlen(call->path);

	for (size_t i = 0; slash && i < rpc_table_len; i++) {
		const char *path = rpc_table[i].path;

		if (strncmp(path, call->path, (size_t)len + 1) != 0)
			continue;
		call_abort(call, IPC_UNIMPLEMENTED, "%s has no method \"%s\"", rpc_table[i].service,
			slash + 1);
		return;
	}
	call_abort(call, IPC_UNIMPLEMENTED, "there is no service \"%.*s\" here",
		len > 0 ? len - 1 : 0, call->path + 1);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct call *call = arg;

	call_abort(call, IPC_DEADLINE_EXCEEDED, "the client's deadline passed");
}

static void
start_deadline(struct call *call)
{
	uint64_t ns = call->timeout_ns < TIMER_NS_MAX ? call->timeout_ns : TIMER_NS_MAX;
	struct timeval tv = { (time_t)(ns / 1000000000), (suseconds_t)(ns % 1000000000 / 1000) };

	call->deadline_ns = clock_ns(CLOCK_MONOTONIC) + ns;
	event_assign(&call->timer, call->conn->srv->base, -1, 0, on_deadline, call);
	if (event_add(&call->timer, &tv) < 0)
		call_abort(call, IPC_RESOURCE_EXHAUSTED, "no memory for the deadline");
}

static bool
permitted(struct call *call)
{
	static const char *const roles[] = { "nobody", "viewer", "operator", "admin" };
	const struct rpc *rpc = call->method->rpc;
	const struct peer *peer = &call->conn->peer;

	if (peer->role >= rpc->role)
		return true;
	if (rpc->role > CONFIG_VIEWER)
		log_notice("audit", "uid=%u pid=%d request=%s result=PERMISSION_DENIED",
			(unsigned int)peer->uid, (int)peer->pid, rpc->path);
	call_abort(call, IPC_PERMISSION_DENIED,
		"uid %u is %s and may not call %s: it needs access.%s in bpfd.toml",
		(unsigned int)peer->uid, roles[peer->role], rpc->path, roles[rpc->role]);
	return false;
}

void
call_headers_end(struct call *call)
{
	if (call->http_status == 200 && !call->is_grpc)
		call->http_status = 415;
	if (call->http_status != 200) {
		call_http_error(call, call->http_status);
		return;
	}
	if (!call->te_trailers)
		refuse(call, IPC_INVALID_ARGUMENT,
			"te: trailers is missing; a proxy in between does not pass trailers on");
	if (call->conn->srv->draining)
		refuse(call, IPC_UNAVAILABLE, "bpfd is stopping");
	if (call->refusal) {
		call_abort(call, call->refusal_code, "%s", call->refusal);
		return;
	}
	if (!call->method) {
		unknown_method(call);
		return;
	}
	if (!permitted(call))
		return;

	call->state = CALL_MESSAGE;
	if (call->method->client_streams)
		call_set_waiting(call, false);
	if (call->has_timeout && call->timeout_ns == 0)
		call_abort(call, IPC_DEADLINE_EXCEEDED, "the client's deadline is zero");
	else if (call->has_timeout)
		start_deadline(call);
}
