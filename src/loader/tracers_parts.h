/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_LOADER_TRACERS_PARTS_H
#define BPFD_LOADER_TRACERS_PARTS_H

#include "loader/loader.h"

/* What tracers*.c have of each other.  n is enum ev_tracer, TRACER_CORE for the core. */
#define TRACERS_PARALLEL 2	/* objects that are linked at a time: one waits for the other's verifier */

/* tracers_objects.c: what is built in. */
const char *tracer_name(unsigned int n);	/* NULL: nothing has this number */
const struct declared *tracer_declared(const struct loader *ld, unsigned int n);	/* NULL: a built-in one, or none */
const char *tracer_objects_digest_text(void);
bool	tracer_object(const struct loader *ld, unsigned int n, const void **data, size_t *len);	/* false: it is not */

/* tracers_pins.c: a pin is named "K-WHAT", see tracers.h; the tables follow what is pinned. */
int	tracer_pin(struct loader *ld, unsigned int n, const char *pin, int fd);
int	tracer_mark(struct loader *ld, unsigned int n, const char *pin);	/* a directory */
int	tracer_done(struct loader *ld, unsigned int n);
int	tracer_get(struct loader *ld, unsigned int n, const char *pin);	/* the caller's descriptor */
/* The pin of kind behind after (NULL: the first) in the order of the table; NULL: none. */
const char *tracer_pin_of(const struct tracer_facts *f, char kind, const char *after);
uint32_t tracer_count_pins(const struct tracer_facts *f, const char *kinds);
bool	tracer_has_pin(const struct tracer_facts *f, const char *pin);
void	tracer_unpin(struct loader *ld, unsigned int n, const char *pin);	/* a link is off when it returns */
/* forget: how often it was tried too. */
void	tracer_unpin_all(struct loader *ld, unsigned int n, bool forget);
int	tracers_scan(struct loader *ld);
void	tracers_drop_stale(struct loader *ld);	/* what tracers_scan() left until this one's table is in force */

/* tracers_load.c: starts a session for an object; its end sets loaded or failed, and ld->tracers.step. */
/* Before anything is loaded: what of the configuration bpfd's own objects are subject to. */
void	tracer_limits(const struct config *cfg);
void	tracer_load(struct loader *ld, unsigned int n);

/* tracers_hooks.c */
/* Pins and attaches what a session made. */
int	tracer_keep(struct loader *ld, unsigned int n, struct session *s, struct msg_result *res);
/* Adds to f->reason what is missing, one phrase after the other. */
void	tracer_miss(struct tracer_facts *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	tracer_note_id(struct loader *ld, unsigned int n, int prog);	/* for tracers_of_program() */
void	tracer_without(struct tracer_facts *f, const struct msg_linked_without *m);	/* adds to f->reason */
void	tracer_remove(struct loader *ld, unsigned int n);	/* out of the dispatcher, detached, unloaded */
void	tracers_core_hooks(struct loader *ld);	/* the core's own are attached while a tracer is on */

/* tracers_maps.c: the core's maps. */
int	tracers_map(struct loader *ld, const char *name);	/* the caller's descriptor */
int	tracers_settings(struct loader *ld);	/* writes ld->tracers.settings */
int	tracers_slot(struct loader *ld, unsigned int n, int prog);	/* -1: takes it out */

/* tracers_rings.c */
int	tracers_core_begin(struct loader *ld);	/* pins empty arrays and orders rings, before the core is loaded */
void	tracers_rings_drop(struct loader *ld);	/* the core is given up */
uint32_t tracers_ring_bytes(const struct loader *ld, enum ev_class class);

/* tracers_report.c: each tracer's state, and that it was all */
void	tracers_report(struct loader *ld, uint32_t seq);
void	tracer_report(struct loader *ld, uint32_t seq, unsigned int n);	/* one; seq 0: it changed by itself */

/* tracers_watch.c: what others took off tracers is put back, see struct tracer_guard. */
bool	tracers_any(const struct loader *ld);	/* there is something to look at */
void	tracers_look(struct loader *ld);
void	tracers_settled(struct loader *ld);	/* all that is wanted is there, or has failed */

/* tracers_filter.c: settings.filter is the other element afterwards; written by tracers_settings(). */
int	tracers_filter(struct loader *ld, const struct kfilter *k);

/* enforce.c: the table of what is decided in the kernel, and programs that are attached as it needs. */
#define ENFORCE_TABLES "enforce_tables"
void	enforce_open(struct loader *ld);	/* before the sandbox: whose children are bpfd's */
bool	enforce_lacks(const struct loader *ld);	/* programs that the table needs, and that were not tried yet */
void	enforce_request(struct loader *ld, struct msg_load *req);	/* these, of which there are some */
void	enforce_again(struct loader *ld);	/* they are to be tried once more */
int	enforce_share(struct loader *ld, struct session *s);	/* the map that the loaded ones ask */
void	enforce_unhook(struct loader *ld, const char *link);	/* this pin; the hook is attached again with the next table */
void	enforce_apply(struct loader *ld);	/* a new table, where the tracer is loaded */
const char *enforce_no_lsm(void);		/* why this kernel runs no programs on those hooks; NULL */

/* tracers_enricher.c */
void	tracers_greet(struct loader *ld);	/* rings and so on, to whatever enricher there is */

/* tracers_uprobe.c: the probe of a tracer's program in a file */
int	tracers_uprobe_pin(int file, char pin[IPC_NAME_MAX]);	/* name of its pin, the same for the same file */
/* Where the function begins, or at an offset; the rest is done by tracers_uprobe_found(), for the loop. */
int	tracers_uprobe_in(struct loader *ld, unsigned int n, int take_file, const char *function, struct msg_result *res);
int	tracers_uprobe_at(struct loader *ld, unsigned int n, int take_file, uint64_t offset, struct msg_result *res);
void	tracers_uprobe_refused(struct loader *ld, unsigned int n, const struct msg_result *res);	/* says so */
void	tracers_uprobe_found(struct loader *ld);

void	tracers_bash_host(struct loader *ld);	/* tracers_bash.c: the host's own, when the tracer was loaded */
void	tracers_declared_look(struct loader *ld);	/* tracers_declared.c: for files not looked for yet */

#endif
