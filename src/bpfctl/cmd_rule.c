/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "bpfctl/ctl.h"
#include "bpfctl/rule_local.h"
#include "bpfctl/safe.h"
#include "proto/grpc.h"

/* What the daemon has to say of a rule that it took. */
static void
print_problems(const struct ctl *ctl, const char *file, const Bpfd__V1__Rule *r)
{
	AUTO(buf) struct buf b = { 0 };

	for (size_t i = 0; i < r->n_problems; i++) {
		const Bpfd__V1__Problem *p = r->problems[i];
		const struct local_problem l = { .file = file, .line = p->line, .column = p->column,
			.warning = p->warning, .code = p->code, .text = p->text };

		if (!ctl->quiet || !p->warning)
			rule_local_line(&b, &l);
	}
	fputs(buf_text(&b), stderr);
}

static void
print_text(const char *text)
{
	AUTO(buf) struct buf b = { 0 };

	safe_plain(&b, text, strlen(text), true);
	if (b.len && b.data[b.len - 1] != '\n')
		buf_char(&b, '\n');
	fputs(buf_text(&b), stdout);
}

/* ---- create ---- */

static int
create(struct ctl *ctl, const struct args *args, const char *file, Bpfd__V1__CreateRuleResponse **out)
{
	Bpfd__V1__CreateRuleRequest req = BPFD__V1__CREATE_RULE_REQUEST__INIT;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(mem) char *text = NULL;
	AUTO(buf) struct buf label = { 0 };
	size_t len;
	int err = rule_local_text(file, RULE_LOCAL_MAX, &text, &len);

	if (err)
		return ctl_fail_file(ctl, "rule create", file, err);
	if (memchr(text, '\0', len))
		return ctl_fail(ctl, CTL_FAILED, NULL, "rule create", "%s: is no text", file);
	req.text = text;
	req.file = (char *)(uintptr_t)file;
	req.replace = args_has(args, "replace");
	req.dry_run = args_has(args, "dry-run");
	buf_printf(&label, "rule create %s", file);
	if (rpc_rule_create(ctl->client, &req, out, &e))
		return ctl_fail_call(ctl, buf_text(&label), &e);
	if ((*out)->rule)
		print_problems(ctl, file, (*out)->rule);
	return CTL_DONE;
}

static int
run_create(struct ctl *ctl, const struct args *args)
{
	size_t n = args->n_words - 1, n_failed = 0, n_shown = 0;
	AUTO(mem) Bpfd__V1__CreateRuleResponse **made = calloc(n + 1, sizeof(*made));
	AUTO(mem) const void **rows = calloc(n + 1, sizeof(*rows));
	int first = 0, status;

	if (!made || !rows)
		return ctl_fail(ctl, CTL_FAILED, NULL, "rule create", "no memory");
	for (size_t i = 0; i < n; i++) {
		status = create(ctl, args, args->words[1 + i], &made[i]);
		if (status && n_failed++ == 0)
			first = status;
		if (made[i] && made[i]->rule)
			rows[n_shown++] = made[i]->rule;
	}
	out_list(ctl->out, "rules", &schema_rule, rows, n_shown, SHOW_TABLE);
	status = n_shown ? ctl_print(ctl) : CTL_DONE;
	for (size_t i = 0; i < n; i++)
		auto_reply(&made[i]);
	return n_failed ? ctl_exit_of_many(n, n_failed, first) : status;
}

/* ---- ls, get, rm ---- */

static int
run_ls(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ListRulesRequest req = BPFD__V1__LIST_RULES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListRulesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	const char *tracer = args_get(args, "tracer");

	if (tracer)
		req.tracer = (char *)(uintptr_t)tracer;
	if (rpc_rule_list(ctl->client, &req, &all, &e))
		return ctl_fail_call(ctl, "rule ls", &e);
	out_list(ctl->out, "rules", &schema_rule, (const void *const *)all->rules, all->n_rules,
		SHOW_TABLE);
	return ctl_print(ctl);
}

static int
get(struct ctl *ctl, const char *what, const char *name, Bpfd__V1__GetRuleResponse **out)
{
	Bpfd__V1__GetRuleRequest req = BPFD__V1__GET_RULE_REQUEST__INIT;
	AUTO(client_error) struct client_error e = { 0 };

	req.name = (char *)(uintptr_t)name;
	if (rpc_rule_get(ctl->client, &req, out, &e))
		return ctl_fail_call(ctl, what, &e);
	return CTL_DONE;
}

static int
run_get(struct ctl *ctl, const struct args *args)
{
	AUTO(reply) Bpfd__V1__GetRuleResponse *got = NULL;
	char *text, *explain;
	bool people = ctl->out->style.format <= OUT_WIDE;
	int status = get(ctl, "rule get", args->words[1], &got);

	if (status)
		return status;
	text = got->rule->text;
	explain = got->rule->explain;
	if (people)			/* of many lines: below, not in a cell */
		got->rule->text = got->rule->explain = (char *)(uintptr_t)"";
	out_object(ctl->out, "rule", &schema_rule, got->rule);
	out_list(ctl->out, "problems", &schema_problem, (const void *const *)got->rule->problems,
		got->rule->n_problems, SHOW_TABLE);
	status = ctl_print(ctl);
	got->rule->text = text;		/* for who frees them */
	got->rule->explain = explain;
	if (people && !status) {
		if (explain[0])
			putchar('\n');
		print_text(explain);
		puts("\ntext:");
		print_text(text);
	}
	return status;
}

static int
run_rm(struct ctl *ctl, const struct args *args)
{
	const char *tracer = args_get(args, "tracer");
	size_t n = args->n_words - 1, n_failed = 0;
	int first = 0;

	for (size_t i = 0; i < n; i++) {
		Bpfd__V1__RemoveRuleRequest req = BPFD__V1__REMOVE_RULE_REQUEST__INIT;
		AUTO(reply) Bpfd__V1__RemoveRuleResponse *done = NULL;
		AUTO(client_error) struct client_error e = { 0 };
		AUTO(buf) struct buf label = { 0 };

		req.name = (char *)(uintptr_t)args->words[1 + i];
		if (tracer)
			req.tracer = (char *)(uintptr_t)tracer;
		buf_printf(&label, "rule rm %s", args->words[1 + i]);
		if (rpc_rule_remove(ctl->client, &req, &done, &e) == 0) {
			if (!ctl->quiet)
				puts(args->words[1 + i]);
			continue;
		}
		ctl_fail_call(ctl, buf_text(&label), &e);
		/* An unknown rule is an ordinary failure here, as people's scripts expect. */
		if (n_failed++ == 0)
			first = e.code == GRPC_NOT_FOUND ? CTL_FAILED : (int)ctl_exit_of(e.code);
	}
	return n_failed ? ctl_exit_of_many(n, n_failed, first) : CTL_DONE;
}

/* ---- check, explain: without a daemon ---- */

/* Those of the host, if there are any, or of the folder that is named. */
static int
take_lists(struct ctl *ctl, const struct args *args, const char *what, struct rule_lists **lists)
{
	const char *folder = args_get(args, "lists");
	AUTO(buf) struct buf lines = { 0 };
	int err = rule_local_lists(folder ? folder : RULE_LOCAL_LISTS, lists, &lines);

	fputs(buf_text(&lines), stderr);
	if (err && (folder || err != -ENOENT))
		return ctl_fail_file(ctl, what, folder ? folder : RULE_LOCAL_LISTS, err);
	return CTL_DONE;
}

/* The tracers that root declares on the daemon's host; without a daemon there are none. */
static void
learn(struct ctl *ctl)
{
	Bpfd__V1__TracersRequest req = BPFD__V1__TRACERS_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__TracersResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };

	if (rpc_tracers(ctl->client, &req, &all, &e))
		return;
	for (size_t i = 0; i < all->n_tracers; i++) {
		const Bpfd__V1__Tracer *t = all->tracers[i];
		AUTO(mem) struct local_field *fields = calloc(t->n_fields + 1, sizeof(*fields));

		for (size_t k = 0; fields && k < t->n_fields; k++)
			fields[k] = (struct local_field){ t->fields[k]->name, t->fields[k]->type };
		if (fields)
			rule_local_declare(t->name, fields, t->n_fields);
	}
}

/* A file that is wrong as it is may name one of them. */
static int
read_local(struct ctl *ctl, const struct args *args, const char *file, const struct rule_lists *lists,
	struct local_rule *r)
{
	const char *actions = args_get(args, "actions") ? args_get(args, "actions") : RULE_LOCAL_ACTIONS;
	const bool once = strcmp(file, "-") == 0;	/* it can be read */
	int err;

	if (once)
		learn(ctl);
	err = rule_local_read(file, lists, actions, r);
	if (err || r->ok || once)
		return err;
	learn(ctl);
	rule_local_free(r);
	return rule_local_read(file, lists, actions, r);
}

static int
run_check(struct ctl *ctl, const struct args *args)
{
	AUTO(rule_lists) struct rule_lists *lists = NULL;
	size_t n = args->n_words - 1, n_failed = 0, n_rows = 0, room = 0;
	AUTO(mem) struct local_rule *rules = calloc(n + 1, sizeof(*rules));
	AUTO(mem) const void **rows = NULL;
	AUTO(buf) struct buf lines = { 0 };
	int first = 0, err = take_lists(ctl, args, "rule check", &lists);

	if (err)
		return err;
	for (size_t i = 0; rules && i < n; i++) {
		err = read_local(ctl, args, args->words[1 + i], lists, &rules[i]);
		if (err)
			err = ctl_fail_file(ctl, "rule check", args->words[1 + i], err);
		else if (!rules[i].ok)
			err = CTL_FAILED;
		if (err && n_failed++ == 0)
			first = err;
		room += rules[i].n_problems;
	}
	rows = calloc(room + 1, sizeof(*rows));
	if (!rules || !rows)
		return ctl_fail(ctl, CTL_FAILED, NULL, "rule check", "no memory");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < rules[i].n_problems; j++) {
			rule_local_line(&lines, &rules[i].problems[j]);
			rows[n_rows++] = &rules[i].problems[j];
		}
	out_list(ctl->out, "problems", &schema_local_problem, rows, n_rows, SHOW_TABLE);
	if (ctl->out->style.format > OUT_WIDE)
		ctl_print(ctl);
	else
		fputs(buf_text(&lines), stdout);
	for (size_t i = 0; i < n; i++)
		rule_local_free(&rules[i]);
	return n_failed ? ctl_exit_of_many(n, n_failed, first) : CTL_DONE;
}

static int
explain_file(struct ctl *ctl, const struct args *args, const char *file)
{
	AUTO(rule_lists) struct rule_lists *lists = NULL;
	AUTO(local_rule) struct local_rule r = { 0 };
	AUTO(buf) struct buf lines = { 0 };
	int err = take_lists(ctl, args, "rule explain", &lists);

	if (err)
		return err;
	err = read_local(ctl, args, file, lists, &r);
	if (err)
		return ctl_fail_file(ctl, "rule explain", file, err);
	for (size_t i = 0; i < r.n_problems; i++)
		rule_local_line(&lines, &r.problems[i]);
	fputs(buf_text(&lines), stderr);
	if (!r.ok)
		return CTL_FAILED;
	print_text(r.explain ? r.explain : "");
	return CTL_DONE;
}

static int
run_explain(struct ctl *ctl, const struct args *args)
{
	AUTO(reply) Bpfd__V1__GetRuleResponse *got = NULL;
	const char *what = args->words[1];
	size_t len = strlen(what);
	int status;

	if (strchr(what, '/') || (len > 5 && strcmp(what + len - 5, ".toml") == 0))
		return explain_file(ctl, args, what);
	status = get(ctl, "rule explain", what, &got);
	if (status)
		return status;
	print_problems(ctl, what, got->rule);
	print_text(got->rule->explain);
	return CTL_DONE;
}

static int
run_rule(struct ctl *ctl, const struct args *args)
{
	static const struct {
		const char *verb;
		size_t min, max;
		int (*run)(struct ctl *ctl, const struct args *args);
	} verbs[] = {
		{ "create", 1, SIZE_MAX, run_create }, { "ls", 0, 0, run_ls }, { "rm", 1, SIZE_MAX, run_rm },
		{ "check", 1, SIZE_MAX, run_check }, { "explain", 1, 1, run_explain },
		{ "get", 1, 1, run_get },
	};
	size_t n = args->n_words - 1;

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (strcmp(args->words[0], verbs[i].verb) != 0)
			continue;
		if (n < verbs[i].min || n > verbs[i].max)
			return ctl_fail(ctl, CTL_USAGE, "see bpfctl rule --help", "rule",
				n < verbs[i].min ? "%s: which one?" : "%s: too many words", verbs[i].verb);
		return verbs[i].run(ctl, args);
	}
	return ctl_fail(ctl, CTL_USAGE, "there are create, ls, rm, check, explain and get", "rule",
		"there is no bpfctl rule %s", args->words[0]);
}

static const struct opt opts[] = {
	{ "replace", 0, NULL, "create: in place of a rule of this name that was created before" },
	{ "dry-run", 0, NULL, "create: say what would be, create nothing" },
	{ "actions", 0, "DIR", "check, explain: folder of named actions, in place of the host's", WORD_FILE },
	{ "lists", 0, "DIR", "check, explain: folder of lists and macros, in place of the host's", WORD_FILE },
	{ "tracer", 0, "TRACER", "ls, rm: only rules of this tracer", WORD_TRACER },
	OPT_END
};

const struct command cmd_rule = {
	.name = "rule",
	.synopsis = "create|ls|rm|check|explain|get ...",
	.help = "create, list, remove and check rules",
	.more = "rule create FILE...    give rules to the daemon, which keeps them\n"
		"rule ls                list them\n"
		"rule rm NAME...        remove created ones\n"
		"rule check FILE...     read files as the daemon would, without one; it is asked only\n"
		"                       for tracers that root declares there\n"
		"rule explain NAME|FILE what a rule looks for and does\n"
		"rule get NAME          all of one rule\n",
	.opts = opts,
	.min_words = 1, .max_words = 100000,
	.words = { WORD_CHOICE, WORD_RULE },
	.choices = "create|ls|rm|check|explain|get",
	.run = run_rule,
};
