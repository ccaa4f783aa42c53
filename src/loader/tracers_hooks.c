/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "loader/attach_hook.h"
#include "loader/oneshot.h"
#include "loader/tracers_parts.h"

/* What a program's section makes of it. */
struct hook {
	char kind;			/* of its pin */
	bool attach;			/* when it is loaded, by name */
	bool cgroup;			/* to the root of the cgroups */
	const char *name;		/* NULL: it knows */
};

static bool
begins(const char *s, const char *with, const char **rest)
{
	size_t n = strlen(with);

	*rest = s + n;
	return strncmp(s, with, n) == 0;
}

/* The core's own are attached while a tracer is on; the kernel's filter of names has no '.', '/'. */
static struct hook
hook_of(const struct loader *ld, unsigned int n, const char *section)
{
	const struct declared *d = tracer_declared(ld, n);
	const char *name;

	if (d && d->kind == DECLARED_TRACEPOINT)
		return (struct hook){ .kind = 'p', .attach = true, .name = d->target };
	if (d)
		return (struct hook){ .kind = 'u' };

	if (n == TR_ENFORCE)
		return (struct hook){ .kind = 'e' };
	if (strcmp(section, "tp_btf/sys_exit") == 0)
		return (struct hook){ .kind = n == TRACER_CORE ? 'd' : 's' };
	if (begins(section, "tp_btf/", &name) || begins(section, "fexit/", &name))
		return (struct hook){ .kind = 'p', .attach = n != TRACER_CORE };
	if (n != TRACER_CORE && (begins(section, "raw_tp/", &name) || begins(section, "raw_tracepoint/", &name)))
		return (struct hook){ .kind = 'p', .attach = true, .name = name };
	if (n != TRACER_CORE && (begins(section, "cgroup/", &name) || begins(section, "cgroup_skb/", &name)))
		return (struct hook){ .kind = 'p', .attach = true, .cgroup = true, .name = name };
	if (begins(section, "iter/", &name))
		return (struct hook){ .kind = 'i' };
	if (strcmp(section, "uretprobe") == 0)
		return (struct hook){ .kind = 'u' };
	return (struct hook){ .kind = '\0' };
}

void
tracer_miss(struct tracer_facts *f, const char *fmt, ...)
{
	size_t len = strlen(f->reason);
	char text[sizeof(f->reason)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!strstr(f->reason, text))
		snprintf(f->reason + len, sizeof(f->reason) - len, "%s%s", len ? "; " : "", text);
}

/* "l-PROGRAM" beside "p-PROGRAM". */
static int
keep_link(struct loader *ld, unsigned int n, const char *program, int take_link)
{
	AUTO(fd) int link = take_link;
	char pin[IPC_NAME_MAX + 2];
	int err = link < 0 ? link : 0;

	snprintf(pin, sizeof(pin), "l-%s", program);
	if (!err)
		err = tracer_pin(ld, n, pin, link);
	ld->counts.attaches += !err;
	return err;
}

static int
attach(struct loader *ld, unsigned int n, const char *program, int prog, const char *name)
{
	return keep_link(ld, n, program, kernel_raw_tracepoint(&ld->kernel, prog, name));
}

/*
 * Beside whatever programs are there.  A oneshot opens the root, once for an object: a process that has
 * such a descriptor could make cgroups.
 */
static int
attach_root(struct loader *ld, unsigned int n, const char *program, int prog, const char *name, int *root)
{
	static const struct msg_cgroup whole;
	struct msg_one_fd facts;
	struct msg_result res = { 0 };
	int err = *root < 0 ? oneshot_fd(ld, IPC_ONE_CGROUP, &whole, NULL, &facts, root, &res) : 0;

	if (err)
		return log_err(err, "tracers.cgroup", "tracer=%s why=%s", tracer_name(n), LOG_QUOTE(res.text));
	return keep_link(ld, n, program, attach_cgroup_link(prog, *root, name));
}

static const char *
why_not(const struct hook *hook, int err)
{
	const char *why = hook->cgroup ? attach_no_cgroup2() : NULL;

	if (!why && hook->cgroup && err == -EPERM)
		why = "a program at the root of the cgroups admits no others beside it";
	return why ? why : "the kernel does not attach it";
}

void
tracer_note_id(struct loader *ld, unsigned int n, int prog)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	struct bpf_prog_info info;

	if (f->n_ids < ARRAY_SIZE(f->ids) && kernel_info(&ld->kernel, prog, &info, sizeof(info)) == 0)
		f->ids[f->n_ids++] = info.id;
}

const char *
tracers_of_program(const struct loader *ld, uint32_t id)
{
	for (unsigned int n = 0; n < N_TRACERS; n++)
		for (uint32_t i = 0; i < ld->tracers.t[n].n_ids; i++)
			if (ld->tracers.t[n].ids[i] == id)
				return tracer_name(n);
	return NULL;
}

/* root: of the cgroups, opened when it is needed. */
static int
keep_prog(struct loader *ld, unsigned int n, struct session *s, const struct msg_linked_prog *m, int *root)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	struct hook hook = hook_of(ld, n, m->section);
	int fd = broker_fd(&s->b, handles_get(&s->b.handles, m->handle, BPFCMD_PROG));
	char pin[IPC_NAME_MAX + 2] = { hook.kind, '-' };
	int err;

	if (fd < 0)
		return fd;
	if (!hook.kind || strlen(m->name) + 3 > IPC_NAME_MAX ||
	    (hook.kind == 's' && tracer_pin_of(f, 's', NULL))) {
		tracer_miss(f, "program %s (%s) has no place to be attached", m->name, m->section);
		return 0;
	}
	strcat(pin, m->name);
	err = tracer_pin(ld, n, pin, fd);
	tracer_note_id(ld, n, fd);
	if (!err && hook.kind == 's')
		err = tracers_slot(ld, n, fd);
	if (err || !hook.attach) {
		f->n_attached += !err && hook.kind == 's';
		return err;
	}
	err = hook.cgroup ? attach_root(ld, n, m->name, fd, hook.name, root) :
			    attach(ld, n, m->name, fd, hook.name);
	f->n_attached += !err;
	if (err) {	/* the others do what they can */
		tracer_miss(f, "%s: %s (%s)", m->section, why_not(&hook, err), strerrorname_np(-err));
		snprintf(pin, sizeof(pin), "r-%s", m->name);
		tracer_mark(ld, n, pin);
	}
	return 0;
}

/* bpf/rows.bpf.h: the kernel runs a map's timers only as long as a pin or a descriptor holds it. */
static bool
has_timer(const char *name)
{
	static const char suffix[] = "_ticks";
	size_t len = strlen(name);

	return len >= strlen(suffix) && !strcmp(name + len - strlen(suffix), suffix);
}

static int
keep_map(struct loader *ld, unsigned int n, struct session *s, const struct msg_linked_map *m)
{
	struct handle *h = handles_get(&s->b.handles, m->handle, BPFCMD_MAP);
	char pin[IPC_NAME_MAX + 2];
	int fd;

	/* A tracer's own lives by its programs, but for the one that the loader goes on writing to; names with a dot are the data of an object. */
	if (h->shared || (n != TRACER_CORE && !has_timer(m->name) && strcmp(m->name, ENFORCE_TABLES) != 0) || strchr(m->name, '.') || strlen(m->name) + 3 > IPC_NAME_MAX)
		return 0;
	fd = broker_fd(&s->b, h);
	snprintf(pin, sizeof(pin), "m-%s", m->name);
	return fd < 0 ? fd : tracer_pin(ld, n, pin, fd);
}

/* Of hooks of security modules: what they would decide is in no table then, and its rules say why. */
static bool
is_unsaid(const struct msg_linked_without *m)
{
	return strncmp(m->section, "lsm/", 4) == 0 && enforce_no_lsm();
}

void
tracer_without(struct tracer_facts *f, const struct msg_linked_without *m)
{
	if (is_unsaid(m))
		return;
	if (m->why == WITHOUT_HOOK)
		tracer_miss(f, "hook %s is not in this kernel", m->section);
	else
		tracer_miss(f, "the kernel refuses program %s (%s): %s", m->name, strerrorname_np(-m->err) ?: "?",
			m->text);
}

static int
keep_without(struct loader *ld, unsigned int n, const struct msg_linked_without *m)
{
	const char *slash = strchr(m->section, '/');
	char pin[IPC_NAME_MAX];

	if (is_unsaid(m))
		return 0;
	tracer_without(&ld->tracers.t[n], m);
	if (m->why == WITHOUT_HOOK)
		snprintf(pin, sizeof(pin), "x-%.120s", slash ? slash + 1 : m->section);
	else
		snprintf(pin, sizeof(pin), "r-%.120s", m->name);
	for (char *c = pin; *c; c++)
		if (*c == '.' || *c == '/')
			*c = '_';
	return tracer_mark(ld, n, pin);
}

int
tracer_keep(struct loader *ld, unsigned int n, struct session *s, struct msg_result *res)
{
	struct tracer_facts *f = &ld->tracers.t[n];
	AUTO(fd) int root = -1;
	int err = 0;

	if (!f->loaded) {	/* else it is a part that it lacked */
		f->n_programs = f->n_attached = 0;
		f->reason[0] = '\0';
	}
	f->n_programs += (uint32_t)(s->n_progs + s->n_without);
	for (size_t i = 0; i < s->n_maps && !err; i++)
		err = keep_map(ld, n, s, &s->maps[i]);
	for (size_t i = 0; i < s->n_without && !err; i++)
		err = keep_without(ld, n, &s->without[i]);
	for (size_t i = 0; i < s->n_progs && !err; i++)
		err = keep_prog(ld, n, s, &s->progs[i], &root);
	/* A call's number in the 64-bit table is looked up there, wherever it is seen. */
	if (!err && n != TRACER_CORE && !tracer_pin_of(f, 's', NULL))
		err = tracers_slot(ld, n, -1);
	/* The core is done when it has its rings. */
	if (!err && n != TRACER_CORE && !(s->req->flags & LOAD_FIRST))
		err = tracer_done(ld, n);
	f->loaded = f->loaded || !err;
	if (!err) {
		f->half = s->req->flags & LOAD_FIRST;
		f->tries = f->half ? 0 : f->tries;
		return 0;
	}
	if (s->b.refusal.code != IPC_OK) {
		*res = s->b.refusal;
		return res->err;
	}
	return result_set(res, IPC_INTERNAL, err, "it cannot be pinned or attached: %s", strerrordesc_np(-err));
}

void
tracer_remove(struct loader *ld, unsigned int n)
{
	struct tracer_facts *f = &ld->tracers.t[n];

	if (!tracer_name(n))
		return;
	if (tracer_pin_of(f, 's', NULL))
		tracers_slot(ld, n, -1);
	for (const char *pin = tracer_pin_of(f, 'l', NULL); pin; pin = tracer_pin_of(f, 'l', pin))
		ld->counts.detaches++;
	tracer_unpin_all(ld, n, true);
}

/* One program of the core: attached or not. */
static void
set_hook(struct loader *ld, const char *pin, bool on)
{
	const struct tracer_facts *core = &ld->tracers.t[TRACER_CORE];
	char link[IPC_NAME_MAX];
	int err = 0;

	snprintf(link, sizeof(link), "l-%.120s", pin + 2);
	if (on == tracer_has_pin(core, link))
		return;
	if (on) {
		AUTO(fd) int prog = tracer_get(ld, TRACER_CORE, pin);

		err = prog < 0 ? prog : attach(ld, TRACER_CORE, pin + 2, prog, NULL);
	} else {
		tracer_unpin(ld, TRACER_CORE, link);
		ld->counts.detaches++;
	}
	if (err)
		log_err(err, "tracers.core", "program=%s", pin + 2);
}

void
tracers_core_hooks(struct loader *ld)
{
	const struct tracer_facts *core = &ld->tracers.t[TRACER_CORE];
	bool any = false, slots = false;

	for (unsigned int n = 1; n < N_TRACERS; n++) {
		const struct tracer_facts *f = &ld->tracers.t[n];

		any = any || f->loaded;
		slots = slots || (f->loaded && tracer_pin_of(f, 's', NULL));
	}
	for (const char *pin = tracer_pin_of(core, 'p', NULL); pin; pin = tracer_pin_of(core, 'p', pin))
		set_hook(ld, pin, any);
	for (const char *pin = tracer_pin_of(core, 'd', NULL); pin; pin = tracer_pin_of(core, 'd', pin))
		set_hook(ld, pin, slots);
}
