/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_EVENTS_RECORD_H
#define BPFD_EVENTS_RECORD_H

#include <linux/types.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/event.h"

/*
 * One event as it lies in the shared-memory ring: struct rec_hdr, the kernel's record as it came,
 * the context that the enricher adds, and the rules that matched.  Each part begins at a multiple
 * of 8.  It stands for itself: no table, generation or earlier record is needed to read it.
 */
#define REC_MAX		(EV_RECORD_MAX + 16384)
#define REC_MATCHES_MAX	64

struct rec_hdr {
	uint64_t seq;			/* 1, 2, ... without a hole, over restarts too */
	uint64_t actions;		/* bit per action instance (struct action_table), of all matches */
	uint64_t streams;		/* bit per live stream that wants it */
	uint32_t len;			/* whole record, multiple of 8 */
	uint32_t generation;		/* of the rule set that matched */
	uint32_t off_ctx, off_match;	/* from the start of the record; the event is at sizeof(*this) */
	uint32_t n_matches;
	uint32_t lost;			/* events lost on the way since the record before, saturated */
};

/* Strings of a context: offsets from the start of struct rec_ctx. */
enum rec_ctx_flag {
	CTX_PROC = 1,			/* the process is known; else only what the event itself says */
	CTX_CONTAINER = 2,
	CTX_CLAIM = 4,			/* the container's name lies below a user's own cgroup: a claim */
	CTX_POD = 8,
	CTX_HOST = 16,			/* its mount and pid namespaces are the host's */
	CTX_CUT = 32,			/* a string of the context is cut */
};
struct rec_ctx {
	uint64_t cap_eff;
	uint64_t exe_dev, exe_ino;
	uint32_t len, flags;		/* len: with strings, multiple of 8 */
	uint32_t euid, egid, loginuid, sessionid;
	uint32_t ns_pid, pidns, netns, userns, cgroupns, exe_nlink;
	struct ev_str exe, cwd, pexe, args, pcomm, tty;
	struct ev_str cgroup;		/* path of the cgroup that tells the container; else the v2 one */
	struct ev_str cgroup_dir;	/* the container's own: a prefix of cgroup */
	struct ev_str container, runtime, pod_uid;	/* id, "docker", of the Kubernetes pod */
	struct ev_str name, image, pod, k8s_ns, labels;	/* what the runtime calls it; labels: a list */
	uint32_t cgroup_hierarchy;	/* 1 or 2: the one that cgroup is a path of */
	uint32_t host_mntns;		/* of process 1; 0: not seen yet */
};

enum rec_match_flag { MATCH_ENFORCE = 1, MATCH_UNKNOWN = 2 };	/* UNKNOWN: a cut string decided */
struct rec_match {
	uint64_t actions;		/* bit per action instance */
	uint32_t name_off, name_len;	/* the rule's name, from the start of the record */
	uint32_t severity;		/* enum severity */
	uint32_t flags;
	uint32_t suppressed;		/* events that dedup or ratelimit held back since the last one */
	uint32_t reserved;
};

/* Parts of a record, and records, begin at multiples of 8. */
static inline size_t
record_round(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

enum severity { SEV_DEBUG, SEV_INFO, SEV_NOTICE, SEV_LOW, SEV_MEDIUM, SEV_HIGH, SEV_CRITICAL, N_SEVERITIES };
extern const char *const severity_names[N_SEVERITIES];

/* A record that has been checked.  Pointers into the record, which must outlive it. */
struct event {
	const struct rec_hdr *rec;	/* NULL in the enricher, before it is written */
	const struct ev_hdr *ev;
	const struct rec_ctx *ctx;	/* never NULL */
	const struct rec_match *matches;
	uint32_t n_matches;
};

/*
 * Checks all of a record of len bytes at an address that is a multiple of 8: sizes, offsets and
 * strings within it, known tracer.  0 with *out filled, or -EBADMSG.
 */
int	record_check(const void *bytes, size_t len, struct event *out);

/* The same for a record from the kernel, alone: ctx is the caller's, or an empty one for NULL. */
int	record_check_kernel(const void *bytes, size_t len, const struct rec_ctx *ctx, struct event *out);

#endif
