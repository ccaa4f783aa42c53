/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/fit.h"

#include <stdbool.h>
#include <string.h>

#include "common/auto.h"

/* Words that name one kind of program; a kind fits a type when both are in one line. */
static const char *const families[] = {
	" tc tcx netkit sched_cls sched_act classifier action ",
	" tracepoint tp ",
	" raw_tracepoint raw_tp raw_tracepoint_writable raw_tracepoint.w raw_tp.w ",
	" tp_btf ",
	" kprobe kretprobe kprobe.multi ksyscall kretsyscall ",
	" uprobe uretprobe uprobe.multi usdt kprobe ",
	" socket_filter socket ",
	" cgroup_skb cgroup ",
};

static bool
has_word(const char *line, const char *word)
{
	const char *at = line;
	size_t len = strlen(word);

	while (len && (at = strstr(at, word))) {
		if (at > line && at[-1] == ' ' && at[len] == ' ')
			return true;
		at += len;
	}
	return false;
}

static bool
same_family(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (has_word(families[i], a) && has_word(families[i], b))
			return true;
	return false;
}

/* The word before the first '/' of a section. */
static bool
section_is_of(const Bpfd__V1__Program *p, const char *kind)
{
	size_t len = strcspn(p->section, "/");

	return len == strlen(kind) && strncmp(p->section, kind, len) == 0;
}

static bool
section_has_target(const Bpfd__V1__Program *p, const char *target)
{
	const char *slash = strchr(p->section, '/');

	return slash && *target && strcmp(slash + 1, target) == 0;
}

static bool
fits(const Bpfd__V1__Program *p, const char *kind)
{
	return same_family(p->type, kind) || section_is_of(p, kind);
}

/* Those that fit kind, or all when it is NULL. */
static void
list_programs(struct buf *why, Bpfd__V1__Program *const *programs, size_t n, const char *kind)
{
	const char *comma = "";

	for (size_t i = 0; i < n; i++) {
		if (kind && !fits(programs[i], kind))
			continue;
		buf_printf(why, "%s %s (%s)", comma, programs[i]->name, programs[i]->type);
		comma = ",";
	}
}

static const Bpfd__V1__Program *
by_name(const char *name, Bpfd__V1__Program *const *programs, size_t n, struct buf *why)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(programs[i]->name, name) == 0)
			return programs[i];
	buf_printf(why, "no program called \"%s\" was loaded; there are", name);
	list_programs(why, programs, n, NULL);
	return NULL;
}

const Bpfd__V1__Program *
fit_program(const struct spec_attach *spec, Bpfd__V1__Program *const *programs, size_t n,
	struct buf *why)
{
	const Bpfd__V1__Program *fit = NULL, *aimed = NULL;
	const char *kind = spec->req.kind;
	size_t n_fit = 0, n_aimed = 0;

	if (spec->program)
		return by_name(spec->program, programs, n, why);
	if (n == 1)
		return programs[0];
	for (size_t i = 0; i < n; i++) {
		if (!fits(programs[i], kind))
			continue;
		fit = programs[i];
		n_fit++;
		if (section_has_target(programs[i], spec->req.target)) {
			aimed = programs[i];
			n_aimed++;
		}
	}
	if (n_fit == 1 || n_aimed == 1)
		return n_aimed == 1 ? aimed : fit;
	buf_printf(why, "%s program fits %s; say which by program=NAME:",
		n_fit ? "more than one" : "no", kind);
	list_programs(why, programs, n, n_fit ? kind : NULL);
	return NULL;
}
