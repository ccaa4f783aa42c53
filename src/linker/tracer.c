/* SPDX-License-Identifier: Apache-2.0 */
/* What an object of bpf/ has that others have not: it is to be loaded as far as this kernel goes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/event.h"
#include "common/auto.h"
#include "common/log.h"
#include "linker/linker.h"
#include "linker/object.h"

/* Maps of bpf/core.bpf.c with an element for each possible CPU; the object cannot know how many. */
static const struct {
	const char *name;
	uint32_t times;
} per_cpu_maps[] = { { "shared", 1 }, { "rings", N_EV_CLASSES } };

static bool
kernel_has(const struct btf *kernel, const char *section)
{
	char name[HOOK_NAME_MAX];
	uint32_t kind;

	return !hook_type(section, name, sizeof(name), &kind) ||
		btf__find_by_name_kind(kernel, name, kind) > 0;
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
tracer_begin(struct tracer *t, const struct msg_load *req)
{
	memset(t, 0, sizeof(*t));
	t->req = req;
}

void
tracer_end(struct linker *ln)
{
	struct few few = ln->few;

	memset(&ln->few, 0, sizeof(ln->few));	/* libbpf's own btf__free() again */
	few_free(&few);
}

void
tracer_types(struct linker *ln, void *image, size_t size)
{
	int err = few_kernel_open(ln->btf_fd, &ln->kernel);

	if (!err)
		err = few_make(&ln->kernel, image, size, &ln->few);
	if (err)
		log_debug("linker.types", "err=%s libbpf gets all of the kernel's", strerrorname_np(-err));
}

static bool
is_refused(const struct tracer *t, const struct bpf_program *p)
{
	for (size_t i = 0; i < t->n_refused; i++)
		if (strcmp(t->refused[i].name, bpf_program__name(p)) == 0)
			return true;
	return false;
}

/* How much of NAME__WAY or NAME__WAY__PART names the way; 0: it is none. */
static size_t
way_len(const char *name)
{
	const char *way = strstr(name, "__"), *part = way ? strstr(way + 2, "__") : NULL;

	return !way ? 0 : part ? (size_t)(part - name) : strlen(name);
}

/* NAME__THIS and NAME__THAT are ways to the same. */
static bool
are_ways(const struct bpf_program *a, const struct bpf_program *b)
{
	const char *name = bpf_program__name(a), *other = bpf_program__name(b), *end = strstr(name, "__");
	size_t len = way_len(name);

	return end && strncmp(name, other, (size_t)(end - name) + 2) == 0 &&
		!(way_len(other) == len && strncmp(name, other, len) == 0);
}

/* NAME__WAY__THIS and NAME__WAY__THAT are of use together. */
static bool
are_parts(const struct bpf_program *a, const struct bpf_program *b)
{
	size_t len = way_len(bpf_program__name(a));

	return a == b || (len && len == way_len(bpf_program__name(b)) &&
		strncmp(bpf_program__name(a), bpf_program__name(b), len) == 0);
}

static bool
way_is_taken(const struct bpf_object *obj, const struct bpf_program *p)
{
	struct bpf_program *other = NULL;

	while ((other = bpf_object__next_program(obj, other)) != NULL)
		if (are_ways(p, other) && bpf_program__autoload(other))
			return true;
	return false;
}

static bool
has_call_way(const struct bpf_object *obj, const struct bpf_program *p)
{
	struct bpf_program *other = NULL;

	while ((other = bpf_object__next_program(obj, other)) != NULL)
		if (are_ways(p, other) && strstr(bpf_program__section_name(other), "tp_btf/sys_exit"))
			return true;
	return false;
}

static bool
is_there(const struct tracer *t, const struct bpf_object *obj, const struct bpf_program *p)
{
	const struct btf *kernel = btf__load_vmlinux_btf();
	const char *section = bpf_program__section_name(p);

	if ((t->req->flags & LOAD_NO_LSM) && strncmp(section, "lsm/", 4) == 0)
		return false;
	if ((t->req->flags & LOAD_NO_FUNCTIONS) && strstr(section, "fexit/") && has_call_way(obj, p))
		return false;
	return kernel && kernel_has(kernel, section);
}

/* NAME__WAY__if_any_PART: nothing is missed without it where the kernel has not what it is for. */
static bool
is_if_any(const struct bpf_program *p)
{
	return strstr(bpf_program__name(p), "__if_any_") != NULL;
}

/* With all its parts. */
static bool
way_is_there(const struct tracer *t, const struct bpf_object *obj, const struct bpf_program *p)
{
	struct bpf_program *part = NULL;

	while ((part = bpf_object__next_program(obj, part)) != NULL)
		if (are_parts(p, part) && ((!is_there(t, obj, part) && !is_if_any(part)) || is_refused(t, part)))
			return false;
	return true;
}

static bool
way_is_left(const struct tracer *t, const struct bpf_object *obj, const struct bpf_program *p)
{
	struct bpf_program *other = NULL;

	while ((other = bpf_object__next_program(obj, other)) != NULL)
		if (are_ways(p, other) && way_is_there(t, obj, other))
			return true;
	return false;
}

static bool
is_of_other_part(const struct msg_load *req, const char *section)
{
	return req->flags & (strstr(section, "/io_uring_") ? LOAD_FIRST : LOAD_REST);
}

/*
 * A "?" before the section: what may be missing without loss; of those that are ways to the same
 * (are_ways()) the first one that this kernel has and does not refuse is taken, and one must be.
 */
int
tracer_programs(struct linker *ln, struct tracer *t, struct bpf_object *obj)
{
	struct bpf_program *p;
	int err = 0;

	bpf_object__for_each_program(p, obj) {
		bool optional = !bpf_program__autoload(p), has = is_there(t, obj, p);

		if (t->req->n_progs && !link_wanted(t->req, bpf_program__name(p)))
			continue;	/* link_image() leaves it out */
		if (is_of_other_part(t->req, bpf_program__section_name(p))) {
			bpf_program__set_autoload(p, false);
			continue;
		}
		bpf_program__set_autoload(p, has && way_is_there(t, obj, p) && !way_is_taken(obj, p));
		if (!has && t->tries == 0 && !err &&
		    (!optional || (strstr(bpf_program__name(p), "__") && !way_is_taken(obj, p) &&
				   !way_is_left(t, obj, p))))
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
		struct bpf_map *map = bpf_object__find_map_by_name(obj, per_cpu_maps[i].name);

		if (map)
			err = bpf_map__set_max_entries(map, (uint32_t)ln->n_cpus * per_cpu_maps[i].times);
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
	if (way_is_left(t, obj, p))
		return 0;
	return tell(ln, p, WITHOUT_REFUSED, err, verdict);
}
