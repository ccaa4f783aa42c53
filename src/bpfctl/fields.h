/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_BPFCTL_FIELDS_H
#define BPFD_BPFCTL_FIELDS_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is shown of a message: one table per message, used by every output format.  key is the
 * stable name in json, yaml and kv; head is the column of a table.
 */
enum field_type {
	FIELD_U32, FIELD_U64, FIELD_I32, FIELD_BOOL,
	FIELD_FLAG,			/* a bool that tables show only when it is true */
	FIELD_ID32, FIELD_ID64,		/* 0 means none */
	FIELD_STR,
	FIELD_STATE,			/* a string; what is not as it should be stands out */
	FIELD_TIME,			/* int64_t, ns since 1970; 0: none */
	FIELD_U32S, FIELD_U64S, FIELD_STRS,	/* repeated */
	FIELD_WORDS,			/* repeated short strings: one cell of a table */
	FIELD_MAP, FIELD_HEXMAP,	/* map<string, string>, map<string, bytes> */
};

enum field_show {
	SHOW_TABLE,			/* everywhere */
	SHOW_WIDE,			/* not in narrow tables */
	SHOW_DATA,			/* not in tables with rows */
};

struct field {
	const char *key, *head;
	enum field_type type;
	enum field_show show;
	size_t off, n_off;		/* of the value and, when repeated, of its count */
};

struct schema {
	const struct field *fields;
	size_t n;
};

/* The layouts that protobuf-c gives map entries. */
struct field_pair {
	ProtobufCMessage base;
	char *key, *value;
};
struct field_hexpair {
	ProtobufCMessage base;
	char *key;
	ProtobufCBinaryData value;
};

/* One row of what a command did to each of its arguments. */
struct field_result {
	const char *what;		/* "link", "program" or "group" */
	uint64_t id;			/* 0: the argument named nothing */
	const char *result;		/* "detached", "unloaded", "failed", "would detach" ... */
	const char *error;
	size_t n_programs, n_links;
	uint32_t *programs;
	uint64_t *links;
};

/* What a program did in the last interval. */
struct field_top {
	uint32_t id;
	const char *name, *type, *owner;
	uint64_t runs_per_s, ns_per_run;
	uint64_t ns_per_s;		/* of all processors together */
	const char *cpu;		/* the same in percent of one, with two decimals */
};

/* One option of an attach kind. */
struct field_option {
	const char *kind, *name, *values, *help;
};

extern const struct schema schema_program, schema_loaded_image, schema_image, schema_link, schema_map, schema_slot, schema_process, schema_kind, schema_option,
	schema_counter, schema_top, schema_status, schema_version, schema_result, schema_rule, schema_problem,
	schema_local_problem, schema_tracer, schema_field_info;

#endif
