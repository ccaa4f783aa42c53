/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/tracers.h"

#define PROBLEMS_MAX 64

void
rules_init(struct rules *rs)
{
	TAILQ_INIT(&rs->all);
	rs->n = 0;
}

void
api_rule_free(struct api_rule *r)
{
	if (!r)
		return;
	rule_free(r->rule);
	free(r->text);
	free(r->source);
	free(r->packed);
	free(r->decisions);
	free(r->kernel_why);
	free(r->problems);
	free(r);
}

void
rules_clear(struct rules *rs)
{
	while (!TAILQ_EMPTY(&rs->all))
		rules_remove(rs, TAILQ_FIRST(&rs->all));
}

struct api_rule *
rules_new(const char *name, const char *source, const char *text, size_t len)
{
	AUTO(api_rule) struct api_rule *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->source = strdup(source);
	r->text = strndup(text, len);
	return r->source && r->text ? TAKE_PTR(r) : NULL;
}

static void
add_problem(struct api_rule *r, const struct rule_problem *p)
{
	struct rule_problem *all = NULL;

	if (r->n_problems < PROBLEMS_MAX)
		all = reallocarray(r->problems, r->n_problems + 1, sizeof(*all));
	if (!all)
		return;
	r->problems = all;
	all[r->n_problems++] = *p;
}

void
rules_problem(struct api_rule *r, bool warning, const char *fmt, ...)
{
	struct rule_problem p = { .warning = warning };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p.text, sizeof(p.text), fmt, ap);
	va_end(ap);
	add_problem(r, &p);
}

void
rules_problems(struct api_rule *r, const struct parsed_file *f)
{
	for (size_t i = 0; i < f->n_problems; i++)
		add_problem(r, &f->problems[i]);
}

int
rules_take_packed(struct api_rule *r, const void *packed, size_t len, char *why, size_t room)
{
	AUTO(mem) void *copy = malloc(len ? len : 1);
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, packed, len);
	err = rule_unpack(copy, len, &r->rule, why, room);
	if (err)
		return err;
	snprintf(r->name, sizeof(r->name), "%s", r->rule->name);
	r->packed = TAKE_PTR(copy);
	r->packed_len = len;
	return 0;
}

/* fail = "closed", and the kernel cannot. */
static bool
fails_closed(const struct api_rule *r)
{
	return r->rule->fail_closed && r->kernel_why;
}

bool
rules_active(const struct api_rule *r)
{
	return r->rule && !r->refused && r->rule->enabled && !fails_closed(r);
}

const char *
rules_state(const struct api_rule *r)
{
	if (!r->rule || r->refused || fails_closed(r))
		return "refused";
	return r->rule->enabled ? "active" : "disabled";
}

struct api_rule *
rules_same(const struct rules *rs, const struct api_rule *r, struct api_rule *at)
{
	for (at = at ? TAILQ_NEXT(at, link) : TAILQ_FIRST(&rs->all); at; at = TAILQ_NEXT(at, link))
		if (at != r && at->rule && !at->refused && (at->rule->tracers & r->rule->tracers) &&
		    strcmp(at->name, r->name) == 0)
			return at;
	return NULL;
}

/* Files stand before what was created, in the order of their paths. */
void
rules_insert(struct rules *rs, struct api_rule *take)
{
	struct api_rule *at = NULL;

	if (take->origin == RULE_FROM_FILE)
		TAILQ_FOREACH(at, &rs->all, link)
			if (at->origin == RULE_FROM_API || strcmp(at->source, take->source) > 0)
				break;
	if (at)
		TAILQ_INSERT_BEFORE(at, take, link);
	else
		TAILQ_INSERT_TAIL(&rs->all, take, link);
	rs->n++;
}

void
rules_remove(struct rules *rs, struct api_rule *r)
{
	TAILQ_REMOVE(&rs->all, r, link);
	rs->n--;
	api_rule_free(r);
}

static bool
has_tracer(const struct api_rule *r, const char *tracer)
{
	unsigned int t = tracer_by_name(tracer);

	if (!tracer[0])
		return true;
	return t && r->rule && (r->rule->tracers & 1ULL << t);
}

struct api_rule *
rules_find(const struct rules *rs, const char *name, const char *tracer, struct api_rule *at)
{
	for (at = at ? TAILQ_NEXT(at, link) : TAILQ_FIRST(&rs->all); at; at = TAILQ_NEXT(at, link))
		if (strcmp(at->name, name) == 0 && has_tracer(at, tracer))
			return at;
	return NULL;
}

void
rules_tracer_names(uint64_t tracers, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned int t = 1; t < N_TRACERS; t++)
		if ((tracers & 1ULL << t) && len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? "," : "",
				ipc_tracer_name(t));
}
