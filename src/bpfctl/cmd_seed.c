/* SPDX-License-Identifier: Apache-2.0 */
/* What "bpfd create", "ls", "rm", "trace" and "version" become: output as of genuinetools/bpfd. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "bpfctl/ctl.h"
#include "bpfctl/rule_local.h"
#include "bpfctl/safe.h"
#include "bpfctl/trace.h"

#define NAME_WIDTH 20		/* of the column NAME at least; 3 blanks behind the longest */
#define NAME_GAP 3

static void
print_plain(const char *s)
{
	AUTO(buf) struct buf b = { 0 };

	safe_plain(&b, s, strlen(s), false);
	fputs(buf_text(&b), stdout);
}

static int
run_create(struct ctl *ctl, const struct args *args)
{
	for (size_t i = 0; i < args->n_words; i++) {
		Bpfd__V1__CreateRuleRequest req = BPFD__V1__CREATE_RULE_REQUEST__INIT;
		AUTO(reply) Bpfd__V1__CreateRuleResponse *made = NULL;
		AUTO(client_error) struct client_error e = { 0 };
		AUTO(mem) char *text = NULL;
		size_t len;
		int err = rule_local_text(args->words[i], RULE_LOCAL_MAX, &text, &len);

		if (err)
			return ctl_fail(ctl, CTL_FAILED, NULL, "create", "%s: %s", args->words[i],
				strerror(-err));
		req.text = text;
		req.file = (char *)(uintptr_t)args->words[i];
		if (rpc_rule_create(ctl->client, &req, &made, &e)) {
			ctl_fail_call(ctl, "create", &e);
			return CTL_FAILED;
		}
		print_plain(made->rule ? made->rule->name : "");
		putchar('\n');
	}
	return CTL_DONE;
}

static int
run_ls(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__ListRulesRequest req = BPFD__V1__LIST_RULES_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__ListRulesResponse *all = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	size_t width = NAME_WIDTH;

	if (rpc_rule_list(ctl->client, &req, &all, &e)) {
		ctl_fail_call(ctl, "ls", &e);
		return CTL_FAILED;
	}
	for (size_t i = 0; i < all->n_rules; i++)
		if (strlen(all->rules[i]->name) + NAME_GAP > width)
			width = strlen(all->rules[i]->name) + NAME_GAP;
	printf("%-*sTRACER\n", (int)width, "NAME");
	for (size_t i = 0; i < all->n_rules; i++)
		for (size_t t = 0; t < all->rules[i]->n_tracers; t++) {
			print_plain(all->rules[i]->name);
			printf("%*s%s\n", (int)(width - strlen(all->rules[i]->name)), "",
				all->rules[i]->tracers[t]);
		}
	return CTL_DONE;
}

static int
run_rm(struct ctl *ctl, const struct args *args)
{
	for (size_t i = 0; i < args->n_words; i++) {
		Bpfd__V1__RemoveRuleRequest req = BPFD__V1__REMOVE_RULE_REQUEST__INIT;
		AUTO(reply) Bpfd__V1__RemoveRuleResponse *done = NULL;
		AUTO(client_error) struct client_error e = { 0 };

		req.name = (char *)(uintptr_t)args->words[i];
		if (rpc_rule_remove(ctl->client, &req, &done, &e)) {
			ctl_fail_call(ctl, "rm", &e);
			return CTL_FAILED;
		}
		puts(args->words[i]);
	}
	return CTL_DONE;
}

static int
run_trace(struct ctl *ctl, const struct args *args)
{
	Bpfd__V1__EventsRequest req = BPFD__V1__EVENTS_REQUEST__INIT;

	req.rules_only = req.defaults = true;
	req.format = "logfmt";
	return trace_follow(ctl, &req, 0, 0);
}

static int
run_version(struct ctl *ctl, const struct args *args)
{
	struct utsname u = { 0 };

	uname(&u);
	printf("bpfd:\n version     : v%s\n git hash    : \n compiler    : %s\n"
	       " language    : C\n platform    : linux/%s\n", PACKAGE_VERSION, __VERSION__, u.machine);
	return CTL_DONE;
}

static const struct opt opts[] = { OPT_END };

#define SEED(verb, help_, min, max)                                                                \
	const struct command cmd_seed_##verb = { .name = "seed-" #verb, .synopsis = "", .help = help_, \
		.opts = opts, .min_words = min, .max_words = max, .words = { WORD_NONE },          \
		.hidden = true, .run = run_##verb }

SEED(create, "bpfd create", 1, 100000);
SEED(ls, "bpfd ls", 0, 0);
SEED(rm, "bpfd rm", 1, 100000);
SEED(trace, "bpfd trace", 0, 0);
SEED(version, "bpfd version", 0, 0);
