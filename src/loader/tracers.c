/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the API wants of tracers, step by step: the core, the filter, then every object that is
 * missing, and at the end what is not wanted any more goes.  ld->tracers.want is the newest wish;
 * who asked for an older one is told so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memfd.h"
#include "ipc/tracers.h"
#include "loader/handlers.h"
#include "loader/kfilter.h"
#include "loader/tracers_parts.h"

#define BIT(n) (1ULL << (n))

static uint64_t
loaded(const struct tracers *t)
{
	uint64_t mask = 0;

	for (unsigned int n = 1; n < N_TRACERS; n++)
		mask |= t->t[n].loaded ? BIT(n) : 0;
	return mask;
}

/* What its pins say of a tracer that is complete. */
static void
count_pins(struct loader *ld, unsigned int n)
{
	struct tracer_facts *f = &ld->tracers.t[n];

	f->n_programs = tracer_count_pins(f, "psduiexr");
	f->n_attached = tracer_count_pins(f, "ls");
	for (size_t i = 0; i < f->pins.n; i++) {
		const char *pin = f->pins.names[i];
		AUTO(fd) int prog = -1;

		if (pin[1] != '-')
			continue;
		if (pin[0] == 'x')
			snprintf(f->reason, sizeof(f->reason), "hook %s is not in this kernel", pin + 2);
		if (pin[0] == 'r')
			snprintf(f->reason, sizeof(f->reason), "the kernel refuses program %s", pin + 2);
		prog = strchr("psduie", pin[0]) ? tracer_get(ld, n, pin) : -1;
		if (prog >= 0)
			tracer_note_id(ld, n, prog);
	}
	if (n == TR_BASHREADLINE && f->n_attached > 1)
		f->n_attached = 1;	/* one program, many files */
}

/* A core without settings, or tracers without a core, are of no use. */
static int
take_over(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	AUTO(fd) int settings = t->t[TRACER_CORE].loaded ? tracers_map(ld, "settings") : -1;
	const uint32_t zero = 0;
	bool core = settings >= 0 && kernel_lookup(&ld->kernel, settings, &zero, &t->settings) == 0;

	for (unsigned int n = N_TRACERS; n-- > 0;) {
		struct tracer_facts *f = &t->t[n];

		if (f->loaded && core) {
			count_pins(ld, n);
			continue;
		}
		if (f->pins.n || f->loaded)
			log_notice("tracers.leftover", "tracer=%s it was not complete", tracer_name(n));
		tracer_remove(ld, n);
	}
	t->filled = core;
	return 0;
}

int
tracers_open(struct loader *ld)
{
	int err;

	ld->tracers.enricher_fd = -1;
	tracer_limits(ld->cfg);
	enforce_open(ld);
	err = tracers_scan(ld);
	return err ? log_err(err, "tracers.open", "step=pins") : take_over(ld);
}

void
tracers_close(struct loader *ld)
{
	for (unsigned int n = 0; n < N_TRACERS; n++)
		free(ld->tracers.t[n].pins.names);
	free(ld->tracers.stale.names);
	tracers_rings_drop(ld);
	while (ld->tracers.n_found)
		close_keep_errno(ld->tracers.found[--ld->tracers.n_found].file);
	free(ld->tracers.filter);
	free(ld->tracers.enforce);
	chan_free(ld->tracers.enricher);
	close_keep_errno(ld->tracers.enricher_fd);
}

void
tracers_remove_all(struct loader *ld)
{
	ld->tracers.settings.on = 0;
	if (ld->tracers.t[TRACER_CORE].loaded)
		tracers_settings(ld);
	for (unsigned int n = N_TRACERS; n-- > 0;)
		if (ld->tracers.t[n].pins.n)
			tracer_remove(ld, n);
	tracers_drop_stale(ld);
}

/* Off first, so that nothing is counted that nobody asked for. */
static int
apply_filter(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	int err = t->filter ? tracers_filter(ld, t->filter) : 0;

	if (err)
		return err;
	free(TAKE_PTR(t->filter));
	t->settings.on = t->want & loaded(t);
	return tracers_settings(ld);
}

/* With nothing wanted and nothing there it stays so. */
static void
finish(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	uint64_t unwanted = loaded(t) & ~t->want;
	int err = 0;

	if (t->t[TRACER_CORE].loaded)
		err = apply_filter(ld);
	if (err)
		log_err(err, "tracers.filter", "the filter cannot be set");
	for (unsigned int n = 1; n < N_TRACERS; n++) {
		if (unwanted & BIT(n))
			tracer_remove(ld, n);
		if (!(t->want & BIT(n)))
			t->t[n].failed = false;
		if (!t->t[n].loaded && !t->t[n].failed)
			t->t[n].reason[0] = '\0';
	}
	if (t->t[TRACER_CORE].loaded)
		tracers_core_hooks(ld);
	tracers_drop_stale(ld);
	tracers_settled(ld);
	while (pool_ours(ld))
		pool_ours(ld)->over = true;
	t->busy = false;
	if (!t->asked)
		return;
	t->asked = false;
	if (err) {
		struct msg_result res;

		result_set(&res, IPC_INTERNAL, err, "the tracers' filter cannot be set: %s", strerrordesc_np(-err));
		reply_result(ld, t->seq, &res);
		return;
	}
	tracers_report(ld, t->seq);
}

/* The core, when something is wanted.  False: it is not there yet. */
static bool
have_core(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	struct tracer_facts *core = &t->t[TRACER_CORE];

	if (core->loaded || !t->want)
		return true;
	if (core->loading)
		return false;
	if (!core->failed) {
		tracer_load(ld, TRACER_CORE);
		return false;
	}
	for (unsigned int n = 1; n < N_TRACERS; n++) {
		if (!(t->want & BIT(n)))
			continue;
		t->t[n].failed = true;
		snprintf(t->t[n].reason, sizeof(t->t[n].reason), "what all tracers share does not load: %.900s",
			core->reason);
	}
	core->failed = false;	/* the next request tries again */
	return true;
}

static uint64_t
halves(const struct tracers *t)
{
	uint64_t mask = 0;

	for (unsigned int n = 1; n < N_TRACERS; n++)
		mask |= t->t[n].half ? BIT(n) : 0;
	return mask;
}

/* One that is loaded may lack its second part, or programs that a new table needs. */
static uint64_t
missing(const struct loader *ld)
{
	const struct tracers *t = &ld->tracers;
	uint64_t whole = loaded(t) & ~halves(t);

	return t->want & ~(enforce_lacks(ld) ? whole & ~BIT(TR_ENFORCE) : whole);
}

/* What was loaded since the last step is wanted still, or goes in finish(). */
static void
switch_on(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	uint64_t on = t->want & loaded(t);

	bool bash = on & ~t->settings.on & BIT(TR_BASHREADLINE);

	tracers_core_hooks(ld);
	t->settings.generation += bash;		/* so that the enricher sees those that run */
	if (t->filter || on != t->settings.on)
		if (apply_filter(ld) < 0)
			log_err(-EIO, "tracers.settings", "the tracers cannot be switched on");
	enforce_apply(ld);	/* at once, whatever else is being loaded */
	if (bash)
		tracers_bash_host(ld);
	tracers_declared_look(ld);
}

static int
core_done(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	int err;

	t->settings = (struct ev_settings){ .generation = 1 };
	err = tracers_settings(ld);
	return err ? err : tracer_done(ld, TRACER_CORE);
}

/* What stops acts and what is asked for most, first, and of these what is verified sooner; the verifier
 * takes longest for the last, and meanwhile the loader does nothing else. */
#define SLOW (BIT(TR_OPENBREAKOUT) | BIT(TR_FILEOPS) | BIT(TR_FILETOP))
static const uint64_t order[] = { BIT(TR_ENFORCE), BIT(TR_OPEN), BIT(TR_EXEC), ~SLOW, SLOW };

static void
load_some(struct loader *ld, uint64_t some)
{
	struct tracers *t = &ld->tracers;

	some &= missing(ld);
	for (unsigned int n = 1; n < N_TRACERS && t->running < TRACERS_PARALLEL; n++)
		if ((some & BIT(n)) && !t->t[n].failed && !t->t[n].loading)
			tracer_load(ld, n);
}

static void
load_missing(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	const uint64_t now = ~(halves(t) & ~t->settings.on);	/* no second part before the first one is on */

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		load_some(ld, order[i] & now);
	if (!t->filled && t->rings_done && !t->rings_err) {
		t->rings_err = core_done(ld);
		t->filled = !t->rings_err;
		tracers_greet(ld);
	}
	if (t->early || !t->filled)
		return;
	switch_on(ld);
	load_some(ld, halves(t));
}

/* Without rings no event would come: nothing is on, and everybody is told why. */
static void
give_up_core(struct loader *ld)
{
	struct tracers *t = &ld->tracers;
	struct tracer_facts *core = &t->t[TRACER_CORE];

	log_err(t->rings_err, "tracers.rings", "the rings of the tracers cannot be made");
	for (unsigned int n = N_TRACERS; n-- > 0;)
		tracer_remove(ld, n);
	core->failed = true;
	snprintf(core->reason, sizeof(core->reason), "its rings cannot be made: %s",
		strerrordesc_np(-t->rings_err));
}

void
tracers_step(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	t->step = false;
	tracers_uprobe_found(ld);
	if (!t->busy || !have_core(ld))
		return;
	if (t->t[TRACER_CORE].loaded && !t->filled && t->rings_done && t->rings_err) {
		if (t->running)
			return;
		give_up_core(ld);
		have_core(ld);	/* it is not tried again now */
	}
	if (t->t[TRACER_CORE].loaded)
		load_missing(ld);
	for (unsigned int n = 1; n < N_TRACERS; n++)
		if ((missing(ld) & BIT(n)) && !t->t[n].failed)
			return;
	if (t->running == 0 && !t->early && (t->filled || !t->t[TRACER_CORE].loaded))
		finish(ld);
}

static void
set_wanted(struct loader *ld, uint64_t mask)
{
	struct tracers *t = &ld->tracers;
	uint64_t kernel = 0;

	for (unsigned int n = 1; n < N_TRACERS; n++)
		kernel |= ipc_tracer_flags(n) & TR_NO_KERNEL ? 0 : BIT(n);
	t->want = mask & kernel & ipc_tracers_allowed(ld->cfg);
}

void
tracers_begin(struct loader *ld)
{
	struct tracers *t = &ld->tracers;

	set_wanted(ld, ld->cfg->tracers_enabled.mask);
	t->early = t->busy = t->step = t->want != 0;
}

/* Our own copy of a filter, checked in full.  0, or res->err with res filled. */
static int
take_filter(const struct msg_tracers_want *m, int fd, struct kfilter **out, struct msg_result *res)
{
	AUTO(mem) struct kfilter *k = NULL;
	long len;
	int err;

	if (m->len == 0) {
		k = calloc(1, sizeof(*k));
		*out = TAKE_PTR(k);
		return *out ? 0 : result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory");
	}
	len = memfd_seal_received(fd, KFILTER_BYTES_MAX);
	if (len < 0 || (uint64_t)len != m->len)
		return result_set(res, IPC_INVALID_ARGUMENT, len < 0 ? (int)len : -EINVAL,
			"the filter is not a sealed memfd of the length that was said");
	k = malloc((size_t)len);
	if (!k)
		return result_set(res, IPC_RESOURCE_EXHAUSTED, -ENOMEM, "no memory");
	err = pread(fd, k, (size_t)len, 0) == len ? kfilter_check(k, (size_t)len) : -EIO;
	if (err)
		return result_set(res, IPC_INVALID_ARGUMENT, err, err == -EEXIST ?
			"the filter has two entries of one value" : "the filter is malformed");
	*out = TAKE_PTR(k);
	return 0;
}

int
on_TRACERS_WANT(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_tracers_want *m, int *fds)
{
	struct tracers *t = &ld->tracers;
	struct kfilter *filter;
	struct msg_result res = { 0 };

	if (m->tracers & ~ipc_tracers_all())
		result_set(&res, IPC_INVALID_ARGUMENT, -EINVAL, "there are no such tracers");
	else
		take_filter(m, fds[0], &filter, &res);
	if (res.code != IPC_OK) {
		reply_result(ld, h->seq, &res);
		return 0;
	}
	if (t->asked) {
		result_set(&res, IPC_CANCELLED, -ECANCELED, "a newer request took its place");
		reply_result(ld, t->seq, &res);
	}
	for (unsigned int n = 0; n < N_TRACERS; n++) {
		t->t[n].tries = 0;
		t->t[n].failed = t->t[n].failed && !t->t[n].passing && !t->early;
	}
	set_wanted(ld, m->tracers);
	free(t->filter);
	t->filter = filter;
	t->seq = h->seq;
	t->early = false;
	t->asked = t->busy = t->step = true;
	return 0;
}

int
on_TRACERS_LIST(struct loader *ld, struct peer *p, const struct msg_hdr *h,
	const struct msg_none *m, int *fds)
{
	tracers_report(ld, h->seq);
	return 0;
}
