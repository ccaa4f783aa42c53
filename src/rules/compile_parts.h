/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_RULES_COMPILE_PARTS_H
#define BPFD_RULES_COMPILE_PARTS_H

#include "rules/matcher.h"

/* Of compile.c and compile_code.c. */
struct compiling {
	struct matcher *m;
	struct tracer_set *t;
	unsigned int tracer;
	struct nnf *trees;		/* one for each rule of the tracer */
	uint64_t *keys;			/* hash of every value that could be in an index, sorted */
	size_t n_keys, room_keys, room_atoms, room_code;
};

/* ---- compile_code.c ---- */
/* Cheap ones first; equal ones as written. */
void	compile_sort(const struct compiling *c, struct nnf *n);
/* *at: where the program of n begins, which leads to yes or no; -ENOMEM. */
int	compile_code(struct compiling *c, const struct nnf *n, uint32_t yes, uint32_t no, uint32_t *at);

#endif
