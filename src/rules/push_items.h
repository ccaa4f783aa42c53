/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_PUSH_ITEMS_H
#define BPFD_RULES_PUSH_ITEMS_H

#include "events/schema.h"
#include "rules/nnf.h"

/* What rules ask for of one dimension of the kernel's filter, for the files of push. */
struct item { uint64_t value, more; uint32_t dim, depth; };	/* depth: of a prefix */
struct items {
	struct item *v;
	size_t n, room;
	bool all;			/* no constraint */
	bool failed;			/* no memory */
};
void	items_clear(struct items *s);
void	items_add(struct items *s, struct item item);
void	items_join(struct items *into, const struct items *from);

/* DIM_PATH and DIM_PREFIX are one dimension: PLACE. */
enum dim { PID, UID, COMM, CGROUP, EXE, RUNTIME, PLACE, N_DIMS };
extern const uint32_t push_dim_bits[N_DIMS];		/* of PLACE: 0 */

/* What a dimension is of: one of the first, or a field that the kernel has a test for (TESTED). */
#define TESTED N_DIMS
struct dimension { enum dim d; const struct field *f; };

/* ---- push_dims.c ---- */
void	push_take_test(struct dimension dim, unsigned int tracer, const struct nnf *n, struct items *out);

/* ---- push_path.c ---- */
uint64_t push_hash_comm(const char *p, size_t len);
uint64_t push_hash_path(const char *p, size_t len);
void	push_place(struct items *s, enum rule_op op, const char *v, size_t len);

/* ---- push_runtime.c ---- */
/* Items of RUNTIME: masks of the runtimes that a test, or the rule's own word, leaves. */
void	push_runtime(struct items *s, const struct field *f, const struct nnf *n);
void	push_runtimes(struct items *s, uint64_t runtimes);

/* ---- push_tests.c ---- */
/* Items of a test that is not negated, of field f: dim is an ev_test_kind; or all. */
void	push_test(struct items *s, unsigned int tracer, const struct field *f, const struct nnf *n);
/* False: no test of the kernel's says so much. */
bool	push_make_test(const struct items *s, const struct field *f, struct ev_test *out);

/* ---- push_cover.c ---- */
/*
 * Items of one kind, more than EV_TEST_VALUES: fills a and b of out with fewer that hold for whatever those
 * hold for.  False: these would hold for everything.
 */
bool	push_cover(const struct items *s, struct ev_test *out);

#endif
