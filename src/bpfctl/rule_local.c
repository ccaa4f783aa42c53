/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/rule_local.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/declared.h"
#include "bpfctl/safe.h"
#include "common/io.h"
#include "events/render.h"
#include "rules/parse.h"
#include "rules/rule.h"

_Static_assert(RULE_LOCAL_MAX == RULE_TEXT_MAX, "as the daemon takes it");

int
rule_local_text(const char *file, size_t max, char **text, size_t *len)
{
	bool is_stdin = strcmp(file, "-") == 0;
	AUTO(fd) int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) :
		open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	AUTO(mem) char *p = malloc(max + 2);
	struct stat st;
	size_t have;
	int err;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!p)
		return -ENOMEM;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	err = io_read(fd, p, max + 1, &have);
	if (err)
		return err;
	if (have > max)
		return -EFBIG;
	p[have] = '\0';
	*text = TAKE_PTR(p);
	*len = have;
	return 0;
}

static int
take_problems(const char *file, const struct rules_parsed *p, struct local_rule *out)
{
	out->problems = calloc(p->n_problems + RULE_ACTIONS_MAX, sizeof(*out->problems));
	if (!out->problems)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_problems; i++) {
		struct local_problem *q = &out->problems[i];

		*q = (struct local_problem){ .file = file, .line = p->problems[i].line,
			.column = p->problems[i].column, .warning = p->problems[i].warning,
			.code = strdup(p->problems[i].code), .text = strdup(p->problems[i].text) };
		out->n_problems++;
		if (!q->code || !q->text)
			return -ENOMEM;
	}
	return 0;
}

void
rule_local_line(struct buf *b, const struct local_problem *p)
{
	safe_plain(b, p->file, strlen(p->file), false);
	if (p->line)
		buf_printf(b, ":%u:%u", p->line, p->column);
	buf_printf(b, ": %s: ", p->warning ? "warning" : "error");
	safe_plain(b, p->text, strlen(p->text), false);
	if (p->code[0])
		buf_printf(b, " [%s]", p->code);
	buf_char(b, '\n');
}

/* ---- lists and macros ---- */

static int
is_toml(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".toml") == 0;
}

static int
read_lists(struct rule_lists *lists, const char *file, struct buf *lines)
{
	AUTO(mem) char *text = NULL;
	struct rules_parsed parsed = { 0 };
	size_t len;
	int err = rule_local_text(file, RULE_LISTS_TEXT_MAX, &text, &len);

	if (err) {
		buf_printf(lines, "%s: %s\n", file, strerrordesc_np(-err));
		return rule_lists_refused(lists, file, strerrordesc_np(-err));
	}
	err = rule_lists_read(lists, file, text, len, &parsed);
	for (size_t i = 0; i < parsed.n_problems && !err; i++)
		rule_local_line(lines, &(struct local_problem){ .file = file, .line = parsed.problems[i].line,
			.column = parsed.problems[i].column, .code = "", .text = parsed.problems[i].text });
	rules_parsed_free(&parsed);
	return err;
}

int
rule_local_lists(const char *folder, struct rule_lists **out, struct buf *lines)
{
	struct rule_lists *lists = rule_lists_new(RULE_LIST_DEFAULT);
	struct dirent **names = NULL;
	int n = lists ? scandir(folder, &names, is_toml, alphasort) : 0;
	int err = lists ? n < 0 ? -errno : 0 : -ENOMEM;

	for (int i = 0; i < n; i++) {
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (!err)
			err = read_lists(lists, path, lines);
		free(names[i]);
	}
	free(names);
	if (err)
		rule_lists_free(lists);
	else
		*out = lists;
	return err;
}

void
rule_local_lists_free(struct rule_lists *lists)
{
	rule_lists_free(lists);
}

/* ---- actions ---- */

/* An action that no file there has.  Where the folder itself is not, who knows what the daemon's host has. */
static int
take_action(const char *file, const char *name, const char *folder, struct local_rule *out)
{
	struct local_problem *q = &out->problems[out->n_problems];
	const char *why = rule_action_missing(name);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s.toml", folder, name);
	if (!why || access(path, F_OK) == 0)
		return 0;
	*q = (struct local_problem){ .file = file, .warning = access(folder, F_OK) < 0, .code = strdup("action") };
	if (!q->code || asprintf(&q->text, "%s; there is no %s", why, q->warning ? folder : path) < 0)
		return -ENOMEM;
	out->n_problems++;
	out->ok = out->ok && q->warning;
	return 0;
}

int
rule_local_read(const char *file, const struct rule_lists *lists, const char *actions, struct local_rule *out)
{
	AUTO(mem) char *text = NULL;
	struct rules_parsed parsed = { 0 };
	char stem[RULE_NAME_MAX];
	size_t len;
	int err = rule_local_text(file, RULE_LOCAL_MAX, &text, &len);

	*out = (struct local_rule){ 0 };
	if (err)
		return err;
	rule_stem(file, stem, sizeof(stem));
	err = rules_parse(stem, text, len, lists, &parsed);
	if (err)
		return err;
	err = take_problems(file, &parsed, out);
	snprintf(out->name, sizeof(out->name), "%s", parsed.rule ? parsed.rule->name : stem);
	out->ok = parsed.rule != NULL;
	for (uint32_t i = 0; !err && parsed.rule && i < parsed.rule->n_actions; i++)
		err = take_action(file, parsed.rule->actions[i].name, actions, out);
	if (!err && parsed.rule)
		out->explain = rule_explain(parsed.rule);
	rules_parsed_free(&parsed);
	return err;
}

static uint8_t
type_of(const char *type)
{
	static const struct { const char *name; uint8_t type; } types[] = {
		{ "u64", DECLARED_UNSIGNED }, { "i64", DECLARED_SIGNED }, { "bool", DECLARED_BOOL },
		{ "ip", DECLARED_IP }, { "mac", DECLARED_MAC },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i].name, type) == 0)
			return types[i].type;
	return DECLARED_STRING;
}

void
rule_local_declare(const char *name, const struct local_field *fields, size_t n)
{
	static struct declared_table t;
	struct declared *d = t.d;
	size_t n_common = 0;

	while (common_fields[n_common].name)
		n_common++;
	while (d < t.d + DECLARED_MAX && d->kind != DECLARED_NONE)
		d++;
	if (tracer_by_name(name) || d == t.d + DECLARED_MAX || n < n_common)
		return;
	d->kind = DECLARED_TRACEPOINT;
	snprintf(d->name, sizeof(d->name), "%s", name);
	for (size_t i = 0; i < n - n_common && i < DECLARED_FIELDS_MAX; i++) {
		snprintf(d->fields[i].name, sizeof(d->fields[i].name), "%s", fields[i].name);
		d->probe.fields[i].type = type_of(fields[i].type);
		d->probe.n_fields++;
	}
	schema_declare(&t);
}

void
rule_local_free(struct local_rule *r)
{
	for (size_t i = 0; i < r->n_problems; i++) {
		free((char *)(uintptr_t)r->problems[i].code);
		free(r->problems[i].text);
	}
	free(r->problems);
	free(r->explain);
	*r = (struct local_rule){ 0 };
}

void
trace_local_header(struct buf *b, const char *format)
{
	struct render r = { 0 };
	char line[512];
	size_t n = 0;

	for (unsigned int i = 0; i < N_RENDER_FORMATS; i++)
		if (strcmp(render_format_names[i], format) == 0) {
			r.format = (enum render_format)i;
			n = render_header(&r, line, sizeof(line));
		}
	buf_add(b, line, n);
	if (n)
		buf_char(b, '\n');
}

static const char *
field_name(size_t i)
{
	const struct field *f = common_fields;

	for (unsigned int t = 0; t < N_TRACERS; t++) {
		if (t)
			f = tracer_info(t) ? tracer_info(t)->fields : NULL;
		for (; f && f->name; f++)
			if (i-- == 0)
				return f->name;
	}
	return NULL;
}

const char *
local_name(enum local_names what, size_t i)
{
	switch (what) {
	case LOCAL_TRACERS:
		return i + 1 < N_BUILTIN_TRACERS ? tracer_info((unsigned int)i + 1)->name : NULL;
	case LOCAL_FIELDS:
		return field_name(i);
	}
	return NULL;
}
