/* SPDX-License-Identifier: Apache-2.0 */
#include "bpfctl/fields.h"

#include "bpfctl/rule_local.h"
#include "bpfd_v1.pb-c.h"
#include "common/auto.h"

#define F(msg, name, head, type, show)                                                             \
	{ #name, head, FIELD_##type, SHOW_##show, offsetof(msg, name), 0 }
#define FN(msg, name, head, type, show)                                                            \
	{ #name, head, FIELD_##type, SHOW_##show, offsetof(msg, name), offsetof(msg, n_##name) }
#define SCHEMA(name)                                                                               \
	const struct schema schema_##name = { name##_fields, ARRAY_SIZE(name##_fields) }

_Static_assert(sizeof(struct field_pair) == sizeof(Bpfd__V1__Program__MetadataEntry) &&
	offsetof(struct field_pair, value) == offsetof(Bpfd__V1__Program__MetadataEntry, value),
	"map<string, string> as protobuf-c lays it out");
_Static_assert(sizeof(struct field_hexpair) == sizeof(Bpfd__V1__Program__GlobalsEntry) &&
	offsetof(struct field_hexpair, value) == offsetof(Bpfd__V1__Program__GlobalsEntry, value),
	"map<string, bytes> as protobuf-c lays it out");

#define PROGRAM Bpfd__V1__Program
static const struct field program_fields[] = {
	F(PROGRAM, id, "ID", ID32, TABLE),
	F(PROGRAM, name, "NAME", STR, TABLE),
	F(PROGRAM, type, "TYPE", STR, TABLE),
	F(PROGRAM, group, "GROUP", ID64, TABLE),
	F(PROGRAM, state, "STATE", STATE, TABLE),
	FN(PROGRAM, links, "LINKS", U64S, TABLE),
	{ "loaded_at", "LOADED", FIELD_TIME, SHOW_TABLE, offsetof(PROGRAM, loaded_at_unix_ns), 0 },
	F(PROGRAM, section, "SECTION", STR, WIDE),
	F(PROGRAM, source, "SOURCE", STR, WIDE),
	F(PROGRAM, image_digest, "IMAGE-DIGEST", STR, WIDE),
	F(PROGRAM, signature, "SIGNATURE", STR, WIDE),
	F(PROGRAM, signer, "SIGNER", STR, WIDE),
	F(PROGRAM, uid, "UID", U32, WIDE),
	F(PROGRAM, tag, "TAG", STR, WIDE),
	FN(PROGRAM, map_ids, "MAPS", U32S, WIDE),
	FN(PROGRAM, metadata, "METADATA", MAP, WIDE),
	F(PROGRAM, owner, "OWNER", STR, WIDE),
	FN(PROGRAM, kernel_links, "KERNEL-LINKS", WORDS, WIDE),
	F(PROGRAM, run_count, "RUNS", U64, WIDE),
	F(PROGRAM, run_time_ns, "RUN-NS", U64, DATA),
	F(PROGRAM, image, "IMAGE", STR, DATA),
	F(PROGRAM, issuer, "ISSUER", STR, DATA),
	F(PROGRAM, kernel_name, "KERNEL-NAME", STR, DATA),
	F(PROGRAM, digest, "DIGEST", STR, DATA),
	F(PROGRAM, gpl_compatible, "GPL", BOOL, DATA),
	F(PROGRAM, jited, "JITED", BOOL, DATA),
	F(PROGRAM, bytes_xlated, "XLATED-BYTES", U32, DATA),
	F(PROGRAM, bytes_jited, "JITED-BYTES", U32, DATA),
	F(PROGRAM, bytes_memlock, "MEMLOCK-BYTES", U32, DATA),
	F(PROGRAM, verified_insns, "VERIFIED-INSNS", U32, DATA),
	F(PROGRAM, btf_id, "BTF", ID32, DATA),
	FN(PROGRAM, globals, "GLOBALS", HEXMAP, DATA),
	F(PROGRAM, map_owner_group, "MAPS-OF-GROUP", ID64, DATA),
	F(PROGRAM, recursion_misses, "MISSED", U64, DATA),
	F(PROGRAM, pin, "PIN", STR, DATA),
	FN(PROGRAM, pins, "PINS", STRS, DATA),
	FN(PROGRAM, holders, "HOLDERS", STRS, DATA),
	F(PROGRAM, persistent, "PERSISTENT", BOOL, WIDE),
	F(PROGRAM, reason, "REASON", STR, WIDE),
};
SCHEMA(program);

/* The same of all programs of a load. */
static const struct field loaded_image_fields[] = {
	F(PROGRAM, image, "IMAGE", STR, TABLE),
	F(PROGRAM, image_digest, "IMAGE-DIGEST", STR, TABLE),
	F(PROGRAM, signature, "SIGNATURE", STR, TABLE),
	F(PROGRAM, signer, "SIGNER", STR, TABLE),
	F(PROGRAM, issuer, "ISSUER", STR, DATA),
};
SCHEMA(loaded_image);

#define IMAGE Bpfd__V1__Image
static const struct field image_fields[] = {
	{ "references", "IMAGE", FIELD_WORDS, SHOW_TABLE, offsetof(IMAGE, references), offsetof(IMAGE, n_references) },
	F(IMAGE, signature, "SIGNATURE", STR, TABLE),
	F(IMAGE, signer, "SIGNER", STR, TABLE),
	F(IMAGE, bundle_bytes, "BYTES", U64, TABLE),
	FN(IMAGE, groups, "GROUPS", U64S, TABLE),
	{ "used_at", "USED", FIELD_TIME, SHOW_TABLE, offsetof(IMAGE, used_at_unix_ns), 0 },
	F(IMAGE, digest, "DIGEST", STR, WIDE),
	{ "pulled_at", "PULLED", FIELD_TIME, SHOW_WIDE, offsetof(IMAGE, pulled_at_unix_ns), 0 },
	F(IMAGE, architecture, "ARCHITECTURE", STR, WIDE),
	FN(IMAGE, programs, "PROGRAMS", MAP, WIDE),
	FN(IMAGE, maps, "MAPS", MAP, WIDE),
	F(IMAGE, issuer, "ISSUER", STR, WIDE),
	{ "signed_at", "SIGNED", FIELD_TIME, SHOW_DATA, offsetof(IMAGE, signed_at_unix_ns), 0 },
	F(IMAGE, manifest, "MANIFEST", STR, DATA),
	F(IMAGE, config, "CONFIG", STR, DATA),
	F(IMAGE, layer, "LAYER", STR, DATA),
	F(IMAGE, layer_bytes, "LAYER-BYTES", U64, DATA),
	F(IMAGE, object_digest, "OBJECT-DIGEST", STR, DATA),
	F(IMAGE, object_bytes, "OBJECT-BYTES", U64, DATA),
	F(IMAGE, os, "OS", STR, DATA),
	F(IMAGE, created, "CREATED", STR, DATA),
};
SCHEMA(image);

#define LINK Bpfd__V1__Link
static const struct field link_fields[] = {
	F(LINK, id, "LINK", ID64, TABLE),
	F(LINK, kind, "KIND", STR, TABLE),
	F(LINK, target, "TARGET", STR, TABLE),
	F(LINK, direction, "DIRECTION", STR, TABLE),
	F(LINK, program, "PROGRAM", ID32, TABLE),
	F(LINK, program_name, "NAME", STR, TABLE),
	F(LINK, state, "STATE", STATE, TABLE),
	F(LINK, priority, "PRIORITY", ID32, TABLE),
	F(LINK, group, "GROUP", ID64, WIDE),
	F(LINK, mode, "MODE", STR, WIDE),
	F(LINK, backend, "BACKEND", STR, WIDE),
	F(LINK, netns, "NETNS", STR, WIDE),
	F(LINK, ifindex, "IFINDEX", ID32, WIDE),
	F(LINK, cookie, "COOKIE", ID64, WIDE),
	F(LINK, kernel_link_id, "KERNEL-LINK", ID32, WIDE),
	FN(LINK, proceed_on, "PROCEED-ON", WORDS, WIDE),
	FN(LINK, options, "OPTIONS", MAP, WIDE),
	F(LINK, position, "POSITION", ID32, WIDE),
	FN(LINK, metadata, "METADATA", MAP, WIDE),
	{ "attached_at", "ATTACHED", FIELD_TIME, SHOW_WIDE, offsetof(LINK, attached_at_unix_ns), 0 },
	F(LINK, pin, "PIN", STR, DATA),
	F(LINK, persistent, "PERSISTENT", BOOL, WIDE),
	F(LINK, future, "FUTURE", BOOL, DATA),
	FN(LINK, interfaces, "INTERFACES", WORDS, WIDE),
	FN(LINK, failures, "FAILURES", MAP, WIDE),
	F(LINK, by, "BY", ID64, WIDE),
	F(LINK, elsewhere, "ELSEWHERE", BOOL, DATA),
	F(LINK, reason, "REASON", STR, WIDE),
};
SCHEMA(link);

#define MAP Bpfd__V1__Map
static const struct field map_fields[] = {
	F(MAP, id, "MAP", ID32, TABLE),
	F(MAP, name, "NAME", STR, TABLE),
	F(MAP, type, "TYPE", STR, TABLE),
	F(MAP, group, "GROUP", ID64, TABLE),
	F(MAP, key_size, "KEY", U32, TABLE),
	F(MAP, value_size, "VALUE", U32, TABLE),
	F(MAP, max_entries, "ENTRIES", U32, TABLE),
	F(MAP, flags, "FLAGS", U32, WIDE),
	F(MAP, bytes_memlock, "MEMLOCK-BYTES", U64, WIDE),
	F(MAP, by_name, "BY-NAME", BOOL, WIDE),
	F(MAP, pin, "PIN", STR, DATA),
	F(MAP, shared_pin, "SHARED-PIN", STR, WIDE),
};
SCHEMA(map);

#define SLOT Bpfd__V1__DispatcherSlot
static const struct field slot_fields[] = {
	F(SLOT, target, "TARGET", STR, TABLE),
	F(SLOT, direction, "DIRECTION", STR, TABLE),
	F(SLOT, mode, "MODE", STR, TABLE),
	F(SLOT, position, "POSITION", ID32, TABLE),
	F(SLOT, program, "PROGRAM", ID32, TABLE),
	F(SLOT, program_name, "NAME", STR, TABLE),
	F(SLOT, priority, "PRIORITY", ID32, TABLE),
	FN(SLOT, proceed_on, "PROCEED-ON", WORDS, TABLE),
	F(SLOT, owner, "OWNER", STR, TABLE),
	F(SLOT, link, "LINK", ID64, TABLE),
	F(SLOT, kind, "KIND", STR, WIDE),
	F(SLOT, ifindex, "IFINDEX", ID32, WIDE),
	F(SLOT, netns_inode, "NETNS-INODE", ID64, WIDE),
	F(SLOT, dispatcher, "DISPATCHER", ID32, WIDE),
};
SCHEMA(slot);

#define PROCESS Bpfd__V1__Process
static const struct field process_fields[] = {
	F(PROCESS, name, "PROCESS", STR, TABLE),
	F(PROCESS, pid, "PID", ID32, TABLE),
	F(PROCESS, uid, "UID", U32, TABLE),
	F(PROCESS, running, "RUNNING", BOOL, TABLE),
	F(PROCESS, restarts, "RESTARTS", U32, TABLE),
	F(PROCESS, uptime_s, "UPTIME-S", U64, TABLE),
};
SCHEMA(process);

static const struct field option_fields[] = {
	F(struct field_option, kind, "ATTACH", STR, TABLE),
	F(struct field_option, name, "OPTION", STR, TABLE),
	F(struct field_option, values, "VALUES", STR, TABLE),
	F(struct field_option, help, "HELP", STR, TABLE),
};
SCHEMA(option);

#define KIND Bpfd__V1__AttachKind
static const struct field kind_fields[] = {
	F(KIND, name, "ATTACH", STR, TABLE),
	F(KIND, target, "TARGET", STR, TABLE),
	F(KIND, unavailable, "UNAVAILABLE", STR, TABLE),
	F(KIND, help, "HELP", STR, WIDE),
};
SCHEMA(kind);

#define COUNTER Bpfd__V1__Counter
static const struct field counter_fields[] = {
	F(COUNTER, name, "COUNTER", STR, TABLE),
	F(COUNTER, value, "VALUE", U64, TABLE),
};
SCHEMA(counter);

#define TOP struct field_top
static const struct field top_fields[] = {
	F(TOP, cpu, "%CPU", STR, TABLE),
	F(TOP, runs_per_s, "RUNS/S", U64, TABLE),
	F(TOP, ns_per_run, "NS/RUN", U64, TABLE),
	F(TOP, ns_per_s, "NS/S", U64, WIDE),
	F(TOP, id, "ID", ID32, TABLE),
	F(TOP, name, "NAME", STR, TABLE),
	F(TOP, type, "TYPE", STR, TABLE),
	F(TOP, owner, "OWNER", STR, TABLE),
};
SCHEMA(top);

#define STATUS Bpfd__V1__StatusResponse
static const struct field status_fields[] = {
	F(STATUS, programs, "PROGRAMS", U32, TABLE),
	F(STATUS, links, "LINKS", U32, TABLE),
	F(STATUS, waiting, "WAITING", U32, TABLE),
	F(STATUS, lost, "LOST", U32, TABLE),
	F(STATUS, orphans, "ORPHANS", U32, TABLE),
	FN(STATUS, notes, "NOTES", STRS, TABLE),
};
SCHEMA(status);

#define VERSION_OF Bpfd__V1__VersionResponse
static const struct field version_fields[] = {
	F(VERSION_OF, version, "BPFD", STR, TABLE),
	F(VERSION_OF, kernel, "KERNEL", STR, TABLE),
	FN(VERSION_OF, services, "SERVICES", STRS, WIDE),
	F(VERSION_OF, object_bytes_max, "OBJECT-BYTES-MAX", U64, WIDE),
};
SCHEMA(version);

#define RESULT struct field_result
static const struct field result_fields[] = {
	F(RESULT, what, "WHAT", STR, TABLE),
	F(RESULT, id, "ID", ID64, TABLE),
	F(RESULT, result, "RESULT", STR, TABLE),
	FN(RESULT, programs, "PROGRAMS", U32S, TABLE),
	FN(RESULT, links, "LINKS", U64S, TABLE),
	F(RESULT, error, "ERROR", STR, DATA),
};
SCHEMA(result);

#define RULE Bpfd__V1__Rule
static const struct field rule_fields[] = {
	F(RULE, name, "NAME", STR, TABLE),
	{ "tracers", "TRACER", FIELD_WORDS, SHOW_TABLE, offsetof(RULE, tracers), offsetof(RULE, n_tracers) },
	F(RULE, severity, "SEVERITY", STR, TABLE),
	F(RULE, mode, "MODE", STR, TABLE),
	FN(RULE, actions, "ACTIONS", WORDS, TABLE),
	F(RULE, origin, "ORIGIN", STR, TABLE),
	F(RULE, state, "STATE", STATE, TABLE),
	F(RULE, matched, "MATCHED", U64, TABLE),
	F(RULE, rate_limited, "RATE-LIMITED", U64, WIDE),
	F(RULE, deduplicated, "DEDUPLICATED", U64, WIDE),
	F(RULE, acted, "ACTED", U64, WIDE),
	FN(RULE, runtimes, "RUNTIMES", WORDS, WIDE),
	F(RULE, source, "SOURCE", STR, WIDE),
	F(RULE, uid, "UID", U32, WIDE),
	{ "created_at", "CREATED", FIELD_TIME, SHOW_WIDE, offsetof(RULE, created_unix_ns), 0 },
	F(RULE, description, "DESCRIPTION", STR, DATA),
	FN(RULE, tags, "TAGS", WORDS, DATA),
	FN(RULE, mitre, "MITRE", WORDS, DATA),
	F(RULE, format, "FORMAT", U32, DATA),
	F(RULE, enabled, "ENABLED", BOOL, DATA),
	F(RULE, text, "TEXT", STR, DATA),
	F(RULE, explain, "EXPLAIN", STR, DATA),
};
SCHEMA(rule);

#define PROBLEM Bpfd__V1__Problem
static const struct field problem_fields[] = {
	F(PROBLEM, line, "LINE", ID32, TABLE),
	F(PROBLEM, column, "COLUMN", ID32, TABLE),
	F(PROBLEM, warning, "WARNING", BOOL, TABLE),
	F(PROBLEM, code, "CODE", STR, TABLE),
	F(PROBLEM, text, "PROBLEM", STR, TABLE),
};
SCHEMA(problem);

#define LOCAL struct local_problem
static const struct field local_problem_fields[] = {
	F(LOCAL, file, "FILE", STR, TABLE),
	F(LOCAL, line, "LINE", ID32, TABLE),
	F(LOCAL, column, "COLUMN", ID32, TABLE),
	{ "warning", "WARNING", FIELD_BOOL, SHOW_TABLE, offsetof(LOCAL, warning), 0 },
	F(LOCAL, code, "CODE", STR, TABLE),
	F(LOCAL, text, "PROBLEM", STR, TABLE),
};
SCHEMA(local_problem);

#define TRACER Bpfd__V1__Tracer
static const struct field tracer_fields[] = {
	F(TRACER, name, "TRACER", STR, TABLE),
	F(TRACER, status, "STATUS", STR, TABLE),
	FN(TRACER, wanted_by, "WANTED-BY", WORDS, TABLE),
	F(TRACER, produced, "PRODUCED", U64, TABLE),
	F(TRACER, lost, "LOST", U64, TABLE),
	F(TRACER, filtered, "FILTERED", U64, TABLE),
	F(TRACER, missed, "MISSED", U64, TABLE),
	F(TRACER, reason, "REASON", STR, TABLE),
	FN(TRACER, hooks, "HOOKS", WORDS, WIDE),
	F(TRACER, hooks_reason, "HOOKS-REASON", STR, WIDE),
	F(TRACER, programs, "PROGRAMS", U32, WIDE),
	F(TRACER, attached, "ATTACHED", U32, WIDE),
	F(TRACER, sensitive, "SENSITIVE", BOOL, WIDE),
	F(TRACER, help, "HELP", STR, WIDE),
};
SCHEMA(tracer);

#define FIELD_INFO Bpfd__V1__FieldInfo
static const struct field field_info_fields[] = {
	F(FIELD_INFO, name, "FIELD", STR, TABLE),
	F(FIELD_INFO, type, "TYPE", STR, TABLE),
	F(FIELD_INFO, untrusted, "UNTRUSTED", BOOL, TABLE),
	F(FIELD_INFO, help, "HELP", STR, TABLE),
};
SCHEMA(field_info);
