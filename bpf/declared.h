/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_DECLARED_H
#define BPFD_BPF_DECLARED_H

#include "bpf/event.h"

/*
 * Tracers that root declares (tracers.d/NAME.toml): a tracepoint or a place in a program, and what
 * of it an event shows.  bpf/tracepoint.bpf.o or bpf/uprobe.bpf.o is loaded once for each, with a
 * struct declared_probe as its read-only data; the number of one is TR_DECLARED and its place in
 * the table.
 */
#define DECLARED_FIELDS_MAX	8
#define DECLARED_FILTERS_MAX	4
#define DECLARED_STEPS_MAX	4
#define DECLARED_ARGS_MAX	12	/* of a tracepoint, as many as the kernel lets one have */
#define DECLARED_UARGS_MAX	6	/* of a function, those in registers */
#define DECLARED_RETURNED	DECLARED_UARGS_MAX
#define DECLARED_STR_MAX	1023	/* bytes of a string */
#define DECLARED_PREFIX_MAX	64
#define DECLARED_NAME_MAX	32
#define DECLARED_HELP_MAX	96

enum declared_kind { DECLARED_NONE, DECLARED_TRACEPOINT, DECLARED_UPROBE };
enum declared_type {
	DECLARED_UNSIGNED, DECLARED_SIGNED, DECLARED_BOOL, DECLARED_HEX,
	DECLARED_PORT,				/* unsigned, as it is on the wire */
	DECLARED_IP,				/* 4 or 16 bytes */
	DECLARED_MAC,
	DECLARED_STRING, DECLARED_USER_STRING,	/* with a NUL behind it */
	N_DECLARED_TYPES
};

/*
 * How a value is come by.  Without steps it is the argument.  Else each step adds to an address,
 * first to the argument, and what lies there is the next one; after the last lies the value itself.
 */
struct declared_read {
	__u32 steps[DECLARED_STEPS_MAX];
	__u8 type, size, arg, n_steps;		/* enum declared_type; bytes of a number or address */
};
struct declared_filter {
	__u64 value;				/* of a number, as it is in the record */
	__u32 field;
	__u32 prefix_len;			/* of a string; 0: it is a number */
	char prefix[DECLARED_PREFIX_MAX];
};
struct declared_probe {
	__u32 tracer;				/* its number */
	__u32 id;				/* of all that is declared, and of no other declaration */
	__u32 n_fields, n_filters;		/* what passes must pass all of them */
	struct declared_read fields[DECLARED_FIELDS_MAX];
	struct declared_filter filters[DECLARED_FILTERS_MAX];
};

/* Every record has room for all fields, so that it can be checked whatever was declared. */
struct ev_declared {
	struct ev_hdr h;
	__u8 value[DECLARED_FIELDS_MAX][16];	/* a number as __u64, an address */
	struct ev_str str[DECLARED_FIELDS_MAX];
	__u32 id, reserved;
};
_Static_assert(sizeof(struct ev_declared) == 264, "no holes");

enum { DECLARED_ENABLED = 1, DECLARED_AT_RETURN = 2, DECLARED_SENSITIVE = 4 };
struct declared {
	struct declared_probe probe;
	__u64 offset;				/* of a uprobe without a function, in the file */
	__u32 kind, flags;			/* enum declared_kind, NONE: no tracer is here */
	char name[DECLARED_NAME_MAX], help[DECLARED_HELP_MAX];
	char target[128];			/* tracepoint, or function; "": offset */
	char path[256];				/* of a file, or a library as the linker knows it */
	struct {
		char name[DECLARED_NAME_MAX], help[DECLARED_HELP_MAX];
	} fields[DECLARED_FIELDS_MAX];
};
struct declared_table { struct declared d[DECLARED_MAX]; };

#endif
