/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpfctl/apply_run.h"
#include "bpfctl/safe.h"

#define CLEAR_LINE "\r\033[K"

bool
apply_for_people(const struct ctl *ctl)
{
	return ctl->out->style.format <= OUT_WIDE;
}

static void
add_text(struct buf *b, const char *text)
{
	safe_plain(b, text, strlen(text), false);
}

void
apply_step_text(struct buf *b, const struct apply_step *s)
{
	add_text(b, s->set);
	buf_char(b, '/');
	add_text(b, s->name);
	buf_str(b, ": ");
	add_text(b, s->what);
}

static const char *
color_of(char sign)
{
	return sign == '+' ? "\033[32m" : sign == '-' ? "\033[31m" : sign == '~' ? "\033[33m" : "\033[2m";
}

void
apply_show_plan(const struct ctl *ctl, const struct apply_plan *p)
{
	for (size_t i = 0; i < p->n && !ctl->quiet; i++) {
		const struct apply_step *s = &p->steps[i];
		AUTO(buf) struct buf line = { 0 };

		if (ctl->out->style.color)
			buf_str(&line, color_of(s->sign));
		buf_printf(&line, "%c ", s->sign);
		apply_step_text(&line, s);
		if (*s->why) {
			buf_str(&line, " (");
			add_text(&line, s->why);
			buf_char(&line, ')');
		}
		if (ctl->out->style.color)
			buf_str(&line, "\033[0m");
		puts(buf_text(&line));
	}
	fflush(stdout);
}

void
apply_show_progress(const struct ctl *ctl, const struct apply_plan *p, const struct apply_step *s)
{
	AUTO(buf) struct buf line = { 0 };

	if (ctl->quiet || !apply_for_people(ctl) || !isatty(STDERR_FILENO))
		return;
	buf_str(&line, CLEAR_LINE);
	if (s) {
		buf_printf(&line, "[%zu/%zu] ", (size_t)(s - p->steps) + 1, p->n_changes);
		apply_step_text(&line, s);
	}
	fputs(buf_text(&line), stderr);
}

static void
show_with(const struct apply_plan *p, const char *result, const char *head)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct apply_step *s = &p->steps[i];
		AUTO(buf) struct buf line = { 0 };

		if (!s->result || strcmp(s->result, result) != 0)
			continue;
		buf_printf(&line, "        %s %c ", head, s->sign);
		apply_step_text(&line, s);
		buf_char(&line, '\n');
		fputs(buf_text(&line), stderr);
	}
}

void
apply_show_rest(const struct ctl *ctl, const struct apply_plan *p)
{
	if (ctl->quiet || !apply_for_people(ctl))
		return;
	show_with(p, "done", "done:    ");
	show_with(p, "failed", "failed:  ");
	show_with(p, "not done", "not done:");
	fputs("        bpfctl apply with the same files goes on from there\n", stderr);
}

/* ---- the document ---- */

struct row {
	const char *action, *change, *set, *name, *what, *why, *result, *error;
	uint64_t group, link;
};
#define ROW(key, head, type, member) { key, head, type, SHOW_TABLE, offsetof(struct row, member), 0 }
static const struct field row_fields[] = {
	ROW("action", "ACTION", FIELD_STR, action),
	ROW("change", "CHANGE", FIELD_STR, change),
	ROW("set", "SET", FIELD_STR, set),
	ROW("name", "NAME", FIELD_STR, name),
	ROW("what", "WHAT", FIELD_STR, what),
	ROW("why", "WHY", FIELD_STR, why),
	ROW("group", "GROUP", FIELD_ID64, group),
	ROW("link", "LINK", FIELD_ID64, link),
	ROW("result", "RESULT", FIELD_STR, result),
	ROW("error", "ERROR", FIELD_STR, error),
};
static const struct schema row_schema = { row_fields, ARRAY_SIZE(row_fields) };

struct head {
	protobuf_c_boolean dry_run;
	uint64_t changes;
};
static const struct field head_fields[] = {
	{ "dry_run", "DRY-RUN", FIELD_BOOL, SHOW_TABLE, offsetof(struct head, dry_run), 0 },
	{ "changes", "CHANGES", FIELD_U64, SHOW_TABLE, offsetof(struct head, changes), 0 },
};
static const struct schema head_schema = { head_fields, ARRAY_SIZE(head_fields) };

static struct row
row_of(const struct apply_step *s)
{
	static const char *const actions[] = {
		[APPLY_LOAD] = "load", [APPLY_UPDATE] = "update", [APPLY_REATTACH] = "reattach",
		[APPLY_ATTACH] = "attach", [APPLY_DETACH] = "detach", [APPLY_UNLOAD] = "unload",
		[APPLY_RULE] = "create-rule", [APPLY_UNRULE] = "remove-rule", [APPLY_KEEP] = "keep",
	};
	const char *change = s->sign == '+' ? "add" : s->sign == '~' ? "change" : s->sign == '-' ? "remove" : "none";

	return (struct row){ actions[s->act], change, s->set, s->name, s->what, s->why,
		s->result ? s->result : s->act == APPLY_KEEP ? "kept" : "planned", s->error,
		s->group, s->link ? s->link->id : 0 };
}

static void
last_line(const struct ctl *ctl, const struct apply_plan *p, bool dry_run)
{
	size_t n_added = 0, n_changed = 0, n_removed = 0;

	for (size_t i = 0; i < p->n; i++) {
		n_added += p->steps[i].sign == '+';
		n_changed += p->steps[i].sign == '~';
		/* What is replaced counts as changed, once. */
		n_removed += p->steps[i].sign == '-' && (p->steps[i].act != APPLY_UNLOAD || !p->steps[i].load);
	}
	if (ctl->quiet)
		return;
	if (p->n_changes)
		printf("%s%zu added, %zu changed, %zu removed\n", dry_run ? "would be: " : "", n_added, n_changed,
			n_removed);
	else
		puts("no changes");
	fflush(stdout);
}

int
apply_show_end(struct ctl *ctl, const struct apply_plan *p, bool dry_run)
{
	const struct head head = { dry_run, p->n_changes };
	AUTO(mem) struct row *rows = calloc(p->n + 1, sizeof(*rows));
	AUTO(mem) const void **all = calloc(p->n + 1, sizeof(*all));

	if (apply_for_people(ctl)) {
		last_line(ctl, p, dry_run);
		return CTL_DONE;
	}
	if (!rows || !all)
		return ctl_fail(ctl, CTL_FAILED, NULL, "apply", "no memory");
	for (size_t i = 0; i < p->n; i++) {
		rows[i] = row_of(&p->steps[i]);
		all[i] = &rows[i];
	}
	out_object(ctl->out, NULL, &head_schema, &head);
	out_list(ctl->out, "steps", &row_schema, all, p->n, SHOW_TABLE);
	return ctl_print(ctl);
}
