/* SPDX-License-Identifier: Apache-2.0 */
/* creds, ns and capable: what a process may do and where it is, and how that changes. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bpf/capable.h"
#include "bpf/creds.h"
#include "bpf/ns.h"
#include "tracers-own.h"

#define SOMEBODY 65533u
#define BIT(cap) (1ULL << CAP_##cap)

static const char *const tracers[] = { "creds", "ns", "capable", NULL };
static pid_t older;			/* a child from before the tracer was there */
static int older_go[2];

static int
start_older(void)
{
	char c;

	if (pipe2(older_go, O_CLOEXEC))
		return -1;
	older = fork();
	if (older == 0) {
		close(older_go[1]);
		_exit(read(older_go[0], &c, 1) != 1 || setresuid(SOMEBODY, SOMEBODY, SOMEBODY));
	}
	return older < 0 ? -1 : 0;
}

static int
setup(void **state)
{
	return start_older() ? -1 : tracerrig_open(tracers, NULL, &rig);
}

/* ---- creds ---- */

static int
becomes_somebody(void)
{
	return setgroups(0, NULL) || setresgid(SOMEBODY, SOMEBODY, SOMEBODY) || setresuid(SOMEBODY, SOMEBODY, SOMEBODY);
}

static const struct ev_creds *
creds_of(pid_t pid, uint32_t call)
{
	const struct ev_creds *e;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_CREDS, CREDS_CALL, (uint32_t)pid)))
		if (e->call == call)
			return e;
	return NULL;
}

static void
a_change_of_user_has_both_users(void **state)
{
	pid_t pid = child(becomes_somebody);
	const struct ev_creds *e = creds_of(pid, SYS_setresuid);

	assert_non_null(e);
	assert_int_equal(e->before.known, 1);
	assert_int_equal(e->before.uid | e->before.euid | e->before.suid | e->before.fsuid, 0);
	assert_int_equal(e->now.uid, SOMEBODY);
	assert_int_equal(e->now.euid, SOMEBODY);
	assert_int_equal(e->now.suid, SOMEBODY);
	assert_int_equal(e->now.fsuid, SOMEBODY);
	assert_true(e->before.permitted & BIT(SETUID));
	assert_int_equal(e->now.permitted | e->now.effective, 0);
	assert_int_equal(e->gained, 0);
	assert_int_equal(e->before.groups | e->now.groups, 0);

	e = creds_of(pid, SYS_setresgid);
	assert_non_null(e);
	assert_int_equal(e->before.gid, getgid());
	assert_int_equal(e->now.egid, SOMEBODY);
	e = creds_of(pid, SYS_setgroups);
	assert_non_null(e);
	assert_int_equal(e->now.n_groups, 0);
}

static int
changes_nothing(void)
{
	return setuid(0) || setgid(0) || setfsuid((uid_t)-1) || prctl(PR_SET_NAME, "another") || getuid() ||
		unshare(CLONE_NEWUTS) || prctl(PR_CAPBSET_READ, 0) != 1;
}

static void
what_changes_nothing_is_no_event(void **state)
{
	pid_t pid = child(changes_nothing);

	assert_null(tracerrig_find(rig, TR_CREDS, CREDS_CALL, (uint32_t)pid));
	assert_null(tracerrig_find(rig, TR_CREDS, CREDS_EXEC, (uint32_t)pid));
}

static int
tries_to_be_root(void)
{
	return becomes_somebody() || setuid(0) == 0 || errno != EPERM;
}

static void
a_refused_change_is_one_too(void **state)
{
	const struct ev_creds *e = creds_of(child(tries_to_be_root), SYS_setuid);

	assert_non_null(e);
	assert_int_equal(e->h.ret, -EPERM);
	assert_int_equal(e->before.uid, SOMEBODY);
	assert_memory_equal(&e->before, &e->now, sizeof(e->now));
	assert_int_equal(e->gained, 0);
}

static int
drops_capabilities_and_takes_one_again(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2];

	if (prctl(PR_CAPBSET_DROP, CAP_SYS_BOOT) || syscall(SYS_capget, &h, d))
		return 1;
	d[0].effective &= ~(1u << CAP_CHOWN);
	if (syscall(SYS_capset, &h, d))
		return 1;
	d[0].effective |= 1u << CAP_CHOWN;
	d[0].permitted &= ~(1u << CAP_KILL);
	d[0].effective &= ~(1u << CAP_KILL);
	return (int)syscall(SYS_capset, &h, d);
}

static void
sets_of_capabilities_are_told(void **state)
{
	pid_t pid = child(drops_capabilities_and_takes_one_again);
	const struct ev_creds *e = creds_of(pid, SYS_prctl);
	size_t at = 0;

	assert_non_null(e);
	assert_int_equal(e->before.bounding & ~e->now.bounding, BIT(SYS_BOOT));
	do
		e = tracerrig_next(rig, &at, TR_CREDS, CREDS_CALL, (uint32_t)pid);
	while (e && e->call != SYS_capset);
	assert_non_null(e);
	assert_int_equal(e->before.effective & ~e->now.effective, BIT(CHOWN));
	e = tracerrig_next(rig, &at, TR_CREDS, CREDS_CALL, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->now.effective & ~e->before.effective, BIT(CHOWN));
	assert_int_equal(e->before.permitted & ~e->now.permitted, BIT(KILL));
	assert_int_equal(e->gained, 0);			/* it was permitted all the time */
}

static char dir[] = "/tmp/bpfd-privs-XXXXXX", file[64];	/* a test's own */

static void
make_dir(const char *name)
{
	strcpy(dir, "/tmp/bpfd-privs-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/%s", dir, name);
}

static int
runs_a_set_user_id_file(void)
{
	if (becomes_somebody())
		return 1;
	execl(file, file, NULL);
	return 2;
}

static void
an_exec_that_gains_is_told_and_another_is_not(void **state)
{
	const struct ev_creds *e;
	char cmd[192];
	pid_t pid;

	make_dir("true");
	snprintf(cmd, sizeof(cmd), "chmod 755 %s && cp /bin/true %s && chmod 4755 %s", dir, file, file);
	assert_int_equal(system(cmd), 0);
	pid = child(runs_a_set_user_id_file);
	e = tracerrig_find(rig, TR_CREDS, CREDS_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->before.euid, SOMEBODY);
	assert_int_equal(e->now.euid, 0);
	assert_int_equal(e->now.uid, SOMEBODY);
	assert_true(e->gained & BIT(SETUID));
	assert_string_equal(e->h.comm, "true");

	tracerrig_forget(rig);
	assert_int_equal(chmod(file, 0755), 0);
	pid = child(runs_a_set_user_id_file);
	assert_null(tracerrig_find(rig, TR_CREDS, CREDS_EXEC, (uint32_t)pid));
	unlink(file);
	rmdir(dir);
}

static int
makes_a_user_namespace(void)
{
	return becomes_somebody() || unshare(CLONE_NEWUSER);
}

static void
a_user_namespace_gives_all_within_it(void **state)
{
	const struct ev_creds *e = creds_of(child(makes_a_user_namespace), SYS_unshare);

	assert_non_null(e);
	assert_true(e->gained & BIT(SYS_ADMIN));
	assert_int_not_equal(e->before.userns, e->now.userns);
}

static void
a_process_older_than_the_tracer_has_no_before(void **state)
{
	const struct ev_creds *e;

	assert_int_equal(write(older_go[1], "x", 1), 1);
	assert_int_equal(reap(older), 0);
	e = tracerrig_wait(rig, TR_CREDS, CREDS_CALL, (uint32_t)older);
	assert_non_null(e);
	assert_int_equal(e->before.known, 0);
	assert_int_equal(e->now.uid, SOMEBODY);
	assert_int_equal(e->gained, 0);
}

static void
what_was_said_of_the_process_is_said_again(void **state)
{
	pid_t pid = child(becomes_somebody);
	const struct ev_proc_info *info = NULL, *e;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_NONE, EV_PROC_INFO, (uint32_t)pid)))
		info = e;
	assert_non_null(info);
	assert_int_equal(info->euid, SOMEBODY);
	assert_int_equal(info->cap_eff, 0);
}

/* ---- ns ---- */

static int
makes_namespaces(void)
{
	pid_t pid;

	if (unshare(CLONE_NEWNET | CLONE_NEWUTS))
		return 1;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWIPC | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(0);
	return pid < 0 || reap(pid);
}

/* Of the test itself, which has not moved. */
static uint32_t
inode_of(const char *name)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	assert_int_equal(stat(path, &st), 0);
	return (uint32_t)st.st_ino;
}

enum { MNT, UTS, IPC, PID, NET };

static void
made_namespaces_have_both_numbers(void **state)
{
	pid_t pid = child(makes_namespaces);
	const struct ev_ns *e = tracerrig_find(rig, TR_NS, NS_UNSHARE, (uint32_t)pid);

	assert_non_null(e);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->flags, CLONE_NEWNET | CLONE_NEWUTS);
	assert_int_equal(e->changed, CLONE_NEWNET | CLONE_NEWUTS);
	assert_int_equal(e->before[NET], inode_of("net"));
	assert_int_equal(e->before[UTS], inode_of("uts"));
	assert_true(e->now[NET] && e->now[NET] != e->before[NET]);
	assert_int_equal(e->before[MNT] | e->now[MNT], 0);

	e = tracerrig_find(rig, TR_NS, NS_CLONE, (uint32_t)pid);
	assert_non_null(e);
	assert_true(e->h.ret > 0);
	assert_int_equal(e->changed, CLONE_NEWIPC);
	assert_int_equal(e->before[IPC], inode_of("ipc"));
}

static int
enters_another(void)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);

	return fd < 0 || unshare(CLONE_NEWUTS) || setns(fd, 0) || setns(fd, CLONE_NEWNET) == 0;
}

static void
an_entered_namespace_has_both_numbers(void **state)
{
	pid_t pid = child(enters_another);
	const struct ev_ns *e;
	size_t at = 0;

	e = tracerrig_next(rig, &at, TR_NS, NS_SETNS, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->changed, CLONE_NEWUTS);
	assert_int_equal(e->now[UTS], inode_of("uts"));
	assert_int_not_equal(e->before[UTS], e->now[UTS]);
	e = tracerrig_next(rig, &at, TR_NS, NS_SETNS, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->h.ret, -EINVAL);
	assert_int_equal(e->flags, CLONE_NEWNET);
	assert_int_equal(e->changed, 0);
}

static int
makes_none(void)
{
	pid_t pid;

	if (unshare(CLONE_FILES | CLONE_FS))
		return 1;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return reap(pid);
}

static void
what_makes_no_namespace_is_no_event(void **state)
{
	uint32_t pid = (uint32_t)child(makes_none);

	for (uint32_t event = 0; event < N_NS_EVENTS; event++)
		assert_null(tracerrig_find(rig, TR_NS, event, pid));
}

static int
changes_root(void)
{
	return symlink("/usr", file) || chroot(file) || chroot("nowhere") == 0;
}

static void
a_new_root_is_the_kernels_path(void **state)
{
	const struct ev_ns *e;
	size_t at = 0;
	pid_t pid;

	make_dir("link");
	pid = child(changes_root);
	e = tracerrig_next(rig, &at, TR_NS, NS_CHROOT, (uint32_t)pid);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->path), "/usr");
	assert_int_equal(e->h.flags, 0);
	e = tracerrig_next(rig, &at, TR_NS, NS_CHROOT, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->h.ret, -ENOENT);
	assert_true(e->h.flags & EV_UNRESOLVED);
	unlink(file);
	rmdir(dir);
}

/* ---- capable ---- */

/* The only one, or NULL; others are asked of the same process. */
static const struct ev_capable *
asked_for_chroot(pid_t pid)
{
	const struct ev_capable *e, *found = NULL;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_CAPABLE, CAPABLE_CAPABLE, (uint32_t)pid))) {
		assert_false(found && e->cap == CAP_SYS_CHROOT);
		if (e->cap == CAP_SYS_CHROOT)
			found = e;
	}
	return found;
}

static int
changes_root_often(void)
{
	for (int i = 0; i < 100; i++)
		if (chroot("/"))
			return 1;
	return 0;
}

static void
a_capability_that_is_used_is_told_once(void **state)
{
	uint64_t before = tracerrig_count(rig, TR_CAPABLE).filtered;
	const struct ev_capable *e = asked_for_chroot(child(changes_root_often));

	assert_non_null(e);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->count, 1);
	assert_int_equal(e->userns, inode_of("user"));
	assert_true(tracerrig_count(rig, TR_CAPABLE).filtered - before >= 99);
}

static int
is_refused_a_new_root(void)
{
	return becomes_somebody() || chroot("/") == 0 || errno != EPERM;
}

static void
a_capability_that_is_missing_is_told(void **state)
{
	const struct ev_capable *e = asked_for_chroot(child(is_refused_a_new_root));

	assert_non_null(e);
	assert_int_equal(e->h.ret, -EPERM);
	assert_int_equal(e->h.uid, SOMEBODY);
}

static int
has_it_in_a_namespace_of_its_own(void)
{
	return becomes_somebody() || unshare(CLONE_NEWUSER) || chroot("/");
}

static void
a_capability_has_the_namespace_that_it_holds_in(void **state)
{
	const struct ev_capable *e = asked_for_chroot(child(has_it_in_a_namespace_of_its_own));

	assert_non_null(e);
	assert_int_equal(e->h.ret, 0);
	assert_int_not_equal(e->userns, inode_of("user"));
}

static int
needs_nothing(void)
{
	return getppid() < 0 || getpid() < 0 || umask(0) == (mode_t)-1;
}

static void
what_needs_no_capability_is_no_event(void **state)
{
	assert_null(asked_for_chroot(child(needs_nothing)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_change_of_user_has_both_users),
		TEST(what_changes_nothing_is_no_event),
		TEST(a_refused_change_is_one_too),
		TEST(sets_of_capabilities_are_told),
		TEST(an_exec_that_gains_is_told_and_another_is_not),
		TEST(a_user_namespace_gives_all_within_it),
		TEST(a_process_older_than_the_tracer_has_no_before),
		TEST(what_was_said_of_the_process_is_said_again),
		TEST(made_namespaces_have_both_numbers),
		TEST(an_entered_namespace_has_both_numbers),
		TEST(what_makes_no_namespace_is_no_event),
		TEST(a_new_root_is_the_kernels_path),
		TEST(a_capability_that_is_used_is_told_once),
		TEST(a_capability_that_is_missing_is_told),
		TEST(a_capability_has_the_namespace_that_it_holds_in),
		TEST(what_needs_no_capability_is_no_event),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
