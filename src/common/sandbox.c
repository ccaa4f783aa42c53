/* SPDX-License-Identifier: Apache-2.0 */
#include "common/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <link.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/log.h"

/* Access rights by Landlock ABI; the header of Debian 12 ends at ABI 2. */
#define LANDLOCK_FS_TRUNCATE	(1ULL << 14)	/* ABI 3, Linux 6.2 */
#define LANDLOCK_FS_IOCTL_DEV	(1ULL << 15)	/* ABI 5, Linux 6.10 */
#define LANDLOCK_NET_BIND	(1ULL << 0)	/* ABI 4, Linux 6.7 */
#define LANDLOCK_NET_CONNECT	(1ULL << 1)
#define LANDLOCK_RULE_PORT	2
#define LANDLOCK_SCOPE_ABSTRACT	(1ULL << 0)	/* ABI 6, Linux 6.12 */
#define LANDLOCK_SCOPE_SIGNAL	(1ULL << 1)

/* A build with sanitizers, for tests, makes calls and maps memory that no list has: there a
 * violation is logged by the kernel and goes through. */
#ifdef BPFD_SANITIZED
#define VIOLATION	SCMP_ACT_LOG
#define LIMIT_MEMORY	false
/* What a sealed process leaks cannot be looked for: that takes ptrace of itself. */
int __lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return prctl(PR_GET_DUMPABLE) == 0;
}
#else
#define VIOLATION	SCMP_ACT_KILL_PROCESS
#define LIMIT_MEMORY	true
#endif

struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct port_attr {
	uint64_t allowed_access, port;
};

#define FS_FILE_READ	(LANDLOCK_ACCESS_FS_READ_FILE)
#define FS_FILE_WRITE	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_FS_TRUNCATE)
#define FS_DIR_READ	(LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_DIR_WRITE	(LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
			 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG)

static int
set_limit(int which, uint64_t value)
{
	struct rlimit lim;

	if (getrlimit(which, &lim) < 0)
		return -errno;
	if (lim.rlim_max > value)
		lim.rlim_max = value;
	lim.rlim_cur = lim.rlim_max;
	return setrlimit(which, &lim) < 0 ? -errno : 0;
}

static int
apply_limits(const struct sandbox *sb)
{
	int err = set_limit(RLIMIT_CORE, 0);

	if (!err && sb->limits.nofile)
		err = set_limit(RLIMIT_NOFILE, sb->limits.nofile);
	if (!err && sb->limits.as_bytes && LIMIT_MEMORY)
		err = set_limit(RLIMIT_AS, sb->limits.as_bytes);
	if (!err && sb->limits.cpu_s)
		err = set_limit(RLIMIT_CPU, sb->limits.cpu_s);
	if (!err && sb->limits.fsize_bytes)
		err = set_limit(RLIMIT_FSIZE, sb->limits.fsize_bytes);
	return err;
}

static int
landlock_allow(int ruleset, const int *fds, size_t n, uint64_t file, uint64_t dir)
{
	for (size_t i = 0; i < n; i++) {
		struct landlock_path_beneath_attr attr = { .parent_fd = fds[i] };
		struct stat st;

		if (fstat(fds[i], &st) < 0)
			return -errno;
		attr.allowed_access = S_ISDIR(st.st_mode) ? file | dir : file;
		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) < 0)
			return -errno;
	}
	return 0;
}

static int
landlock_allow_ports(int ruleset, const uint16_t *ports, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct port_attr attr = { .allowed_access = LANDLOCK_NET_CONNECT, .port = ports[i] };

		if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PORT, &attr, 0) < 0)
			return -errno;
	}
	return 0;
}

/* Denies every right that this kernel's Landlock knows, except below the allowed descriptors. */
static int
apply_landlock(const struct sandbox *sb)
{
	struct ruleset_attr attr = { .fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	AUTO(fd) int ruleset = -1;
	int err;

	if (abi < 0) {
		log_notice("sandbox.landlock", "process=%s absent: the kernel has no Landlock", sb->name);
		return 0;
	}
	if (abi >= 2)
		attr.fs |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= 3)
		attr.fs |= LANDLOCK_FS_TRUNCATE;
	if (abi >= 4)
		attr.net = LANDLOCK_NET_BIND | LANDLOCK_NET_CONNECT;
	if (abi >= 5)
		attr.fs |= LANDLOCK_FS_IOCTL_DEV;
	if (abi >= 6)
		attr.scoped = LANDLOCK_SCOPE_ABSTRACT | LANDLOCK_SCOPE_SIGNAL;

	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
		abi >= 6 ? sizeof(attr) : abi >= 4 ? 16 : 8, 0);
	if (ruleset < 0)
		return -errno;
	err = landlock_allow(ruleset, sb->allow_ro_fds, sb->n_allow_ro, FS_FILE_READ & attr.fs,
		FS_DIR_READ & attr.fs);
	if (!err)
		err = landlock_allow(ruleset, sb->allow_rw_fds, sb->n_allow_rw,
			(FS_FILE_READ | FS_FILE_WRITE) & attr.fs, (FS_DIR_READ | FS_DIR_WRITE) & attr.fs);
	if (!err && abi >= 4)
		err = landlock_allow_ports(ruleset, sb->connect_ports, sb->n_connect_ports);
	if (err)
		return err;
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}

static int
apply_root(const struct sandbox *sb)
{
	if (sb->root_fd < 0)
		return 0;
	if (fchdir(sb->root_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

struct caps {
	struct __user_cap_header_struct hdr;
	struct __user_cap_data_struct data[2];
};

/* The bounding set first, while CAP_SETPCAP is there; then the user; then exactly keep_caps. */
static int
apply_identity(const struct sandbox *sb)
{
	uint32_t low = (uint32_t)sb->keep_caps, high = (uint32_t)(sb->keep_caps >> 32);
	struct caps caps = {
		.hdr = { .version = _LINUX_CAPABILITY_VERSION_3 },
		.data = { { .permitted = low, .effective = low },
			{ .permitted = high, .effective = high } },
	};

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(sb->keep_caps & (1ULL << cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -errno;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(sb->gid, sb->gid, sb->gid) < 0 || setresuid(sb->uid, sb->uid, sb->uid) < 0 ||
	    prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &caps.hdr, caps.data) < 0 ? -errno : 0;
}

static struct scmp_arg_cmp
seccomp_cond(const struct sandbox_cond *c)
{
	switch (c->op) {
	case SB_LE:
		return SCMP_CMP(c->arg, SCMP_CMP_LE, c->a);
	case SB_MASK_EQ:
		return SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->a, c->b);
	case SB_EQ:
	case SB_ANY:
		break;
	}
	return SCMP_CMP(c->arg, SCMP_CMP_EQ, c->a);
}

static int
add_rule(scmp_filter_ctx ctx, const struct sandbox_rule *r)
{
	int nr = seccomp_syscall_resolve_name(r->syscall);
	struct scmp_arg_cmp cmp[2];
	unsigned int n = 0;

	if (nr == __NR_SCMP_ERROR)
		return -ENOSYS;
	for (size_t i = 0; i < ARRAY_SIZE(r->cond); i++)
		if (r->cond[i].op != SB_ANY)
			cmp[n++] = seccomp_cond(&r->cond[i]);
	return seccomp_rule_add_array(ctx, r->err ? SCMP_ACT_ERRNO((uint32_t)r->err) : SCMP_ACT_ALLOW,
		nr, n, cmp);
}

static void
seccomp_release_ctx(scmp_filter_ctx ctx)
{
	seccomp_release(ctx);
}
AUTO_DEFINE(seccomp, scmp_filter_ctx, seccomp_release_ctx)

static int
export_rules(const struct sandbox *sb, int file)
{
	static const uint32_t violation[] = { [SANDBOX_ENFORCE] = VIOLATION,
		[SANDBOX_LOG] = SCMP_ACT_LOG, [SANDBOX_DENY] = SCMP_ACT_ERRNO(ENOSYS),
		[SANDBOX_ALLOW] = SCMP_ACT_ALLOW };
	AUTO(seccomp) scmp_filter_ctx ctx = seccomp_init(violation[sb->mode]);
	int err;

	if (!ctx)
		return -ENOMEM;
	/* Entry through another ABI kills in every mode; NNP is set by the caller, or not wanted. */
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !err && i < sb->n_rules; i++) {
		err = add_rule(ctx, &sb->rules[i]);
		if (err)
			log_err(err, "sandbox.rule", "process=%s syscall=%s", sb->name,
				sb->rules[i].syscall);
	}
	return err ? err : seccomp_export_bpf(ctx, file);
}

int
sandbox_compile(const struct sandbox *sb, struct sock_fprog *prog)
{
	AUTO(fd) int file = memfd_create("bpfd-seccomp", MFD_CLOEXEC);
	int err = file < 0 ? -errno : export_rules(sb, file);
	off_t len = err ? 0 : lseek(file, 0, SEEK_END);
	size_t n = (size_t)len / sizeof(*prog->filter);

	if (err || len <= 0 || n > BPF_MAXINSNS)
		return err ? err : -EINVAL;
	prog->filter = malloc((size_t)len);
	if (!prog->filter)
		return -ENOMEM;
	prog->len = (unsigned short)n;
	return pread(file, prog->filter, (size_t)len, 0) == len ? 0 : -EIO;
}

/* What nobody writes is read from its file again where it is still needed; a breakpoint that another put there is gone. */
static int
let_go_of(struct dl_phdr_info *object, size_t size, void *arg)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t from = object->dlpi_addr + p->p_vaddr, first = from & ~(page - 1);

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			madvise((void *)first, from + p->p_memsz - first, MADV_DONTNEED);
	}
	return 0;
}

/*
 * The compiler's memory, some 130 KiB that nothing needs any more, goes back to the kernel before, and the pages of
 * code that only starting needed, up to 1.5 MiB of a process: behind the filter few may give any back.
 */
int
sandbox_filter(struct sock_fprog *prog)
{
	int err;

	malloc_trim(0);
	dl_iterate_phdr(let_go_of, NULL);
	err = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, prog) < 0 ? -errno : 0;
	free(prog->filter);
	*prog = (struct sock_fprog){ 0 };
	return err;
}

/* What was asked for is what the kernel says. */
static int
check_applied(const struct sandbox *sb)
{
	struct caps caps = { .hdr = { .version = _LINUX_CAPABILITY_VERSION_3 } };
	uint32_t low = (uint32_t)sb->keep_caps, high = (uint32_t)(sb->keep_caps >> 32);
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0 ||
	    syscall(SYS_capget, &caps.hdr, caps.data) < 0)
		return -errno;
	if (r != sb->uid || e != sb->uid || s != sb->uid || rg != sb->gid || eg != sb->gid ||
	    sg != sb->gid || getgroups(0, NULL) != 0)
		return -EPERM;
	if (caps.data[0].permitted != low || caps.data[0].effective != low ||
	    caps.data[1].permitted != high || caps.data[1].effective != high ||
	    caps.data[0].inheritable || caps.data[1].inheritable)
		return -EPERM;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(sb->keep_caps & (1ULL << cap)) && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			return -EPERM;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : -EPERM;
}

int
sandbox_enter(const struct sandbox *sb)
{
	const struct {
		const char *layer;
		int (*apply)(const struct sandbox *sb);
	} steps[] = {
		{ "limits", apply_limits },
		{ "root", apply_root },
		{ "landlock", sb->landlock ? apply_landlock : NULL },
		{ "identity", apply_identity },
	};
	struct sock_fprog prog = { 0 };
	int err = 0;

	/* An exec by descriptor leaves the number of it as the name (before Linux 6.14). */
	if (prctl(PR_SET_NAME, sb->name, 0, 0, 0) < 0)
		return log_err(-errno, "sandbox.enter", "process=%s layer=name", sb->name);
	/* Landlock and seccomp both ask for it; it also ends every later gain by exec. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return log_err(-errno, "sandbox.enter", "process=%s layer=no_new_privs", sb->name);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		if (!steps[i].apply)
			continue;
		err = steps[i].apply(sb);
		if (err)
			return log_err(err, "sandbox.enter", "process=%s layer=%s", sb->name,
				steps[i].layer);
	}
	/* After the change of user, which resets both. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return log_err(-errno, "sandbox.enter", "process=%s layer=dumpable", sb->name);
	err = check_applied(sb);
	if (err)
		return log_err(err, "sandbox.enter", "process=%s layer=check", sb->name);
	err = sandbox_compile(sb, &prog);
	if (!err)
		err = sandbox_filter(&prog);
	return err ? log_err(err, "sandbox.enter", "process=%s layer=seccomp", sb->name) : 0;
}

int
sandbox_close_from(int lowest)
{
	return syscall(SYS_close_range, lowest, ~0U, 0) < 0 ? -errno : 0;
}

int
sandbox_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw || pw->pw_uid == 0)
		return log_err(-ENOENT, "sandbox.user",
			"user=%s there is no such system user; run bpfd-setup-users (or systemd-sysusers) "
			"to create bpfd's users", name);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return 0;
}
