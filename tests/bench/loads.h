/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_TESTS_BENCH_LOADS_H
#define BPFD_TESTS_BENCH_LOADS_H

#include <stdbool.h>

struct bpf_object;

/*
 * What a tracer's hook is there for, again and again: a line in the table of a loads-*.c for each
 * tracer that has a kernel side.  Each is measured in a process of its own.
 */
struct load {
	const char *tracer;		/* NULL ends a table */
	const char *what;		/* in words: "open, close" */
	unsigned int n;			/* in one turn, of a millisecond or so */
	bool (*begin)(void);		/* NULL, or once before all; false: it failed, errno says why */
	bool (*once)(void);
	void (*end)(void);		/* NULL, or once after all */
	bool (*attach)(struct bpf_object *tracer);	/* NULL, or what the rig does not attach */
};

extern const struct load loads_bash[], loads_files[], loads_network[], loads_packets[], loads_processes[], loads_system[];

#endif
