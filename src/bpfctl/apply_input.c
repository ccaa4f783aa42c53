/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/apply_input.h"

#include <dirent.h>
#include <errno.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bpfctl/object.h"
#include "bpfctl/rule_local.h"

void
apply_digest(const uint8_t *data, size_t len, char out[APPLY_DIGEST_MAX])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	SHA256_CTX sha;
	size_t at = (size_t)sprintf(out, "sha256:");

	SHA256Init(&sha);
	SHA256Update(&sha, data, len);
	SHA256Final(digest, &sha);
	for (size_t i = 0; i < sizeof(digest); i++)
		at += (size_t)sprintf(out + at, "%02x", digest[i]);
}

int
apply_input_problems(const struct apply_want *w)
{
	fputs(buf_text(&w->problems), stderr);
	return w->n_problems ? CTL_FAILED : CTL_DONE;
}

static int
no_memory(struct ctl *ctl)
{
	return ctl_fail(ctl, CTL_FAILED, NULL, "apply", "no memory");
}

/* ---- folders ---- */

static int
is_toml(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".toml") == 0;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Calls fn with each *.toml of a folder in the order of their names, or with the file that path is. */
static int
each_file(struct ctl *ctl, const char *path, int (*fn)(struct ctl *ctl, const char *path, void *arg), void *arg)
{
	struct dirent **all = NULL;
	int status = CTL_DONE, n;

	if (!is_folder(path))
		return fn(ctl, path, arg);
	n = scandir(path, &all, is_toml, alphasort);
	if (n < 0)
		return ctl_fail_file(ctl, "apply", path, -errno);
	for (int i = 0; i < n; i++) {
		AUTO(buf) struct buf file = { 0 };

		buf_printf(&file, "%s/%s", path, all[i]->d_name);
		if (!status)
			status = file.failed ? no_memory(ctl) : fn(ctl, buf_text(&file), arg);
		free(all[i]);
	}
	free(all);
	return status;
}

/* ---- files ---- */

struct reading {
	struct apply_want *w;
	const char *set;
};

static int
read_file(struct ctl *ctl, const char *path, void *arg)
{
	const struct reading *r = arg;
	bool is_stdin = strcmp(path, "-") == 0;
	AUTO(mem) char *text = NULL;
	size_t len;
	int err = rule_local_text(path, APPLY_FILE_MAX, &text, &len);

	if (err)
		return ctl_fail_file(ctl, "apply", path, err);
	if (apply_read(r->w, is_stdin ? "standard input" : path, is_stdin, r->set, text, len))
		return no_memory(ctl);
	return CTL_DONE;
}

static int
read_object(struct ctl *ctl, struct apply_load *load)
{
	struct load *l = &load->l;
	AUTO(buf) struct buf what = { 0 };
	int status;

	buf_printf(&what, "%s:%u: load %s", load->at.file, load->at.line, load->name);
	status = object_read(ctl, buf_text(&what), load->object, &l->object, &l->req.content.len, &l->path);
	if (status)
		return status;
	l->req.object_case = BPFD__V1__LOAD_REQUEST__OBJECT_CONTENT;
	l->req.content.data = l->object;
	l->req.source = l->path;
	apply_digest(l->object, l->req.content.len, load->digest);
	return CTL_DONE;
}

/* ---- rules ---- */

struct reading_rule {
	struct apply_want *w;
	struct apply_rule *rule;		/* whose path it is */
	bool first;
};

static int
read_rule(struct ctl *ctl, const char *path, void *arg)
{
	struct reading_rule *r = arg;
	struct apply_rule *rule = r->rule;
	AUTO(mem) struct apply_rule *more = NULL;
	AUTO(mem) char *text = NULL;
	size_t len;
	int err = rule_local_text(path, RULE_LOCAL_MAX, &text, &len);

	if (err) {
		AUTO(buf) struct buf what = { 0 };

		buf_printf(&what, "%s:%u: rules", rule->at.file, rule->at.line);
		return ctl_fail_file(ctl, buf_text(&what), path, err);
	}
	if (!r->first) {
		more = calloc(1, sizeof(*more));
		if (!more || !(more->set = strdup(rule->set)) || spec_append(&r->w->rules, &r->w->n_rules, more))
			return no_memory(ctl);
		more->at = rule->at;
		rule = TAKE_PTR(more);
	}
	r->first = false;
	rule->file = strdup(path);
	if (memchr(text, '\0', len))
		apply_problem(r->w, &(struct apply_place){ path, 0, 0 }, "is no text");
	if (!rule->file || apply_rule_text(rule, text, len))
		return no_memory(ctl);
	return CTL_DONE;
}

/* An empty folder leaves a rule without text: taken out. */
static void
drop_empty(struct apply_want *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_rules; i++)
		if (w->rules[i]->text)
			w->rules[n++] = w->rules[i];
		else
			apply_rule_free(w->rules[i]);
	w->n_rules = n;
}

static int
read_named(struct ctl *ctl, struct apply_want *w)
{
	size_t n = w->n_rules;			/* folders add more */
	int status = CTL_DONE;

	for (size_t i = 0; i < w->n_loads && !status; i++)
		status = read_object(ctl, w->loads[i]);
	for (size_t i = 0; i < n && !status; i++) {
		struct reading_rule r = { w, w->rules[i], true };

		if (r.rule->path)
			status = each_file(ctl, r.rule->path, read_rule, &r);
	}
	drop_empty(w);
	return status;
}

int
apply_input_files(struct ctl *ctl, const struct args *args, struct apply_want *w)
{
	struct reading r = { w, args_get(args, "set") };
	const char *file;
	int status = CTL_DONE;
	size_t at = 0;

	while (!status && (file = args_each(args, "file", &at)))
		status = each_file(ctl, file, read_file, &r);
	if (!status && apply_check(w))
		status = no_memory(ctl);
	if (!status)
		status = apply_input_problems(w);
	return status ? status : read_named(ctl, w);
}

/* The daemon's place in a rule, in the file that the rule is in. */
static struct apply_place
place_of(const struct apply_rule *rule, const Bpfd__V1__Problem *p)
{
	if (rule->path)
		return (struct apply_place){ rule->file, p->line, p->column };
	if (rule->line && p->line)
		return (struct apply_place){ rule->at.file, rule->line + p->line - 1, p->column };
	return rule->at;
}

static int
check_rule(struct ctl *ctl, struct apply_want *w, struct apply_rule *rule)
{
	Bpfd__V1__CheckRuleRequest req = BPFD__V1__CHECK_RULE_REQUEST__INIT;
	AUTO(reply) Bpfd__V1__CheckRuleResponse *reply = NULL;
	AUTO(client_error) struct client_error e = { 0 };
	AUTO(buf) struct buf what = { 0 };

	req.text = rule->text;
	req.file = rule->file;
	buf_printf(&what, "%s:%u: rule", rule->at.file, rule->at.line);
	if (rpc_rule_check(ctl->client, &req, &reply, &e))
		return ctl_fail_call(ctl, buf_text(&what), &e);
	if (!reply->rule)
		return ctl_fail(ctl, CTL_FAILED, NULL, buf_text(&what), "the daemon's answer has no rule");
	for (size_t i = 0; i < reply->rule->n_problems; i++) {
		const Bpfd__V1__Problem *p = reply->rule->problems[i];
		const struct apply_place at = place_of(rule, p);

		if (!p->warning)
			apply_problem(w, &at, "%s", p->text);
	}
	rule->name = strdup(reply->rule->name);
	return rule->name ? CTL_DONE : no_memory(ctl);
}

int
apply_input_rules(struct ctl *ctl, struct apply_want *w)
{
	int status = CTL_DONE;

	for (size_t i = 0; i < w->n_rules && !status; i++)
		status = check_rule(ctl, w, w->rules[i]);
	return status ? status : apply_input_problems(w);
}
