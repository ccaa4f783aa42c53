/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_CONFIG_TRACED_H
#define BPFD_CONFIG_TRACED_H

#include <stddef.h>

#include "common/kbtf.h"
#include "ipc/declared.h"

/* What a declared tracer's fields are read from: "p->mm->total_vm" of a tracepoint, "arg0" of a function. */
struct traced {
	const struct kbtf *btf;
	const struct btf_param *params;	/* of the tracepoint, n of them; NULL for a function */
	uint32_t n;
	bool at_return;			/* of a function: only what it returned is there */
};

/* Finds a tracepoint of the running kernel.  -ENOENT with why: there is none, or no BTF. */
int	traced_tracepoint(const struct kbtf *btf, const char *name, struct traced *out, char *why, size_t room);

/*
 * How to read value ("arg1->sk.skc_family"), as type or as what it is when that is "".  -EINVAL with
 * what is wrong in why (room bytes): the names that there are, or what else is to be written.
 */
int	traced_read(const struct traced *t, const char *value, const char *type, struct declared_read *out, char *why,
		size_t room);

#endif
