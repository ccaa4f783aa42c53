/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/enforce.h"
#include "rules/model.h"
#include "rules/push.h"
#include "rules/runtimes.h"

#define VALUES_SHOWN 8
#define ASKED "   [kernel]"

static void
say_value(FILE *out, const struct rule_value *v)
{
	fputc('"', out);
	for (size_t i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->data[i];

		if (c < 0x20 || c == 0x7f || c == '"' || c == '\\')
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}

/* What is said of a tree, and how much of it the kernel asks. */
struct saying { FILE *out; const struct rule *r; struct filter *kernel; unsigned int n_tests, n_kernel; };

static void
say_test(struct saying *s, const struct rule_node *n, bool negate)
{
	FILE *out = s->out;

	if (n->fn != FN_NONE)
		fprintf(out, "%s(%s)", fn_names[n->fn], n->field);
	else
		fputs(n->field, out);
	fprintf(out, " %s", op_helps[n->op]);
	if (n->ref[0])
		fprintf(out, " the event's %s", n->ref);
	for (uint32_t i = 0; i < n->n_values && i < VALUES_SHOWN; i++) {
		fputs(i ? " or " : " ", out);
		say_value(out, &n->values[i]);
	}
	if (n->n_values > VALUES_SHOWN)
		fprintf(out, " or one of %u more", n->n_values - VALUES_SHOWN);
	s->n_tests++;
	if (push_asks(s->kernel, s->r, n, negate)) {
		fputs(ASKED, out);
		s->n_kernel++;
	}
	fputc('\n', out);
}

static void
say_node(struct saying *s, const struct rule_node *n, int depth, bool negate)
{
	FILE *out = s->out;

	fprintf(out, "%*s", 2 * depth, "");
	switch (n->kind) {
	case NODE_TEST:
		say_test(s, n, negate);
		return;
	case NODE_ALL:
		fputs("all of\n", out);
		break;
	case NODE_ANY:
		fputs("at least one of\n", out);
		break;
	case NODE_NOT:
		fputs("not\n", out);
		break;
	}
	for (uint32_t i = 0; i < n->n_children; i++)
		say_node(s, &n->children[i], depth + 1, negate != (n->kind == NODE_NOT));
}

static void
say_when(FILE *out, const struct rule *r, struct filter *kernel)
{
	struct saying s = { .out = out, .r = r, .kernel = kernel };

	if (!r->match) {
		fputs("when: always\n", out);
		return;
	}
	fputs("when:\n", out);
	say_node(&s, r->match, 1, false);
	if (enforce_explain(r, out))
		return;		/* all of it is asked there */
	if (s.n_kernel)
		fprintf(out, "the kernel: asks the %u of %u conditions marked [kernel], where the other rules of the tracer "
			"ask for such too; bpfd asks all of them\n", s.n_kernel, s.n_tests);
	else
		fputs("the kernel: passes every event\n", out);
}

static void
say_names(FILE *out, const char *head, uint64_t mask, const char *(*name)(unsigned int), const char *tail)
{
	const char *sep = "";

	fputs(head, out);
	for (unsigned int i = 0; i < 64; i++) {
		if (!(mask >> i & 1))
			continue;
		fprintf(out, "%s%s", sep, name(i));
		sep = ", ";
	}
	fprintf(out, "%s\n", tail);
}

static const char *
tracer_word(unsigned int t)
{
	return tracer_info(t) ? tracer_info(t)->name : "?";
}

static const char *
runtime_word(unsigned int rt)
{
	return rt == RT_NOT_FOUND ? "host" : runtime_names[rt];
}

static void
say_keys(FILE *out, const struct rule_limit *l)
{
	for (uint32_t i = 0; i < l->n_keys; i++)
		fprintf(out, "%s%s", i ? ", " : " for each ", l->keys[i]);
	fputc('\n', out);
}

static void
say_limits(FILE *out, const struct rule *r)
{
	if (r->dedup.window_ns) {
		fprintf(out, "repeats: one event in %g s", (double)r->dedup.window_ns / 1e9);
		say_keys(out, &r->dedup);
	}
	if (r->ratelimit.rate_per_hour) {
		fprintf(out, "at most: %" PRIu64 " an hour, %" PRIu64 " at once", r->ratelimit.rate_per_hour,
			r->ratelimit.burst);
		say_keys(out, &r->ratelimit);
	}
}

static void
say_sequence(FILE *out, const struct rule *r)
{
	if (!r->after[0])
		return;
	fprintf(out, "only after: rule %s matched at most %g s before, for the same ", r->after,
		(double)r->sequence.window_ns / 1e9);
	for (uint32_t i = 0; i < r->sequence.n_keys; i++)
		fprintf(out, "%s%s", i ? ", " : "", r->sequence.keys[i]);
	fputc('\n', out);
}

static void
say_redacted(FILE *out, const struct rule *r)
{
	for (uint32_t i = 0; i < r->n_redact; i++)
		fprintf(out, "%s%s", i ? ", " : "redacted before anybody reads the event: ", r->redact[i]);
	if (r->n_redact)
		fputc('\n', out);
}

static void
say_actions(FILE *out, const struct rule *r)
{
	fputs("then: ", out);
	if (!r->n_actions)
		fputs("nothing but the live trace", out);
	for (uint32_t i = 0; i < r->n_actions; i++) {
		fprintf(out, "%s%s", i ? ", " : "", r->actions[i].name);
		if (r->actions[i].min_severity > r->severity)
			fprintf(out, " (never: from severity %s on)", severity_names[r->actions[i].min_severity]);
	}
	fputc('\n', out);
	fprintf(out, "mode: %s\n", r->mode == RULE_ENFORCE ?
		"enforce: destructive actions are performed where the daemon allows it" :
		"observe: destructive actions are only reported");
}

char *
rule_explain(const struct rule *r)
{
	struct filter *kernel;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fprintf(out, "rule: %s (format %u, severity %s%s)\n", r->name, r->format, severity_names[r->severity],
		r->enabled ? "" : ", disabled");
	if (r->description && r->description[0])
		fprintf(out, "about: %s\n", r->description);
	kernel = enforce_verbs(r) ? NULL : push_rule(r);
	say_names(out, "events of: ", r->tracers, tracer_word, "");
	if (r->runtimes)
		say_names(out, "from: ", r->runtimes, runtime_word, push_asks_runtimes(kernel, r) ? ASKED : "");
	say_when(out, r, kernel);
	push_rule_free(kernel);
	say_sequence(out, r);
	say_limits(out, r);
	say_redacted(out, r);
	say_actions(out, r);
	if (r->stop)
		fputs("later rules are not looked at after it\n", out);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
