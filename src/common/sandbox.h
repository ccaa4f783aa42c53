/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BPFD_COMMON_SANDBOX_H
#define BPFD_COMMON_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The confinement of one process, applied once by sandbox_enter() between start and run.
 *
 * A process lists its system calls in its own sandbox.def, one line each with the reason:
 *   SYS(read, "control channel")
 *   SYS_IF(mmap, 2, SB_MASK_EQ, PROT_EXEC, 0, "heap; never executable")
 * A rule with a condition allows the call when (arg OP ...) holds; several lines of one call are
 * alternatives.  SYS_IF2 has two conditions that must both hold.  SYS_ERRNO(call, errno, why)
 * answers a call that a library makes and tolerates failing, SYS_ERRNO_IF one with that argument.
 * Everything else, and every call through another ABI (i386, x32), kills the process.
 */
enum sandbox_op { SB_ANY = 0, SB_EQ, SB_MASK_EQ, SB_LE };

struct sandbox_cond {
	uint32_t arg;		/* 0 to 5 */
	enum sandbox_op op;	/* SB_ANY: no condition */
	uint64_t a, b;		/* SB_EQ: arg == a; SB_LE: arg <= a; SB_MASK_EQ: (arg & a) == b */
};

struct sandbox_rule {
	const char *syscall;
	int err;		/* 0: allow; else the call returns -1 with this errno */
	struct sandbox_cond cond[2];
	const char *why;
};

#define SYS(call, why)                           { #call, 0, { { 0 } }, why },
#define SYS_IF(call, n, op, a, b, why)           { #call, 0, { { n, op, a, b } }, why },
#define SYS_IF2(call, n, op, a, b, m, op2, a2, b2, why)                                            \
	{ #call, 0, { { n, op, a, b }, { m, op2, a2, b2 } }, why },
#define SYS_ERRNO(call, error, why)              { #call, error, { { 0 } }, why },
#define SYS_ERRNO_IF(call, error, n, op, a, b, why) { #call, error, { { n, op, a, b } }, why },

enum sandbox_mode {
	SANDBOX_ENFORCE,	/* a violation kills the process */
	SANDBOX_LOG,		/* a violation is logged by the kernel and allowed: debug builds only */
	SANDBOX_DENY,		/* a violation fails with ENOSYS */
	SANDBOX_ALLOW,		/* the list is of what is refused (SYS_ERRNO); for a process whose job
				 * is to execute others, which inherit it */
};

struct sandbox {
	const char *name;
	uid_t uid;			/* 0 only for a process whose job is tied to root */
	gid_t gid;
	uint64_t keep_caps;		/* bit per CAP_*: permitted and effective afterwards; all others
					 * leave the bounding set too */
	int root_fd;			/* directory that becomes the root; -1: keep the root */
	bool landlock;			/* deny every file system access that is not below allow_* */
	const int *allow_rw_fds;	/* directories or files that stay usable, n_allow_rw of them */
	size_t n_allow_rw;
	const int *allow_ro_fds;
	size_t n_allow_ro;
	const uint16_t *connect_ports;	/* with landlock: TCP ports that stay connectable, from Linux 6.7 on */
	size_t n_connect_ports;
	struct {
		uint64_t nofile, as_bytes, cpu_s, fsize_bytes;	/* 0: leave as it is */
	} limits;
	const struct sandbox_rule *rules;
	size_t n_rules;
	enum sandbox_mode mode;
};

/*
 * Applies, in this order: rlimits (core always 0), chroot, Landlock
 * where the kernel has it, user and groups, capabilities, no_new_privs, non-dumpable, death with
 * the parent; checks by the kernel's own answers (prctl, getresuid, capget) that all of it took
 * effect; and last seccomp.  Returns 0 or a negative errno, after which the caller must exit.
 * A kernel without Landlock is logged at notice and is not an error.
 */
int	sandbox_enter(const struct sandbox *sb);

/*
 * Only the seccomp part, in two steps, with SANDBOX_DENY for a process that goes on to exec others: the filter
 * is inherited.  Compiling takes most of a millisecond.  Loading frees prog->filter; without no_new_privs it
 * takes CAP_SYS_ADMIN.  Both: 0 or a negative errno.
 */
struct sock_fprog;
int	sandbox_compile(const struct sandbox *sb, struct sock_fprog *prog);
int	sandbox_filter(struct sock_fprog *prog);

/* Closes every descriptor >= lowest. Part of every start, before anything is opened. */
int	sandbox_close_from(int lowest);

/* uid and gid of a system user.  -ENOENT with the name logged and what to run to create it. */
int	sandbox_user(const char *name, uid_t *uid, gid_t *gid);

#endif
