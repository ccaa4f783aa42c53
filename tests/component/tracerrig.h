/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_TRACERRIG_H
#define BPFD_TESTS_TRACERRIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"
#include "common/auto.h"

/*
 * Loads bpf/core.bpf.o and tracers with libbpf, as the loader does with its broker, and reads what
 * they send.  Needs root.  Objects are taken from bpf/ below the working directory, or below
 * BPFD_BUILD.
 */
struct bpf_object;
struct tracerrig;

struct tracerrig_options {
	size_t control_bytes, bulk_bytes;	/* of each ring; 0: 1 MiB */
	uint64_t share_ns, share_burst_ns;	/* as in struct ev_settings */
	bool off;				/* settings.on stays empty */
	bool functions;				/* system calls are seen at functions where a tracer can, not at their exit */
	void (*prepare)(struct bpf_object *object, size_t i);	/* before it is loaded; i: its place in names */
};

/* names: "open", NULL ends.  opts: may be NULL.  0 or negative errno; libbpf says more on stderr. */
int	tracerrig_open(const char *const *names, const struct tracerrig_options *opts, struct tracerrig **out);
void	tracerrig_close(struct tracerrig *r);	/* NULL is fine */
AUTO_DEFINE(tracerrig, struct tracerrig *, tracerrig_close)

/* Why a program of the tracers is not attached ("" when all are): the kernel has no such hook. */
const char *tracerrig_missing(const struct tracerrig *r);

bool	tracerrig_has_functions(void);	/* the kernel lets programs to its functions */

/* Programs of section lsm/ are left out where the kernel does not run them. */
bool	tracerrig_has_lsm(void);

/* Of the tracers by their place in names, from 1; 0: the core.  The rig attaches those of tp_btf, lsm and cgroups. */
struct bpf_object *tracerrig_object(const struct tracerrig *r, size_t i);

void	tracerrig_on(struct tracerrig *r, uint64_t tracers);	/* settings.on */
void	tracerrig_generation(struct tracerrig *r);		/* a new one, as after an enricher's start */

/* Filters: all of a tracer, then values.  number: DIM_PID, DIM_UID, DIM_CGROUP; else text. */
void	tracerrig_filter(struct tracerrig *r, unsigned int tracer, struct ev_tracer_filter f);
void	tracerrig_filter_number(struct tracerrig *r, unsigned int tracer, uint32_t dim, uint64_t value);
void	tracerrig_filter_text(struct tracerrig *r, unsigned int tracer, uint32_t dim, const char *text);
/* What the cgroups of an event are, as the enricher notes it (cgroup_kinds). */
void	tracerrig_kind(struct tracerrig *r, const struct ev_hdr *h, uint32_t kind);
uint64_t tracerrig_hash(uint32_t dim, const char *text);

/* Sum over the CPUs. */
struct ev_count tracerrig_count(const struct tracerrig *r, unsigned int tracer);
void	tracerrig_sleeping(struct tracerrig *r, bool sleeping);	/* of all CPUs */
unsigned int tracerrig_awake(const struct tracerrig *r);	/* CPUs that wrote 0 */

/*
 * Takes what is in the rings, waiting at most ms for the first, and adds it to the events of the
 * rig in order of time, a control record before a bulk one.  How many came.
 */
size_t	tracerrig_drain(struct tracerrig *r, int ms);
void	tracerrig_forget(struct tracerrig *r);			/* the events so far */
size_t	tracerrig_n(const struct tracerrig *r);
const struct ev_hdr *tracerrig_event(const struct tracerrig *r, size_t i);

/* The first one from *at on of this tracer and event (and tgid, unless 0); *at is behind it; or NULL. */
const void *tracerrig_next(const struct tracerrig *r, size_t *at, unsigned int tracer, unsigned int event,
		uint32_t tgid);
#define tracerrig_find(r, tracer, event, tgid) tracerrig_next(r, &(size_t){0}, tracer, event, tgid)
/* Drains until there is one, at most 3 s. */
const void *tracerrig_wait(struct tracerrig *r, unsigned int tracer, unsigned int event, uint32_t tgid);

/* A string of a record as a C string, valid until the next call but seven. */
const char *tracerrig_str(const void *record, struct ev_str s);

#endif
