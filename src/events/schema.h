/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_SCHEMA_H
#define BPFD_EVENTS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/record.h"

/*
 * The fields of events: one table for each tracer (tracer_NAME.c) and one that all have
 * (common.c).  Rules, output formats, help, completion and the man page are made from these.
 */
enum field_type {
	F_U64, F_I64,
	F_BOOL,
	F_TIME,			/* CLOCK_BOOTTIME ns in the record */
	F_STR, F_PATH,		/* bytes without NUL; not UTF-8 by necessity */
	F_LIST,			/* bytes: each item followed by NUL */
	F_IP,			/* 16 bytes, IPv4 mapped; all zero: absent */
	F_MAC,			/* 6 bytes */
	F_FLAGS,		/* number; words name bits */
	F_ENUM,			/* number; words name values, one that has no word is shown as number */
};
extern const char *const field_type_names[];	/* "u64", ...: by enum field_type */
enum field_flag {
	FIELD_UNTRUSTED = 1,	/* from the process's own memory */
	FIELD_SENSITIVE = 2,
	FIELD_HEX = 4,		/* shown in hexadecimal */
	FIELD_HIDDEN = 8,	/* for rules only, not in output */
	FIELD_OPTIONAL = 16,	/* 0 or empty means absent */
	FIELD_DETAIL = 32,	/* not in tables: for machines, or for who looks closer */
};

struct field_word { uint64_t value; const char *word; };	/* {0, NULL} ends */

struct value {
	enum field_type type;
	uint64_t u;		/* F_U64, F_BOOL, F_TIME, F_FLAGS, F_ENUM; F_I64 as two's complement */
	const void *data;	/* the others, into the event */
	size_t len;
};

struct field {
	const char *name;	/* "path", "container.id" */
	enum field_type type;
	uint16_t flags;		/* enum field_flag */
	uint16_t size;		/* of the member: a number has 1, 2, 4 or 8 bytes */
	uint32_t off;		/* in the tracer's struct (bpf/NAME.h) */
	uint32_t events;	/* bit per number of an event (below 32) that has it; 0: all */
	const struct field_word *words;
	/* Where off does not say it: false when the event has no such field. */
	bool (*get)(const struct event *e, const struct field *f, struct value *out);
	const char *help;
};

/* FIELD_NUM(ev_open, oflags, "flags", F_FLAGS, .words = ...) in a tracer's table. */
#define FIELD_NUM(st, member, name_, type_, ...)                                                   \
	{ .name = name_, .type = type_, .off = offsetof(struct st, member),                        \
	  .size = sizeof(((struct st *)0)->member), __VA_ARGS__ }
/*
 * A struct ev_str member (F_STR, F_PATH, F_LIST), a char array of other than four bytes (F_STR,
 * up to its end or a NUL) or a byte array (F_IP, F_MAC).  record_check() checks the struct ev_str
 * that a table names, so that each member of that kind has to be named, by a FIELD_HIDDEN if
 * nothing else.
 */
#define FIELD_REF FIELD_NUM

struct tracer_info {
	const char *name;
	enum ev_class class;
	unsigned int flags;	/* TR_* */
	const char *help;
	const char *const *events;	/* names of its events by number from 0, NULL ends */
	size_t min_size;	/* sizeof its struct: a shorter record is refused */
	const struct field *fields;	/* its own, name NULL ends */
	const char *seed_name;	/* what genuinetools/bpfd called it, or NULL for the same */
};

/*
 * const struct tracer_info tracer_NAME, in tracer_NAME.c, or one of those that root declared.  NULL
 * for TR_NONE and a number that nothing is declared for.
 */
const struct tracer_info *tracer_info(unsigned int tracer);
/* What is declared from now on, checked already; a copy is taken.  Once, before an event is seen. */
struct declared_table;
void	schema_declare(const struct declared_table *t);
/* Number of a tracer by its name or an older name ("dockeropenbreakout"); 0: unknown. */
unsigned int tracer_by_name(const char *name);

/* Fields that every event has, name NULL ends. */
extern const struct field common_fields[];

/*
 * The field of a tracer by its name or alias (common ones too); NULL: unknown.  Aliases of older
 * rule files: command, returnval, TGID, argv, filename, ...: see aliases in common.c.
 */
const struct field *field_find(unsigned int tracer, const char *name);

/* False: this event has no such field.  Strings point into the event. */
bool	field_get(const struct event *e, const struct field *f, struct value *out);

/* Number of CLOCK_REALTIME minus CLOCK_BOOTTIME in ns, taken once at start. */
int64_t	boot_offset_ns(void);

#endif
