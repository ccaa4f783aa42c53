/* SPDX-License-Identifier: Apache-2.0 */
/* What an object of bpf/ has that others have not: it is to be loaded as far as this kernel goes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/auto.h"
#include "linker/linker.h"
#include "linker/object.h"

/* Maps of bpf/core.bpf.c with an element for each possible CPU; the object cannot know how many. */
static const char *const per_cpu_maps[] = { "shared", "rings_control", "rings_bulk" };

/* Hooks whose presence the kernel's BTF tells, by the section's prefix. */
static const struct {
	const char *section, *type;
	uint32_t kind;
} hooks[] = {
	{ "tp_btf/", "btf_trace_%s", BTF_KIND_TYPEDEF },
	{ "raw_tp/", "btf_trace_%s", BTF_KIND_TYPEDEF },
	{ "raw_tracepoint/", "btf_trace_%s", BTF_KIND_TYPEDEF },
	{ "iter/", "bpf_iter_%s", BTF_KIND_FUNC },
	{ "fentry/", "%s", BTF_KIND_FUNC },
	{ "fexit/", "%s", BTF_KIND_FUNC },
	{ "lsm/", "bpf_lsm_%s", BTF_KIND_FUNC },
};

static bool
kernel_has(const struct btf *vmlinux, const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		size_t n = strlen(hooks[i].section);
		char name[IPC_NAME_MAX + 16];

		if (strncmp(section, hooks[i].section, n) != 0)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(name, sizeof(name), hooks[i].type, section + n);
#pragma GCC diagnostic pop
		return btf__find_by_name_kind(vmlinux, name, hooks[i].kind) > 0;
	}
	return true;
}

static int
tell(struct linker *ln, const struct bpf_program *p, uint32_t why, int err, const char *text)
{
	struct msg_linked_without m = { .why = why, .err = err };

	snprintf(m.name, sizeof(m.name), "%s", bpf_program__name(p));
	snprintf(m.section, sizeof(m.section), "%s", bpf_program__section_name(p));
	snprintf(m.text, sizeof(m.text), "%s", text);
	for (char *c = m.text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = ' ';
	return chan_send(ln->ch, IPC_LINKED_WITHOUT, 0, &m, NULL);
}

void
tracer_begin(struct tracer *t)
{
	memset(t, 0, sizeof(*t));
}

/* A "?" before the section: one of several ways to the same, whose absence is no loss. */
int
tracer_programs(struct linker *ln, struct tracer *t, struct bpf_object *obj)
{
	struct bpf_program *p;
	int err = 0;

	if (!ln->vmlinux)
		ln->vmlinux = shims_parse_vmlinux(ln->btf_fd);
	bpf_object__for_each_program(p, obj) {
		bool optional = !bpf_program__autoload(p), refused = false;
		bool has = ln->vmlinux && kernel_has(ln->vmlinux, bpf_program__section_name(p));

		for (size_t i = 0; i < t->n_refused; i++)
			refused = refused || strcmp(t->refused[i].name, bpf_program__name(p)) == 0;
		bpf_program__set_autoload(p, has && !refused);
		if (!has && !optional && t->tries == 0 && !err)
			err = tell(ln, p, WITHOUT_HOOK, -ENOENT, "");
	}
	t->tries++;
	return err;
}

int
tracer_maps(struct linker *ln, struct bpf_object *obj)
{
	int err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(per_cpu_maps) && !err; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(obj, per_cpu_maps[i]);

		if (map)
			err = bpf_map__set_max_entries(map, (uint32_t)ln->n_cpus);
	}
	return err;
}

int
tracer_refused(struct linker *ln, struct tracer *t, const struct bpf_object *obj, const char *name,
	int err, const char *verdict)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);

	if (!p || t->n_refused == ARRAY_SIZE(t->refused))
		return -ENOENT;
	for (size_t i = 0; i < t->n_refused; i++)
		if (strcmp(t->refused[i].name, name) == 0)
			return -ELOOP;
	snprintf(t->refused[t->n_refused++].name, IPC_NAME_MAX, "%s", name);
	return tell(ln, p, WITHOUT_REFUSED, err, verdict);
}
