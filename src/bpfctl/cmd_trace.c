/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpfctl/ctl.h"
#include "bpfctl/rule_local.h"
#include "bpfctl/safe.h"
#include "bpfctl/trace.h"
#include "proto/grpc.h"

#define STDOUT_BYTES 65536
#define METHOD "/bpfd.v1.Trace/Events"

/* ---- filters ---- */

struct filters {
	Bpfd__V1__EventFilter **v;
	size_t n;
};

static void
filters_free(struct filters *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i]->field);
		free(f->v[i]->op);
		for (size_t j = 0; j < f->v[i]->n_values; j++)
			free(f->v[i]->values[j]);
		free(f->v[i]->values);
		free(f->v[i]);
	}
	free(f->v);
}

static inline void
auto_filters(struct filters *f)
{
	filters_free(f);
}

/* Signs for those who write them. */
static const char *
op_name(const char *op)
{
	static const struct { const char *sign, *name; } signs[] = {
		{ "=", "eq" }, { "==", "eq" }, { "!=", "ne" }, { "<", "lt" }, { "<=", "le" },
		{ ">", "gt" }, { ">=", "ge" }, { "~", "regex" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(signs); i++)
		if (strcmp(signs[i].sign, op) == 0)
			return signs[i].name;
	return op;
}

static char *
word(const char **at)
{
	size_t len;
	char *out;

	*at += strspn(*at, " \t");
	len = strcspn(*at, " \t");
	out = strndup(*at, len);
	*at += len;
	*at += strspn(*at, " \t");
	return out;
}

/* Several values of an operator that takes them have commas between them. */
static bool
takes_list(const char *op)
{
	static const char *const names[] = { "in", "notin", "hasall", "hasany", "hasnone" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], op) == 0)
			return true;
	return false;
}

static int
add_values(Bpfd__V1__EventFilter *f, const char *text)
{
	size_t room = 1;

	for (const char *p = text; *p; p++)
		room += *p == ',';
	f->values = calloc(room, sizeof(*f->values));
	while (f->values) {
		size_t len = takes_list(f->op) ? strcspn(text, ",") : strlen(text);

		f->values[f->n_values] = strndup(text, len);
		if (!f->values[f->n_values])
			return -ENOMEM;
		f->n_values++;
		if (!text[len])
			return 0;
		text += len + 1;
	}
	return -ENOMEM;
}

/* "FIELD OP VALUE", or "FIELD=VALUE" in one word. */
static int
read_filter(const char *text, Bpfd__V1__EventFilter *f)
{
	char *equals;

	f->field = word(&text);
	equals = f->field ? strchr(f->field, '=') : NULL;
	if (equals && equals != f->field && !*text) {
		*equals = '\0';
		f->op = strdup("");
		return f->op ? add_values(f, equals + 1) : -ENOMEM;
	}
	f->op = word(&text);
	if (!f->field || !f->op)
		return -ENOMEM;
	equals = strdup(op_name(f->op));
	free(f->op);
	f->op = equals;
	if (!f->op)
		return -ENOMEM;
	return *text ? add_values(f, text) : 0;
}

static int
read_filters(const struct ctl *ctl, const struct args *args, struct filters *out)
{
	const char *text;
	size_t at = 0;

	out->v = calloc(args->n_given + 1, sizeof(*out->v));
	while (out->v && (text = args_each(args, "filter", &at))) {
		Bpfd__V1__EventFilter *f = calloc(1, sizeof(*f));

		if (!f)
			break;
		bpfd__v1__event_filter__init(f);
		f->field = f->op = NULL;
		out->v[out->n++] = f;
		if (read_filter(text, f))
			return ctl_fail(ctl, CTL_FAILED, NULL, "trace", "no memory");
		if (!f->field[0] || (!f->op[0] && !f->n_values))
			return ctl_fail(ctl, CTL_USAGE, "as in --filter 'path prefix /etc/'",
				"--filter", "\"%s\" is not FIELD OPERATOR VALUE", text);
	}
	return out->v ? CTL_DONE : ctl_fail(ctl, CTL_FAILED, NULL, "trace", "no memory");
}

/* ---- the stream ---- */

struct tracing {
	struct ctl *ctl;
	bool raw;			/* lines are whole documents of a format of machines */
	const char *header;		/* format whose header is still to come, NULL: none */
	uint64_t n, lost, max;		/* max 0: no end */
};

/* Before the first line, not before what may end in an error. */
static void
print_header(struct tracing *t)
{
	AUTO(buf) struct buf b = { 0 };

	if (t->header)
		trace_local_header(&b, t->header);
	t->header = NULL;
	fputs(buf_text(&b), stdout);
}

static void
print_line(const struct tracing *t, const char *line)
{
	AUTO(buf) struct buf b = { 0 };

	if (t->raw)
		buf_str(&b, line);
	else
		safe_plain(&b, line, strlen(line), true);
	buf_char(&b, '\n');
	fwrite(buf_text(&b), 1, b.len, stdout);
}

/* 1: go on; 0: that was all; -EIO: what came is no event. */
static int
on_event(struct tracing *t, const uint8_t *msg, size_t len)
{
	Bpfd__V1__Event *e = bpfd__v1__event__unpack(NULL, len, msg);
	bool end;

	if (!e)
		return -EIO;
	if (e->lost && !t->ctl->quiet)
		fprintf(stderr, "bpfctl: trace: %llu events were lost here\n", (unsigned long long)e->lost);
	t->lost += e->lost;
	if (e->line[0]) {
		print_header(t);
		print_line(t, e->line);
		t->n++;
	}
	end = (t->max && t->n >= t->max) || ferror(stdout);
	bpfd__v1__event__free_unpacked(e, NULL);
	return !end;
}

static int
follow(struct tracing *t, struct client_error *e)
{
	AUTO(mem) uint8_t *msg = NULL;
	size_t len;
	int got;

	while ((got = client_next(t->ctl->client, &msg, &len, e)) > 0) {
		got = on_event(t, msg, len);
		free(TAKE_PTR(msg));
		if (got > 0)
			continue;
		client_cancel(t->ctl->client);
		return got;
	}
	return got;
}

/* Whole lines, as soon as there is nothing more to read: not a call for each. */
static void
flush_lines(void)
{
	fflush(stdout);
}

static bool
is_end(const struct client_error *e, bool has_duration)
{
	return e->code == CLIENT_INTERRUPTED ||
	       (has_duration && (e->code == CLIENT_TIMEOUT || e->code == GRPC_DEADLINE_EXCEEDED));
}

static int
fail(const struct ctl *ctl, const struct client_error *e)
{
	if (!e->code)
		return ctl_fail(ctl, CTL_FAILED, NULL, "trace", "the answer is malformed");
	if (e->code == GRPC_INVALID_ARGUMENT)
		return ctl_fail(ctl, ctl_exit_of(e->code), "bpfctl tracers lists tracers, bpfctl tracers TRACER its fields, "
			"bpfd-rules(5) operators", "trace", "%s", ctl_text_of(e));
	return ctl_fail_call(ctl, "trace", e);
}

int
trace_follow(struct ctl *ctl, const Bpfd__V1__EventsRequest *req, uint64_t count, uint64_t duration_ms)
{
	struct tracing t = { .ctl = ctl, .max = count,
		.header = ctl->out->style.headers ? req->format : NULL,
		.raw = strcmp(req->format, "json") == 0 || strcmp(req->format, "execsnoop") == 0 ||
			strcmp(req->format, "socketsnoop") == 0 };
	AUTO(mem) uint8_t *out = malloc(bpfd__v1__events_request__get_packed_size(req) + 1);
	AUTO(client_error) struct client_error e = { 0 };
	int got = -EIO, status = CTL_DONE;

	if (!out)
		return ctl_fail(ctl, CTL_FAILED, NULL, "trace", "no memory");
	setvbuf(stdout, NULL, _IOFBF, STDOUT_BYTES);
	client_on_idle(ctl->client, flush_lines);
	client_set_timeout(ctl->client, duration_ms);
	client_hold_signals(ctl->client);
	if (client_start(ctl->client, METHOD, out, bpfd__v1__events_request__pack(req, out), &e) == 0)
		got = follow(&t, &e);
	if (got < 0 && !is_end(&e, duration_ms != 0))
		status = fail(ctl, &e);
	client_forget_signals(ctl->client);
	fflush(stdout);
	if (!ctl->quiet && (status == CTL_DONE || t.n))
		fprintf(stderr, "bpfctl: trace: %llu events, %llu lost\n", (unsigned long long)t.n,
			(unsigned long long)t.lost);
	return status;
}

/* ---- the command ---- */

static int
read_number(const struct ctl *ctl, const struct args *args, const char *name, double max, double *out)
{
	const char *text = args_get(args, name);
	char *end;

	*out = 0;
	if (!text)
		return CTL_DONE;
	*out = strtod(text, &end);
	if (end == text || *end || !(*out > 0) || *out > max)
		return ctl_fail(ctl, CTL_USAGE, NULL, "trace", "--%s: \"%s\" is not a number above 0", name, text);
	return CTL_DONE;
}

static const char *
format_of(const struct ctl *ctl, const struct args *args)
{
	const char *given = args_get(args, "format");

	if (given)
		return given;
	return ctl->out->style.format == OUT_JSON ? "json" : "table";
}

/* Without --tracer nothing may ever come: who waits is told why. */
static void
say_idle(struct ctl *ctl)
{
	Bpfd__V1__TracersRequest req = BPFD__V1__TRACERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__TracersResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_tracers(ctl->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_tracers; i++)
		for (size_t j = 0; j < all->tracers[i]->n_wanted_by; j++)
			if (strncmp(all->tracers[i]->wanted_by[j], "stream ", 7) != 0)
				return;
	fputs("bpfctl: trace: no rule asks for events, nor does tracers.enabled; name a tracer to see "
		"its events,\n        as in --tracer exec\n", stderr);
}

static int
run_trace(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__EventsRequest req = BPFD__V1__EVENTS_REQUEST__INIT;
	AUTO(mem) char **tracers = calloc(args->n_given + 1, sizeof(*tracers));
	AUTO(filters) struct filters filters = { 0 };
	const char *tracer;
	double count, duration;
	size_t at = 0;
	int status = read_filters(ctl, args, &filters);

	if (!status)
		status = read_number(ctl, args, "count", 1e15, &count);
	if (!status)
		status = read_number(ctl, args, "duration", 1e9, &duration);
	if (status)
		return status;
	while (tracers && (tracer = args_each(args, "tracer", &at)))
		tracers[req.n_tracers++] = (char *)(uintptr_t)tracer;
	req.tracers = tracers;
	req.filters = filters.v;
	req.n_filters = filters.n;
	req.rules_only = args_has(args, "rule-only");
	req.format = (char *)(uintptr_t)format_of(ctl, args);
	if (!req.n_tracers && !ctl->quiet)
		say_idle(ctl);
	return trace_follow(ctl, &req, (uint64_t)count, (uint64_t)(duration * 1000));
}

static const struct opt opts[] = {
	{ "tracer", 0, "TRACER", "events of this tracer, which is attached meanwhile", WORD_TRACER,
		.many = true },
	{ "filter", 0, "FILTER", "only events of which this holds: 'FIELD OPERATOR VALUE'", WORD_FILTER,
		.many = true },
	{ "rule-only", 0, NULL, "only events that a rule matched" },
	{ "format", 0, "FORMAT", "table, json, seed, logfmt, execsnoop or socketsnoop", WORD_CHOICE,
		"table|json|seed|logfmt|execsnoop|socketsnoop" },
	{ "count", 0, "N", "end after that many" },
	{ "duration", 0, "SECONDS", "end after that time" },
	OPT_END
};

const struct command cmd_trace = {
	.name = "trace",
	.synopsis = "",
	.help = "show events as they happen",
	.more = "Without --tracer: events of the tracers that the configuration and rules ask for.\n"
		"bpfctl tracers lists the tracers, bpfctl tracers TRACER the fields of one;\n"
		"bpfd-rules(5) has the operators.  Ctrl-C ends it.\n"
		"\n"
		"  bpfctl trace --tracer exec\n"
		"  bpfctl trace --tracer open --filter 'path prefix /etc/' --filter uid=0\n",
	.opts = opts,
	.run = run_trace,
};
