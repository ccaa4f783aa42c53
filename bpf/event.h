/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_EVENT_H
#define BPFD_BPF_EVENT_H

#include <linux/types.h>

/*
 * What the kernel side writes and bpfd-enricher reads.
 *
 * Every record: struct ev_hdr, the rest of the tracer's struct (bpf/NAME.h), then the bytes that
 * its struct ev_str name.  len counts all of it and is a multiple of 8; padding is zero.
 */
enum ev_class { EV_CONTROL, EV_BULK, EV_PRIORITY, N_EV_CLASSES };	/* PRIORITY: what is urgent of BULK */
#define EV_RING_PLACE(cpu, class) ((cpu) * N_EV_CLASSES + (class))	/* in the map "rings" */
enum { TR_SENSITIVE = 1, TR_COSTLY = 2, TR_NO_KERNEL = 4, TR_CONFIGURED = 8 };

enum ev_tracer {
	TR_NONE,			/* a record of the core itself: enum ev_info */
#define TRACER(id, name, class, flags, help) TR_##id,
#include "bpf/tracers.def"
	N_BUILTIN_TRACERS,
	/* Those that bpf/declared.h is about: the last numbers, so that a new tracer here moves none. */
	TR_DECLARED = 48,
	N_TRACERS = 64
};
_Static_assert((int)N_BUILTIN_TRACERS <= (int)TR_DECLARED, "there is a number for each");
#define TRACERS_MAX	64		/* sizes what both sides share; a mask of tracers is a __u64 */
#define DECLARED_MAX	(TRACERS_MAX - 48)
#define EV_RECORD_MAX	32768		/* bytes of one record */
#define EV_PATH_MAX	4096
#define EV_ARGS_MAX	4096		/* bytes of arguments in one record */
#define EV_SYSCALLS	576		/* numbers that the dispatcher knows, x32's too */
#define EV_COMM		16

struct ev_str { __u16 off, len; };	/* off: from the start of the record; len without a NUL */

enum ev_flag {
	EV_TRUNCATED = 1,		/* a string is cut, or could not be read: EV_CUT() says which */
	EV_UNTRUSTED = 2,		/* a string was read from the process's memory */
	EV_UNRESOLVED = 4,		/* a path is as the process gave it, not the kernel's */
	EV_NO_OWNER = 8,		/* seen in an interrupt: tgid, comm, ... are of whoever ran */
	EV_COMPAT = 16,			/* through the 32-bit system call table */
	EV_URING = 32,			/* done by io_uring: a descriptor may be another's by now */
	EV_REDACTED = 64,		/* by the enricher: what is secret was taken out */
};

/* Process identity is (tgid, start, exec_id): what is constant for it travels once, as EV_PROC. */
struct ev_hdr {
	__u32 len;
	__u16 tracer;			/* enum ev_tracer */
	__u16 event;			/* which of the tracer's events; of TR_NONE: enum ev_info */
	__u64 ts;			/* CLOCK_BOOTTIME, ns */
	__u64 start;			/* of the process: its leader's start_boottime, ns */
	__u64 cgroup;			/* id of its cgroup in the v2 hierarchy; 0: none */
	__u64 cgroup1;			/* in the v1 hierarchy that has the most cgroups; 0: none */
	__s64 ret;			/* negative errno where the event can fail */
	__u32 tgid, tid, ppid;		/* in the initial pid namespace */
	__u32 uid, gid;			/* in the initial user namespace */
	__u32 mntns;			/* inode number */
	__u32 exec_id;			/* low half of task->self_exec_id */
	__u16 flags;			/* enum ev_flag */
	__u16 cut;			/* EV_CUT() of each string that is cut */
	char comm[EV_COMM];
};
_Static_assert(sizeof(struct ev_hdr) == 96, "header of a record");

/*
 * The bit in cut of the struct ev_str at that offset of the record.  Strings far from one another may
 * have the same: then both count as cut.
 */
#define EV_CUT(off) (1U << (((off) / 4 - 24) & 15))

/* Records of the core: sent into the control ring of the CPU before the event that needs them. */
enum ev_info { EV_CGROUP_INFO = 1, EV_PROC_INFO, EV_PROC_GONE };

struct ev_cgroup_info {			/* h: only len, tracer, event, ts */
	struct ev_hdr h;
	__u64 id;
	__u32 hierarchy;		/* 2: cgroup = id; 1: cgroup1 = id */
	__u32 level;
	struct ev_str path;		/* from the root of the hierarchy: "/", "/a/b" */
	__u32 epoch;			/* which v1 hierarchy it was; of v2 0 */
};

struct ev_proc_info {			/* h: of the process, tid = tgid */
	struct ev_hdr h;
	__u64 pstart;			/* of the parent */
	__u64 cap_eff;
	__u64 exe_dev, exe_ino;		/* dev: major << 20 | minor, as the kernel keeps it */
	__u32 euid, egid, loginuid, sessionid;
	__u32 ns_pid;			/* its pid in its own pid namespace */
	__u32 pidns, netns, userns, cgroupns;
	__u32 exe_nlink;		/* 0: deleted or never had a name (memfd) */
	char pcomm[EV_COMM];
	char tty[EV_COMM];		/* "pts0", "" when there is none */
	struct ev_str exe, cwd, pexe;
	struct ev_str args;		/* each argument followed by NUL; EV_UNTRUSTED */
};
/*
 * EV_PROC_GONE: a struct ev_hdr alone; the process (tgid, start) has been reaped, and nothing of it
 * comes any more.  Of one that was said alone; a rare one goes missing (the kernel was busy with its
 * storage), so that who keeps a table must be able to forget without it.
 *
 * A path that does not begin with a slash has lost its beginning (EV_TRUNCATED).
 */

/*
 * The map "shared": BPF_F_MMAPABLE array, one element for each possible CPU.  Written by the
 * kernel side with atomics, read by the enricher; only sleeping is written by both.  A wake-up may
 * come with a discarded record of no bytes in the ring.
 */
struct ev_count {
	__u64 produced;			/* passed the filter */
	__u64 lost;			/* of these: the ring was full */
	__u64 throttled;		/* of these: its cgroup had had its share of a ring that fills */
	__u64 filtered;			/* did not pass */
	__u64 cut;			/* records with EV_TRUNCATED */
};
struct ev_cpu {
	__u32 sleeping;			/* the enricher waits: wake it, and write 0 */
	__u32 pressed;			/* bit per class: the ring is three quarters full */
	__u32 turn;			/* records, for a look at the rings now and then */
	__u32 pad[13];
	struct ev_count count[TRACERS_MAX];	/* [0]: records of the core */
};

/* The map "settings": array of one, written by the loader. */
struct ev_settings {
	__u32 generation;		/* when it changes, EV_CGROUP_INFO and EV_PROC_INFO are sent anew */
	__u32 filter;			/* element of "filters" in use: 0 or 1 */
	__u64 on;			/* bit per tracer: produce events of it */
	/* What a cgroup may send on a CPU whose ring is pressed: one in share_ns, share_burst_ns ahead. */
	__u64 share_ns, share_burst_ns;	/* 0: as much as it likes */
};

/*
 * In-kernel filter: a superset of what the rules want.  Of each dimension in dims a tracer's event
 * must have a value that is in the map "filter_set" with the tracer's bit, for the same filter
 * element.  No dimension: everything passes.
 */
enum ev_dim {
	DIM_PID = 1, DIM_UID = 2, DIM_COMM = 4, DIM_CGROUP = 8,
	DIM_PATH = 16, DIM_PREFIX = 32,	/* together: one of the two must hold */
	DIM_TESTS = 64,
	DIM_EXE = 128,			/* path of the executable, as EV_PROC_INFO said it */
	DIM_RUNTIME = 256,		/* has no values in "filter_set", but a mask: cgroup_kinds */
};
enum { EV_FILTER_URGENT = 1 };		/* wake the enricher at once, and EV_PRIORITY */
#define EV_PREFIX_MAX	16		/* components of a path that are looked at as prefixes */

/*
 * The map "cgroup_kinds", BPF_F_MMAPABLE: what the enricher found a cgroup to be, written by it as one
 * word at the place of the cgroup's number.  What is not there is not known.
 */
#define EV_KIND_PLACES		4096
#define EV_KIND_ID_MAX		(1ULL << 40)	/* greater ones are never there */
#define EV_KIND_PLACE(id, hierarchy) (((__u32)(id) * 2 + (hierarchy)) & (EV_KIND_PLACES - 1))
#define EV_KIND_WORD(id, hierarchy, epoch, kind)                                                     \
	((__u64)(id) << 24 | (__u64)((epoch) & 0xffff) << 8 | ((hierarchy) & 1) << 7 | (kind))
#define EV_KIND_MASK		0x7f
#define EV_KIND_POD		0x40		/* it is of a pod; below it the number of the runtime */
#define EV_KIND_RUNTIMES	31		/* 0: no container */
#define EV_RUNTIME_POD		(1u << 31)	/* in a mask of runtimes */

/* How the arguments of a call of the 32-bit table differ from those of the 64-bit one. */
enum ev_form {
	EV_FORM_SAME,
	EV_FORM_IDS16,			/* users and groups of 16 bits */
	EV_FORM_OWNER16,		/* the same, after a path or a descriptor */
	EV_FORM_SPLIT,			/* the second one, of 64 bits, takes two */
	EV_FORM_ONE,			/* only one */
	EV_FORM_MEMORY,			/* all in memory that one points to */
};

/*
 * The map "sys_slots", for the dispatcher: what its index is as the number of a call.  Numbers of
 * the 64-bit table are here plus 1; 0: it has no such call.
 */
struct ev_slot {
	__u64 mask;			/* tracers whose program sees that call of the 64-bit table */
	__u64 mask32;			/* of the 32-bit table */
	__u16 as32, asx32;		/* what has this number in the other tables */
	__u16 socketcall;		/* what this first argument of socketcall means */
	__u8 socketcall_args;
	__u8 form;			/* enum ev_form, of the 32-bit table's */
	__u64 reserved;			/* an index is a shift */
};

/*
 * Of any member of a tracer's record, its own or the header's, when the record is there: every test
 * has to hold, and one does when one of its values fits.  A value that is not needed repeats another.
 */
#define EV_TESTS	4
#define EV_TEST_VALUES	8
#define EV_TEST_OFF_MAX	1008
enum ev_test_kind {
	EV_TEST_NONE,			/* holds */
	EV_TEST_NUMBER, EV_TEST_SIGNED,	/* lies in a to a + b */
	EV_TEST_BITS,			/* has one of the bits of a[0] */
	EV_TEST_ADDRESS,		/* two words, of two values each: with b's bits it is a */
	EV_TEST_HEAD, EV_TEST_TAIL,	/* the first, the last eight bytes of a struct ev_str's: as an address */
	N_EV_TESTS
};
struct ev_test {
	__u16 off;			/* from the start of the record */
	__u8 kind;
	__u8 shift;			/* 64 less the bits of the number */
	__u32 reserved;
	__u64 a[EV_TEST_VALUES], b[EV_TEST_VALUES];
};

static inline __attribute__((always_inline)) int
ev_test_number(const struct ev_test *t, __u64 v)
{
	__u32 shift = t->shift & 63;

	v <<= shift;
	v = t->kind == EV_TEST_SIGNED ? (__u64)((__s64)v >> shift) : v >> shift;
	if (t->kind == EV_TEST_BITS)
		return (v & t->a[0]) != 0;
	for (int i = 0; i < EV_TEST_VALUES; i++)
		if (v - t->a[i] <= t->b[i])
			return 1;
	return 0;
}

static inline __attribute__((always_inline)) int
ev_test_word(const struct ev_test *t, __u64 v)
{
	for (int i = 0; i < EV_TEST_VALUES; i++)
		if ((v & t->b[i]) == t->a[i])
			return 1;
	return 0;
}

static inline __attribute__((always_inline)) int
ev_test_address(const struct ev_test *t, __u64 v, __u64 w)
{
	for (int i = 0; i < EV_TEST_VALUES; i += 2)
		if ((v & t->b[i]) == t->a[i] && (w & t->b[i + 1]) == t->a[i + 1])
			return 1;
	return 0;
}

#define EV_INLINE	4
struct ev_tracer_filter {
	__u32 dims;			/* enum ev_dim */
	__u32 depths;			/* bit N: a prefix of N components is in the set (0: "/") */
	__u32 flags;
	/*
	 * Of these dims all values are here too, and "filter_set" is not asked: by who writes the map,
	 * 0 in what the API sends.  A place that is not needed repeats another.
	 */
	__u32 inlined;
	__u32 pid[EV_INLINE], uid[EV_INLINE];
	__u64 comm[EV_INLINE], cgroup[EV_INLINE], exe[EV_INLINE];
	__u32 runtimes, reserved;	/* of DIM_RUNTIME: bits by EV_KIND_RUNTIMES, and EV_RUNTIME_POD */
	struct ev_test test[EV_TESTS];	/* of DIM_TESTS */
};
struct ev_filter { struct ev_tracer_filter t[TRACERS_MAX]; };	/* the map "filters": array of two */

/*
 * Key of "filter_set": value is the mask of tracers (__u64).  value of the key: DIM_PID, DIM_UID,
 * DIM_CGROUP (either hierarchy's id) the number; of the others a hash: of comm, of a whole path (DIM_EXE
 * too), or of its first N components without the slash that follows.
 */
struct ev_filter_key { __u64 value; __u32 dim; __u32 filter; };
#define EV_FILTER_SET_MAX 65536

/*
 * A hash takes words of 8 bytes, the first byte lowest, with zeros behind the end: comm as two of
 * them, a path by component, of each EV_HASH_SLASH(), then its words and one that is not full, if
 * only of zeros.  So a prefix of a path has been hashed on the way to its end.  A slash more makes
 * an empty component.
 */
#define EV_HASH_WORD(h, word) ev_hash_fold(((h) ^ (word)) * 0x9e3779b97f4a7c15ULL)
#define EV_HASH_SLASH(h) (((h) ^ '/') * 0xc2b2ae3d27d4eb4fULL)
static inline __attribute__((always_inline)) __u64
ev_hash_fold(__u64 h)
{
	return h ^ h >> 32;
}

/* FNV-1a, 64 bit, byte by byte. */
#define EV_HASH_INIT 0xcbf29ce484222325ULL
#define EV_HASH_STEP(h, byte) (((h) ^ (__u8)(byte)) * 0x100000001b3ULL)

#endif
