/* SPDX-License-Identifier: Apache-2.0 */
/* actions.d/NAME.toml: one named action in each file. */
#include "config/actions.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/auto.h"
#include "common/closest.h"
#include "config/actions_reader.h"
#include "ipc/bundle.h"
#include "rules/rule.h"

/* ---- the keys ---- */

/* Which types a key belongs to: bit per enum action_type. */
#define BIT(type)	(1u << ACTION_##type)
#define OUTPUTS		(BIT(STDOUT) | BIT(LOG) | BIT(SYSLOG) | BIT(JOURNALD) | BIT(EXEC))
#define NET		(BIT(WEBHOOK) | BIT(SLACK) | BIT(EMAIL))
#define SIGNALS		(BIT(SIGNAL) | BIT(KILL) | BIT(INTERRUPT))

static void
read_path(struct action_reader *r, const char *key, const struct toml_value *v)
{
	if (v->len >= sizeof(r->a->path) || !v->len || memchr(v->text, '\0', v->len))
		mistake(&r->mistakes, v->at, "path is 1 to %zu bytes", sizeof(r->a->path) - 1);
	else
		memcpy(r->a->path, v->text, v->len + 1);
}

static void
read_format(struct action_reader *r, const char *key, const struct toml_value *v)
{
	/* As enum render_format of src/events. */
	static const char *const words[ACTION_FORMATS] = { "json", "table", "seed", "logfmt", "execsnoop", "socketsnoop" };

	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], v->text) == 0) {
			r->a->format = i;
			return;
		}
	}
	mistake(&r->mistakes, v->at, "format is one of json, table, seed, logfmt, execsnoop, socketsnoop");
}

static void
read_signal(struct action_reader *r, const char *key, const struct toml_value *v)
{
	const char *name = v->kind == TOML_STRING ? v->text : "";

	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *abbrev = sigabbrev_np(i);

		if ((v->kind == TOML_INTEGER && v->number == i) || (*name && abbrev && strcmp(abbrev, name) == 0)) {
			r->a->signal = i;
			return;
		}
	}
	mistake(&r->mistakes, v->at, "signal is the name or number of one: \"TERM\", \"SIGSTOP\", 9");
}

static int
read_argument(void *arg, const struct toml_value *v)
{
	struct action_reader *r = arg;
	struct action_def *a = r->a;

	if (v->kind != TOML_STRING || memchr(v->text, '\0', v->len))
		mistake(&r->mistakes, v->at, "argv and options are arrays of strings");
	else if (a->args_len + v->len + 1 > sizeof(a->args))
		mistake(&r->mistakes, v->at, "argv or options are longer than %d bytes", ACTION_ARGS_MAX);
	else {
		memcpy(a->args + a->args_len, v->text, v->len + 1);
		a->args_len += (uint32_t)v->len + 1;
	}
	return 0;
}

static void
read_argv(struct action_reader *r, const char *key, const struct toml_value *v)
{
	r->has_args = true;
	r->a->args_len = 0;
	if (r->a->type == ACTION_CHECKPOINT)
		r->a->flags |= CHECKPOINT_COMMAND;
	toml_items(v->node, read_argument, r);
	if (!r->a->args_len)
		mistake(&r->mistakes, v->at, "argv has to hold the program at least");
}

static void
read_options(struct action_reader *r, const char *key, const struct toml_value *v)
{
	/* Keys come in the order of their names. */
	if (r->has_args)
		mistake(&r->mistakes, v->at, "options are criu's; those of a command of the runtime's are part of argv");
	r->a->args_len = 0;
	toml_items(v->node, read_argument, r);
}

static void
read_pause(struct action_reader *r, const char *key, const struct toml_value *v)
{
	r->has_pause = true;
	r->a->flags = (r->a->flags & ~(uint32_t)CHECKPOINT_FREEZE) | (v->number ? CHECKPOINT_FREEZE : 0);
}

static void
read_after(struct action_reader *r, const char *key, const struct toml_value *v)
{
	static const char *const words[N_CHECKPOINT_AFTER] = { "run", "pause", "kill" };

	for (uint32_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], v->text) == 0) {
			r->a->after = i;
			return;
		}
	}
	mistake(&r->mistakes, v->at, "after is one of run, pause, kill");
}

static void
read_user(struct action_reader *r, const char *key, const struct toml_value *v)
{
	char why[600];

	if (lists_user(r->names, v->text, &r->a->uid, &r->a->gid, why, sizeof(why)))
		mistake(&r->mistakes, v->at, "user: %s", why);
	else if (r->a->uid == 0)
		mistake(&r->mistakes, v->at, "user: a program is never run as root");
	r->has_user = true;
}

void
action_read_number(struct action_reader *r, const char *key, const struct toml_value *v, const struct action_number *all,
	size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].key, key) != 0)
			continue;
		if (v->number < 0 || (uint64_t)v->number < all[i].min || (uint64_t)v->number > all[i].max)
			mistake(&r->mistakes, v->at, "%s is from %llu to %llu", key, (unsigned long long)all[i].min,
				(unsigned long long)all[i].max);
		else
			*all[i].to = (uint64_t)v->number;
	}
}

static void
read_number(struct action_reader *r, const char *key, const struct toml_value *v)
{
	const struct action_number numbers[] = {
		{ "max_bytes", &r->a->max_bytes, 4096, 1ULL << 40 },
		{ "keep", &r->a->keep, 0, 1000 },
		{ "timeout_ms", &r->a->timeout_ms, 1, 3600000 },
		{ "parallel", &r->a->parallel, 1, 64 },
		{ "per_minute", &r->a->per_minute, 1, 100000 },
	};

	action_read_number(r, key, v, numbers, ARRAY_SIZE(numbers));
}

static const struct action_key {
	const char *name;
	uint32_t types;
	enum toml_kind kind;		/* TOML_OTHER: the key looks itself */
	action_read_fn *read;
} keys[] = {
	{ "path", BIT(LOG) | BIT(EXEC) | BIT(CHECKPOINT), TOML_STRING, read_path },
	{ "max_bytes", BIT(LOG) | BIT(CHECKPOINT), TOML_INTEGER, read_number },
	{ "keep", BIT(LOG), TOML_INTEGER, read_number },
	{ "format", OUTPUTS, TOML_STRING, read_format },
	{ "signal", BIT(SIGNAL), TOML_OTHER, read_signal },
	{ "argv", BIT(EXEC) | BIT(CHECKPOINT), TOML_ARRAY, read_argv },
	{ "user", BIT(EXEC), TOML_STRING, read_user },
	{ "timeout_ms", BIT(EXEC) | BIT(CHECKPOINT), TOML_INTEGER, read_number },
	{ "parallel", BIT(EXEC), TOML_INTEGER, read_number },
	{ "per_minute", BIT(EXEC), TOML_INTEGER, read_number },
	{ "url", BIT(WEBHOOK) | BIT(SLACK), TOML_STRING, net_read_url },
	{ "channel", BIT(SLACK), TOML_STRING, mail_read_text },
	{ "username", BIT(SLACK), TOML_STRING, mail_read_text },
	{ "icon_emoji", BIT(SLACK), TOML_STRING, mail_read_text },
	{ "server", BIT(EMAIL), TOML_STRING, mail_read_text },
	{ "port", BIT(EMAIL), TOML_INTEGER, mail_read_number },
	{ "protocol", BIT(EMAIL), TOML_STRING, mail_read_word },
	{ "tls", BIT(EMAIL), TOML_STRING, mail_read_word },
	{ "user", BIT(EMAIL), TOML_STRING, mail_read_text },
	{ "from", BIT(EMAIL), TOML_STRING, mail_read_from },
	{ "to", BIT(EMAIL), TOML_ARRAY, mail_read_to },
	{ "subject", BIT(EMAIL), TOML_STRING, mail_read_text },
	{ "rule_per_hour", BIT(EMAIL), TOML_INTEGER, mail_read_number },
	{ "digest_s", BIT(EMAIL), TOML_INTEGER, mail_read_number },
	{ "format", BIT(WEBHOOK), TOML_STRING, net_read_format },
	{ "template", BIT(WEBHOOK), TOML_STRING, net_read_text },
	{ "content_type", BIT(WEBHOOK), TOML_STRING, net_read_content_type },
	{ "headers", BIT(WEBHOOK), TOML_ARRAY, net_read_headers },
	{ "secret_file", NET, TOML_STRING, net_read_file },
	{ "token_file", BIT(WEBHOOK), TOML_STRING, net_read_file },
	{ "ca_file", NET, TOML_STRING, net_read_file },
	{ "timeout_ms", NET, TOML_INTEGER, net_read_number },
	{ "per_minute", NET, TOML_INTEGER, net_read_number },
	{ "batch", NET, TOML_INTEGER, net_read_number },
	{ "gather_ms", NET, TOML_INTEGER, net_read_number },
	{ "queue", NET, TOML_INTEGER, net_read_number },
	{ "spool_bytes", NET, TOML_INTEGER, net_read_number },
	{ "max_age_s", NET, TOML_INTEGER, net_read_number },
	{ "tries", NET, TOML_INTEGER, net_read_number },
	{ "retry_ms", NET, TOML_INTEGER, net_read_number },
	{ "retry_max_ms", NET, TOML_INTEGER, net_read_number },
	{ "breaker_after", NET, TOML_INTEGER, net_read_number },
	{ "breaker_s", NET, TOML_INTEGER, net_read_number },
	{ "options", BIT(CHECKPOINT), TOML_ARRAY, read_options },
	{ "pause", BIT(CHECKPOINT), TOML_BOOL, read_pause },
	{ "after", BIT(CHECKPOINT), TOML_STRING, read_after },
};

static int
read_type(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct action_reader *r = arg;
	struct closest near;

	if (strcmp(key, "type") != 0)
		return 0;
	r->has_type = true;
	closest_init(&near, v->kind == TOML_STRING ? v->text : "");
	for (uint32_t i = 0; i < N_ACTION_TYPES; i++) {
		if (v->kind == TOML_STRING && strcmp(action_types[i].name, v->text) == 0) {
			action_init(r->a, i);
			return 0;
		}
		closest_offer(&near, action_types[i].name);
	}
	mistake(&r->mistakes, v->at, "there is no action of this type%s", CLOSEST_TEXT(&near));
	return 0;
}

static int
read_key(void *arg, const char *key, struct toml_place at, const struct toml_value *v)
{
	struct action_reader *r = arg;
	struct closest near;

	if (strcmp(key, "type") == 0)
		return 0;
	closest_init(&near, key);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct action_key *k = &keys[i];

		if (!(k->types >> r->a->type & 1))
			continue;
		closest_offer(&near, k->name);
		if (strcmp(k->name, key) != 0)
			continue;
		if (k->kind != TOML_OTHER && v->kind != k->kind)
			mistake(&r->mistakes, v->at, "%s is %s, not %s", key, toml_kind_name(k->kind), toml_kind_name(v->kind));
		else
			k->read(r, key, v);
		return 0;
	}
	mistake(&r->mistakes, at, "an action of type %s has no key \"%.60s\"%s", action_types[r->a->type].name, key,
		CLOSEST_TEXT(&near));
	return 0;
}

/* ---- a file ---- */

static void
read_name(struct action_reader *r, const char *path)
{
	char stem[NAME_MAX + 1];

	rule_stem(path, stem, sizeof(stem));
	if (strlen(stem) >= sizeof(r->a->name))
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "the name is longer than %zu bytes", sizeof(r->a->name) - 1);
	else
		strcpy(r->a->name, stem);
}

/* A command of the runtime's has its own ways to stop the container and to let it go on. */
static void
complete_checkpoint(struct action_reader *r)
{
	const struct toml_place nowhere = { 0, 0 };
	struct action_def *a = r->a;

	if (!(a->flags & CHECKPOINT_COMMAND))
		return;
	snprintf(a->path, sizeof(a->path), "%.255s", a->args);
	if (a->path[0] != '/')
		mistake(&r->mistakes, nowhere, "argv begins with the absolute path of a program");
	if (a->after == CHECKPOINT_KILL)
		mistake(&r->mistakes, nowhere, "after = \"kill\" is criu's; the command of argv has to do it");
	if (!r->has_pause)
		a->flags &= ~(uint32_t)CHECKPOINT_FREEZE;
}

static void
complete(struct action_reader *r)
{
	const struct toml_place nowhere = { 0, 0 };
	struct action_def *a = r->a;
	char why[600];

	if (a->type == ACTION_EXEC) {
		if (!a->args_len && a->path[0]) {
			a->args_len = (uint32_t)strlen(a->path) + 1;
			memcpy(a->args, a->path, a->args_len);
		}
		if (!a->path[0])
			snprintf(a->path, sizeof(a->path), "%.255s", a->args);
		if (a->path[0] != '/')
			mistake(&r->mistakes, nowhere, "exec needs argv with the absolute path of a program");
		if (!r->has_user && lists_user(r->names, "nobody", &a->uid, &a->gid, why, sizeof(why)))
			mistake(&r->mistakes, nowhere, "user: %s", why);
	}
	if (action_is_net(a))
		net_complete(r);
	if (a->type == ACTION_CHECKPOINT)
		complete_checkpoint(r);
	action_defaults(a);
}

static void
read_doc(struct action_reader *r, const struct bundle_file *f)
{
	struct toml_doc *doc = mistakes_toml(&r->mistakes, f->text, f->text_len);

	if (!doc)
		return;
	toml_each(doc, NULL, read_type, r);
	read_name(r, f->path);
	if (!r->has_type)
		mistake(&r->mistakes, (struct toml_place){ 1, 1 }, "the action has no type");
	if (!r->mistakes.n)
		toml_each(doc, NULL, read_key, r);
	if (!r->mistakes.n)
		complete(r);
	toml_free(doc);
}

static int
take(void *arg, const struct bundle_file *f)
{
	struct action_reader *r = arg;
	struct action_table *t = r->table;
	char why[300];

	if (f->kind != BUNDLE_ACTION)
		return 0;
	r->mistakes.file = f->path;
	r->mistakes.n = 0;
	r->has_user = r->has_type = r->has_args = r->has_pause = r->has_subject = r->has_tls = r->has_digest = r->has_per_hour = false;
	if (f->refused) {
		fprintf(r->mistakes.to, "%s: %.*s\n", f->path, (int)f->text_len, f->text);
		return 0;
	}
	if (t->n == ACTIONS_MAX) {
		fprintf(r->mistakes.to, "%s: more than %d actions\n", f->path, ACTIONS_MAX);
		return 0;
	}
	r->a = &t->a[t->n];
	memset(r->a, 0, sizeof(*r->a));
	read_doc(r, f);
	t->n++;
	if (!r->mistakes.n && action_table_check(t, why, sizeof(why)))
		mistake(&r->mistakes, (struct toml_place){ 0, 0 }, "%s", why);
	if (r->mistakes.n) {
		memset(r->a, 0, sizeof(*r->a));
		t->n--;
	}
	return 0;
}

int
actions_read_bundle(struct names *names, const void *bytes, size_t len, FILE *errors,
	struct action_table *out)
{
	struct action_reader r = { .names = names, .mistakes.to = errors, .table = out };

	action_table_init(out);
	return bundle_each(bytes, len, take, &r);
}
