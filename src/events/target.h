/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_TARGET_H
#define BPFD_EVENTS_TARGET_H

#include "bpf/target.h"
#include "events/schema.h"

/* The fields of a struct ev_target that is the member "target" of st. */
#define TARGET_FIELDS(st)                                                                          \
	FIELD_NUM(st, target.pid, "target_pid", F_U64, .flags = FIELD_OPTIONAL,                    \
		  .help = "process that it is done to, in the initial pid namespace"),             \
	FIELD_REF(st, target.comm, "target_comm", F_STR, .flags = FIELD_OPTIONAL,                  \
		  .help = "name of its thread: it may choose any"),                                \
	FIELD_NUM(st, target.tid, "target_tid", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL,     \
		  .help = "its thread"),                                                           \
	FIELD_NUM(st, target.uid, "target_uid", F_U64, .flags = FIELD_DETAIL,                      \
		  .get = target_get_uid, .help = "its real user"),                               \
	FIELD_NUM(st, target.start, "target_start", F_TIME, .flags = FIELD_OPTIONAL | FIELD_DETAIL, \
		  .help = "when it was created"),                                                  \
	FIELD_NUM(st, target.mntns, "target_mntns", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, \
		  .help = "its mount namespace"),                                                  \
	FIELD_NUM(st, target.cgroup, "target_cgroup", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, \
		  .help = "number of its cgroup in the v2 hierarchy"),                             \
	FIELD_NUM(st, target.cgroup1, "target_cgroup1", F_U64, .flags = FIELD_OPTIONAL | FIELD_DETAIL, \
		  .help = "in the v1 hierarchy that is used")

/* Its uid, of which 0 is one; false: the target is not known. */
bool	target_get_uid(const struct event *e, const struct field *f, struct value *out);

#endif
