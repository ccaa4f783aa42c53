/* SPDX-License-Identifier: Apache-2.0 */
#include "tracerrig_parts.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/syscalls.h"

#include "common/mountinfo.h"

static const struct { const char *name; uint32_t number; } tracers[] = {
	{ "core", TR_NONE },
#define TRACER(id, name, class, flags, help) { #name, TR_##id },
#include "bpf/tracers.def"
};

static uint32_t
number_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tracers); i++)
		if (!strcmp(tracers[i].name, name))
			return tracers[i].number;
	return TR_NONE;
}

static int
share_maps(struct tracerrig *r, struct bpf_object *object)
{
	struct bpf_map *map, *core;
	int err;

	bpf_object__for_each_map(map, object) {
		core = bpf_object__find_map_by_name(r->objects[0], bpf_map__name(map));
		if (!core || bpf_map__is_internal(map))
			continue;
		err = bpf_map__reuse_fd(map, bpf_map__fd(core));
		if (err)
			return err;
	}
	return 0;
}

static bool
is_sys_exit(const struct bpf_program *p)
{
	return !strcmp(bpf_program__section_name(p), "tp_btf/sys_exit");
}

static bool
is_tp_btf(const struct bpf_program *p)
{
	return !strncmp(bpf_program__section_name(p), "tp_btf/", 7);
}

static bool
is_fexit(const struct bpf_program *p)
{
	return !strncmp(bpf_program__section_name(p), "fexit/", 6);
}

static bool
is_lsm(const struct bpf_program *p)
{
	return !strncmp(bpf_program__section_name(p), "lsm/", 4);
}

/* "" when it cannot be read. */
static void
read_line(const char *path, char *line, int size)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(line, size, f))
		line[0] = '\0';
	if (f)
		fclose(f);
}

bool
tracerrig_has_functions(void)
{
	char lockdown[64];

	read_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	return !lockdown[0] || strstr(lockdown, "[none]");
}

bool
tracerrig_has_lsm(void)
{
	char lsms[256];

	read_line("/sys/kernel/security/lsm", lsms, sizeof(lsms));
	return strstr(lsms, "bpf") && tracerrig_has_functions();
}

/* Whether the kernel has the hook of such a program; of others nobody asks. */
static bool
has_hook(const struct bpf_program *p)
{
	const char *sec = bpf_program__section_name(p);

	if (is_lsm(p))
		return tracerrig_has_lsm();
	if (is_tp_btf(p))
		return libbpf_find_vmlinux_btf_id(sec + strlen("tp_btf/"), BPF_TRACE_RAW_TP) > 0;
	return libbpf_find_vmlinux_btf_id(sec + strlen("fexit/"), BPF_TRACE_FEXIT) > 0;
}

/* Of NAME__THIS and NAME__THAT the first one that the kernel has is taken. */
static bool
way_is_taken(const struct bpf_object *object, const struct bpf_program *p)
{
	const char *name = bpf_program__name(p), *end = strstr(name, "__");
	struct bpf_program *other;

	if (!end)
		return false;
	for (other = bpf_object__next_program(object, NULL); other != p; other = bpf_object__next_program(object, other))
		if (!strncmp(bpf_program__name(other), name, (size_t)(end - name) + 2) && bpf_program__autoload(other))
			return true;
	return false;
}

/* Of a tracer that sees system calls at their exit, or at functions. */
static bool
is_of_calls(const struct bpf_object *object, const struct bpf_program *p)
{
	const char *name = bpf_program__name(p), *end = strstr(name, "__");
	struct bpf_program *other;

	if (!end || (!is_fexit(p) && !is_sys_exit(p)))
		return false;
	bpf_object__for_each_program(other, object)
		if (is_sys_exit(other) && !strncmp(bpf_program__name(other), name, (size_t)(end - name) + 2))
			return true;
	return false;
}

/* A program whose hook this kernel lacks is left out; it must not take the others with it. */
static void
leave_out_missing(struct tracerrig *r, struct bpf_object *object)
{
	struct bpf_program *p;
	bool has, optional;

	bpf_object__for_each_program(p, object) {
		if (!is_lsm(p) && !is_tp_btf(p) && !is_fexit(p))
			continue;
		if (is_of_calls(object, p)) {
			bpf_program__set_autoload(p, is_fexit(p) == r->functions && has_hook(p));
			continue;
		}
		optional = is_lsm(p) || !bpf_program__autoload(p);
		has = has_hook(p);
		bpf_program__set_autoload(p, has && !way_is_taken(object, p));
		if (!has && !optional)
			snprintf(r->missing + strlen(r->missing), sizeof(r->missing) - strlen(r->missing), "%s ",
				bpf_program__section_name(p));
	}
}

static int
load(struct tracerrig *r, const char *name, void (*prepare)(struct bpf_object *object, size_t i))
{
	const char *build = getenv("BPFD_BUILD");
	struct bpf_object *object;
	char path[512];
	int err;

	snprintf(path, sizeof(path), "%s/bpf/%s.bpf.o", build ? build : ".", name);
	object = bpf_object__open_file(path, NULL);
	if (!object)
		return -errno;
	r->objects[r->n_objects++] = object;
	leave_out_missing(r, object);
	if (r->n_objects == 1) {
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "shared"), (uint32_t)r->n_cpus);
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "rings"),
			N_EV_CLASSES * (uint32_t)r->n_cpus);
	} else {
		err = share_maps(r, object);
		if (err)
			return err;
	}
	if (prepare && r->n_objects > 1)
		prepare(object, r->n_objects - 2);
	return bpf_object__load(object);
}

static int
make_rings(struct tracerrig *r, enum ev_class class, size_t size, int (*took)(void *, void *, size_t),
		struct ring_buffer **out)
{
	for (uint32_t cpu = 0; cpu < (uint32_t)r->n_cpus; cpu++) {
		int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, (uint32_t)size, NULL);
		uint32_t at = EV_RING_PLACE(cpu, class);

		if (fd < 0)
			return fd;
		r->inner[r->n_inner++] = fd;
		if (bpf_map_update_elem(tracerrig_map(r, "rings"), &at, &fd, BPF_ANY))
			return -errno;
		if (!*out)
			*out = ring_buffer__new(fd, took, r, NULL);
		else if (ring_buffer__add(*out, fd, took, r))
			return -errno;
		if (!*out)
			return -errno;
	}
	return 0;
}

static int
took(void *arg, void *data, size_t len)
{
	struct tracerrig *r = arg;
	struct ev_hdr *h = malloc(len);

	if (!h || r->n_events == EVENTS_MAX) {
		free(h);
		return 0;
	}
	memcpy(h, data, len);
	assert(h->len == len);
	r->events[r->n_events++] = h;
	return 0;
}

/* prog -1: calls of the tracer are known by their numbers in all tables, and seen elsewhere. */
static int
route_sys_exit(struct tracerrig *r, uint32_t number, int prog)
{
	struct ev_slot slot;

	if (prog >= 0 && bpf_map_update_elem(tracerrig_map(r, "sys_progs"), &number, &prog, BPF_ANY))
		return -errno;
	for (uint32_t nr = 0; nr < EV_SYSCALLS; nr++) {
		if (bpf_map_lookup_elem(tracerrig_map(r, "sys_slots"), &nr, &slot))
			return -errno;
		if (syscalls_slot(number, nr, prog >= 0, &slot) &&
		    bpf_map_update_elem(tracerrig_map(r, "sys_slots"), &nr, &slot, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int
cgroup_root(void)
{
	char path[256];

	return mountinfo_cgroup2(path, sizeof(path)) ? -1 : open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Some tracer sees calls at their exit; or none is there, and the dispatcher is all. */
static bool
needs_sys_exit(const struct tracerrig *r)
{
	struct bpf_program *p;

	for (size_t i = 1; i < r->n_objects; i++)
		bpf_object__for_each_program(p, r->objects[i])
			if (is_sys_exit(p) && bpf_program__autoload(p))
				return true;
	return !r->functions;
}

/* Those of tp_btf, fexit, lsm and cgroups attach by themselves; an iterator, a probe or XDP is the test's business. */
static int
attach(struct tracerrig *r, struct bpf_object *object, uint32_t number)
{
	AUTO(fd) int root = cgroup_root();
	struct bpf_program *p;
	struct bpf_link *link;
	int err = r->functions ? route_sys_exit(r, number, -1) : 0;

	if (err)
		return err;
	bpf_object__for_each_program(p, object) {
		bool cgroup = !strncmp(bpf_program__section_name(p), "cgroup", 6);

		if ((!cgroup && !is_lsm(p) && !is_tp_btf(p) && !is_fexit(p)) || !bpf_program__autoload(p))
			continue;
		if (!number && is_sys_exit(p) && !needs_sys_exit(r))
			continue;
		if (number && is_sys_exit(p)) {
			err = route_sys_exit(r, number, bpf_program__fd(p));
			if (err)
				return err;
			continue;
		}
		link = cgroup ? bpf_program__attach_cgroup(p, root) : bpf_program__attach(p);
		if (!link)
			return -errno;
		r->links[r->n_links++] = link;
	}
	return 0;
}

static void
write_settings(struct tracerrig *r)
{
	uint32_t zero = 0;

	bpf_map_update_elem(tracerrig_map(r, "settings"), &zero, &r->settings, BPF_ANY);
}

static int
start(struct tracerrig *r, const char *const *names, const struct tracerrig_options *opts)
{
	int err;

	r->functions = opts->functions;
	r->events = calloc(EVENTS_MAX, sizeof(r->events[0]));
	r->n_cpus = libbpf_num_possible_cpus();
	if (!r->events || r->n_cpus < 1 || r->n_cpus > 1024)
		return -ENOMEM;
	err = load(r, "core", NULL);
	if (!err)
		err = make_rings(r, EV_CONTROL, opts->control_bytes ? opts->control_bytes : 1 << 20, took,
				&r->control);
	if (!err)
		err = make_rings(r, EV_BULK, opts->bulk_bytes ? opts->bulk_bytes : 1 << 20, took, &r->bulk);
	if (!err)
		err = make_rings(r, EV_PRIORITY, opts->bulk_bytes ? opts->bulk_bytes : 1 << 18, took, &r->bulk);
	for (size_t i = 0; !err && names[i]; i++)
		err = load(r, names[i], opts->prepare);
	if (err)
		return err;

	r->settings.generation = 1;
	r->settings.share_ns = opts->share_ns;
	r->settings.share_burst_ns = opts->share_burst_ns;
	for (size_t i = 0; names[i] && !opts->off; i++)
		r->settings.on |= 1ULL << number_of(names[i]);
	write_settings(r);
	err = attach(r, r->objects[0], TR_NONE);
	for (size_t i = 0; !err && names[i]; i++)
		err = attach(r, r->objects[i + 1], number_of(names[i]));
	return err;
}

int
tracerrig_open(const char *const *names, const struct tracerrig_options *opts, struct tracerrig **out)
{
	static const struct tracerrig_options usual;
	AUTO(tracerrig) struct tracerrig *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	err = start(r, names, opts ? opts : &usual);
	if (err)
		return err;
	*out = TAKE_PTR(r);
	return 0;
}

void
tracerrig_forget(struct tracerrig *r)
{
	for (size_t i = 0; i < r->n_events; i++)
		free(r->events[i]);
	r->n_events = 0;
}

void
tracerrig_close(struct tracerrig *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_links; i++)
		bpf_link__destroy(r->links[i]);
	ring_buffer__free(r->control);
	ring_buffer__free(r->bulk);
	for (size_t i = r->n_objects; i > 0; i--)
		bpf_object__close(r->objects[i - 1]);
	for (size_t i = 0; i < r->n_inner; i++)
		close(r->inner[i]);
	if (r->events)
		tracerrig_forget(r);
	free(r->events);
	free(r);
}

const char *
tracerrig_missing(const struct tracerrig *r)
{
	return r->missing;
}

struct bpf_object *
tracerrig_object(const struct tracerrig *r, size_t i)
{
	return r->objects[i];
}

void
tracerrig_on(struct tracerrig *r, uint64_t on)
{
	r->settings.on = on;
	write_settings(r);
}

void
tracerrig_generation(struct tracerrig *r)
{
	r->settings.generation++;
	write_settings(r);
}

struct ev_count
tracerrig_count(const struct tracerrig *r, unsigned int tracer)
{
	struct ev_count sum = { 0 };
	struct ev_cpu cpu;

	for (uint32_t i = 0; i < (uint32_t)r->n_cpus; i++) {
		if (bpf_map_lookup_elem(tracerrig_map(r, "shared"), &i, &cpu))
			continue;
		sum.produced += cpu.count[tracer].produced;
		sum.lost += cpu.count[tracer].lost;
		sum.throttled += cpu.count[tracer].throttled;
		sum.filtered += cpu.count[tracer].filtered;
		sum.cut += cpu.count[tracer].cut;
	}
	return sum;
}

void
tracerrig_sleeping(struct tracerrig *r, bool sleeping)
{
	struct ev_cpu cpu;

	for (uint32_t i = 0; i < (uint32_t)r->n_cpus; i++) {
		if (bpf_map_lookup_elem(tracerrig_map(r, "shared"), &i, &cpu))
			continue;
		cpu.sleeping = sleeping;
		bpf_map_update_elem(tracerrig_map(r, "shared"), &i, &cpu, BPF_ANY);
	}
}

unsigned int
tracerrig_awake(const struct tracerrig *r)
{
	struct ev_cpu cpu;
	unsigned int n = 0;

	for (uint32_t i = 0; i < (uint32_t)r->n_cpus; i++)
		n += !bpf_map_lookup_elem(tracerrig_map(r, "shared"), &i, &cpu) && !cpu.sleeping;
	return n;
}

static int
by_time(const void *a, const void *b)
{
	const struct ev_hdr *l = *(struct ev_hdr *const *)a, *r = *(struct ev_hdr *const *)b;

	return l->ts < r->ts ? -1 : l->ts > r->ts;
}

size_t
tracerrig_drain(struct tracerrig *r, int ms)
{
	size_t before = r->n_events;

	/* Nobody wakes an epoll of ours unless sleeping is set: look each millisecond. */
	for (; ms >= 0; ms--) {
		ring_buffer__consume(r->bulk);
		ring_buffer__consume(r->control);
		if (r->n_events > before || !ms)
			break;
		usleep(1000);
	}
	qsort(r->events + before, r->n_events - before, sizeof(r->events[0]), by_time);
	return r->n_events - before;
}

size_t
tracerrig_n(const struct tracerrig *r)
{
	return r->n_events;
}

const struct ev_hdr *
tracerrig_event(const struct tracerrig *r, size_t i)
{
	return r->events[i];
}

const void *
tracerrig_next(const struct tracerrig *r, size_t *at, unsigned int tracer, unsigned int event, uint32_t tgid)
{
	while (*at < r->n_events) {
		const struct ev_hdr *h = r->events[(*at)++];

		if (h->tracer == tracer && h->event == event && (!tgid || h->tgid == tgid))
			return h;
	}
	return NULL;
}

const void *
tracerrig_wait(struct tracerrig *r, unsigned int tracer, unsigned int event, uint32_t tgid)
{
	const void *found = NULL;

	for (int i = 0; i < 3000 && !found; i++) {
		tracerrig_drain(r, i > 0);
		found = tracerrig_find(r, tracer, event, tgid);
	}
	return found;
}

const char *
tracerrig_str(const void *record, struct ev_str s)
{
	static char text[8][2 * EV_PATH_MAX];
	static unsigned int turn;
	char *out = text[turn++ % 8];

	memcpy(out, (const char *)record + s.off, s.len);
	out[s.len] = '\0';
	return out;
}
