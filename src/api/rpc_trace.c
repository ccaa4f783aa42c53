/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd.v1.Trace: live events. */
#include "api/api.h"

#include <stdio.h>
#include <string.h>

#include "api/rpc_trace.h"
#include "api/rules.h"
#include "api/streams.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"
#include "common/closest.h"
#include "common/log.h"
#include "ipc/tracers.h"

#define FILTERS_MAX 64

/* ---- reading a request ---- */

static bool
read_tracer(struct call *call, const char *name, uint64_t *mask)
{
	unsigned int t = tracer_by_name(name);
	struct closest c;

	if (t) {
		*mask |= 1ULL << t;
		return true;
	}
	closest_init(&c, name);
	for (t = 1; t < N_TRACERS; t++)
		if (ipc_tracer_name(t))
			closest_offer(&c, ipc_tracer_name(t));
	call_error(call, IPC_INVALID_ARGUMENT, "there is no tracer %s%s", LOG_QUOTE(name),
		CLOSEST_TEXT(&c));
	return false;
}

static enum rule_op
op_of(const char *name, const struct field *f)
{
	if (!name[0])
		return f && (f->type == F_STR || f->type == F_PATH || f->type == F_LIST) ?
			OP_contains : OP_eq;
	return op_by_name(name);
}

static bool
refuse_op(struct call *call, const char *name)
{
	struct closest c;

	closest_init(&c, name);
	for (unsigned int i = 1; i < N_OPS; i++)
		closest_offer(&c, op_names[i]);
	call_error(call, IPC_INVALID_ARGUMENT, "there is no operator %s%s", LOG_QUOTE(name),
		CLOSEST_TEXT(&c));
	return false;
}

static void
offer_fields(struct closest *c, const struct field *f)
{
	for (; f && f->name; f++)
		closest_offer(c, f->name);
}

static bool
refuse_field(struct call *call, const char *name, uint64_t tracers)
{
	struct closest c;

	closest_init(&c, name);
	offer_fields(&c, common_fields);
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((tracers & 1ULL << t) && tracer_info(t))
			offer_fields(&c, tracer_info(t)->fields);
	call_error(call, IPC_INVALID_ARGUMENT, "there is no field %s%s", LOG_QUOTE(name),
		CLOSEST_TEXT(&c));
	return false;
}

/* The field as some of the tracers have it. */
static const struct field *
some_field(const char *name, uint64_t tracers)
{
	const struct field *f = NULL;

	for (unsigned int t = 1; t < N_TRACERS && !f; t++)
		if (tracers & 1ULL << t)
			f = field_find(t, name);
	return f;
}

static bool
read_filter(struct call *call, const Bpfd__V1__EventFilter *in, uint64_t tracers, struct rule_node *out)
{
	const struct field *f = some_field(in->field, tracers);

	if (!f || strlen(in->field) >= sizeof(out->field))
		return refuse_field(call, in->field, tracers);
	out->kind = NODE_TEST;
	out->op = op_of(in->op, f);
	if (out->op == OP_NONE)
		return refuse_op(call, in->op);
	strcpy(out->field, in->field);
	if (!in->n_values)
		return true;
	out->values = calloc(in->n_values, sizeof(*out->values));
	for (size_t i = 0; out->values && i < in->n_values; i++) {
		out->values[i].len = strlen(in->values[i]);
		out->values[i].data = strdup(in->values[i]);
		out->n_values++;
		if (!out->values[i].data)
			break;
	}
	if (out->n_values == in->n_values && out->values[out->n_values - 1].data)
		return true;
	call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the filter");
	return false;
}

AUTO_DEFINE(filter, struct rule_node *, streams_filter_free)

/* All of the filters as one tree; it is checked for every tracer, or for those that have the fields
 * when none is named. */
static bool
check_filter(struct call *call, struct rule_node *n, uint64_t named, uint64_t any)
{
	struct rule r = { .name = "stream", .format = 2, .enabled = true, .match = n,
		.severity = SEV_INFO, .tracers = named };
	char why[IPC_TEXT_MAX] = "no tracer has all of these fields", first[IPC_TEXT_MAX] = "";

	if (named) {
		if (rule_check(&r, why, sizeof(why)) == 0)
			return true;
		call_error(call, IPC_INVALID_ARGUMENT, "filter: %s", why);
		return false;
	}
	for (unsigned int t = 1; t < N_TRACERS; t++) {
		r.tracers = any & 1ULL << t;
		if (!r.tracers)
			continue;
		if (rule_check(&r, why, sizeof(why)) == 0)
			return true;
		if (!first[0])
			memcpy(first, why, sizeof(first));
	}
	call_error(call, IPC_INVALID_ARGUMENT, "filter: %s", first[0] ? first : why);
	return false;
}

static bool
read_filters(struct call *call, const Bpfd__V1__EventsRequest *rq, uint64_t named,
	struct rule_node **out)
{
	uint64_t any = named ? named : ipc_tracers_all();
	AUTO(filter) struct rule_node *n = NULL;

	if (!rq->n_filters)
		return true;
	if (rq->n_filters > FILTERS_MAX) {
		call_error(call, IPC_INVALID_ARGUMENT, "at most %d filters", FILTERS_MAX);
		return false;
	}
	n = calloc(1, sizeof(*n));
	if (n)
		n->children = calloc(rq->n_filters, sizeof(*n->children));
	if (!n || !n->children) {
		call_error(call, IPC_RESOURCE_EXHAUSTED, "no memory for the filter");
		return false;
	}
	n->kind = NODE_ALL;
	for (size_t i = 0; i < rq->n_filters; i++) {
		n->n_children++;
		n->children[i].kind = NODE_TEST;
		if (!read_filter(call, rq->filters[i], any, &n->children[i]))
			return false;
	}
	if (!check_filter(call, n, named, any))
		return false;
	*out = TAKE_PTR(n);
	return true;
}

static bool
read_form(struct call *call, const char *name, unsigned int *form)
{
	*form = FORM_EVENT;
	if (!name[0])
		return true;
	for (unsigned int i = 0; i < N_RENDER_FORMATS; i++)
		if (strcmp(render_format_names[i], name) == 0) {
			*form = FORM_LINE + i;
			return true;
		}
	call_error(call, IPC_INVALID_ARGUMENT, "there is no format %s", LOG_QUOTE(name));
	return false;
}

void
rpc_trace_events(struct call *call, const ProtobufCMessage *request)
{
	const Bpfd__V1__EventsRequest *rq = (const void *)request;
	struct stream_args a = { .rules_only = rq->rules_only, .defaults = rq->defaults };
	char why[IPC_TEXT_MAX] = "";
	enum ipc_code code;

	for (size_t i = 0; i < rq->n_tracers; i++)
		if (!read_tracer(call, rq->tracers[i], &a.tracers))
			return;
	code = rules_admit_tracers(a.tracers, call_api(call)->cfg, call_peer(call)->role, why, sizeof(why));
	if (code) {
		call_error(call, code, "%s", why);
		return;
	}
	if (!read_form(call, rq->format, &a.form) ||
	    !read_filters(call, rq, a.tracers, &a.filter))
		return;
	streams_add(call_api(call)->streams, call, &a);
}
