/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef BPFD_BPF_ENFORCE_H
#define BPFD_BPF_ENFORCE_H

#include "bpf/event.h"

/*
 * What is decided in the kernel.  src/rules/enforce*.c makes the table from the rules, the loader
 * puts it into a new map in the place of the one before, bpf/enforce.bpf.c asks it at each act.
 *
 * A rule is a row for each hook that it is about.  The conditions of all rows are steps: each
 * compares one thing and says which step is next, so that a table is a program of jumps forward.
 */
enum enf_hook {
#define ENF_HOOK(id, name, kind, help) ENF_##id,
#include "bpf/enforce_hooks.def"
	N_ENF_HOOKS
};
#define ENF_HOOKS_MAX	32
#define ENF_ROWS	64
#define ENF_STEPS	512		/* of all rows */
#define ENF_PATHS	64		/* different paths and names in a table */
#define ENF_PATH_SLOTS	256		/* a power of two */
#define ENF_PATH_PROBES	8
#define ENF_PATH_DEPTH	16		/* components of a path that is compared */
#define ENF_PROTECT	32
#define ENF_WORD	32		/* bytes of a name in it, with NUL */
#define ENF_NAME_MAX	128		/* of a rule, with NUL */

/* Where a step goes: another step, a row that matches, or nowhere. */
#define ENF_MATCH	0x4000		/* | row */
#define ENF_END		0x8000

enum enf_op {
	ENF_RANGE,			/* lo <= the number <= hi */
	ENF_ALL_BITS, ENF_ANY_BITS,	/* of lo */
	ENF_BYTES,			/* the first bits of 16 bytes: lo, hi */
	ENF_PATH,			/* one of the table's paths: bit lo */
	N_ENF_OPS
};

enum enf_field {
	ENF_F_PID, ENF_F_TID, ENF_F_PPID, ENF_F_UID, ENF_F_GID, ENF_F_EUID, ENF_F_EGID, ENF_F_LOGINUID,
	ENF_F_MNTNS, ENF_F_PIDNS, ENF_F_NETNS, ENF_F_USERNS, ENF_F_HOSTNS, ENF_F_CGROUP,
	ENF_F_COMM,			/* ENF_BYTES from here */
	ENF_F_ADDR,
	ENF_F_EXE, ENF_F_PATH,		/* ENF_PATH */
	/* What the hook is about: numbers again. */
	ENF_F_ARG, ENF_F_DEV, ENF_F_INO, ENF_F_OWNER, ENF_F_NLINK, ENF_F_TARGET,
	ENF_F_PORT, ENF_F_FAMILY, ENF_F_TYPE, ENF_F_PROTOCOL,
	N_ENF_FIELDS
};

struct enf_step {
	__u64 lo, hi;
	__u16 yes, no;			/* what comes next */
	__u8 field, op, bits, row;
};

enum enf_row_flag {
	ENF_ENFORCE = 1,		/* else only said */
	ENF_CLOSED = 2,			/* what cannot be told counts as a match */
};
struct enf_row {
	__u64 full_at;			/* of the budget: when all of it is there again; the kernel side's */
	__u64 each_ns, burst_ns;	/* one act; all at once.  0: as many as come */
	__u16 next;			/* step, where the act was not stopped; or ENF_END */
	__u8 hook, flags;
	__u32 severity, name_len, reserved;
	char name[ENF_NAME_MAX];
};

/* A component, or a path of so many, by SipHash (bpf/siphash.h); 0 in masks: nobody asks so. */
struct enf_path {
	__u64 hash;
	__u64 exact, below, prefix;	/* the path itself; what lies below it; either of them */
	__u64 name;			/* the last component */
};

/* A name of an executable: the bits of mask are compared. */
struct enf_protect { __u64 word[ENF_WORD / 8], mask[ENF_WORD / 8]; };

#define ENF_MAGIC	0x31666e65u
struct enf_table {
	__u32 magic, n_rows;
	__u64 key[2];			/* of the hashes: whoever knows it could make a path that fits */
	__u64 own_ticks;		/* the supervisor's start, in hundredths of a second; the loader's */
	__u64 host_mntns;		/* address of process 1's; the kernel side's */
	__u32 own_pid;			/* the supervisor; 0: none */
	__u32 n_protect;
	__u32 needs_path, needs_exe;	/* bit per hook */
	__u16 first[ENF_HOOKS_MAX];	/* step of each hook, or ENF_END */
	struct enf_row rows[ENF_ROWS];
	struct enf_step steps[ENF_STEPS];
	struct enf_path paths[ENF_PATH_SLOTS];
	struct enf_protect protect[ENF_PROTECT];
};

/* What was decided; the event of the tracer. */
enum enf_outcome {
	ENF_DENIED, ENF_KILLED,
	ENF_WOULD,			/* the rule, or the daemon, only observes */
	ENF_OVER_BUDGET,
	ENF_PROTECTED,
	ENF_UNDECIDED,			/* what was asked could not be told: fail = "open" */
	ENF_DENIED_UNDECIDED,		/* the same: fail = "closed" */
	N_ENF_OUTCOMES
};
enum { ENFORCE_DECISION };

struct ev_enforce {
	struct ev_hdr h;		/* ret: -EPERM where the act was stopped */
	__u8 addr[16];			/* IPv4 is mapped */
	__u64 arg;			/* flags of an open or mount, origin of a program, mode of a ptrace, command of bpf(2) */
	__u32 hook, outcome;
	__u32 severity, target;		/* process that was to be traced */
	__u16 port, family, type, protocol;
	struct ev_str rule, path;
};
_Static_assert(sizeof(struct ev_enforce) == 152, "record of a decision");

#endif
