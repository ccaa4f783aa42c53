/* SPDX-License-Identifier: Apache-2.0 */
/* exec, exit, fork, cgroup and what every tracer has: real acts on the real kernel. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/cgroup.h"
#include "bpf/exec.h"
#include "bpf/exit.h"
#include "bpf/fork.h"
#include "tracerrig.h"

static const char *const proc_tracers[] = { "exec", "exit", "fork", "cgroup", NULL };
static struct tracerrig *rig;		/* all four, for the tests that need nothing else */

static int
open_rig(void **state)
{
	return tracerrig_open(proc_tracers, NULL, &rig);
}

static int
close_rig(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	return 0;
}

/* ---- acts ---- */

static pid_t
start(const char *path, char *const *argv)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execv(path, argv);
		_exit(126);
	}
	return pid;
}

static int
reap(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A copy of /bin/true at path. */
static void
copy_true(int to)
{
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;

	assert_true(from >= 0 && to >= 0);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		assert_int_equal(write(to, buf, (size_t)n), n);
	assert_int_equal(fchmod(to, 0755), 0);
	close(from);
}

#define RUN(...) run((char *const[]){ __VA_ARGS__, NULL })
static pid_t
run(char *const *argv)
{
	pid_t pid = start(argv[0], argv);

	reap(pid);
	return pid;
}

static const char *
own_exe(void)
{
	static char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	return path;
}

/* Item of a list of strings that are each followed by NUL. */
static const char *
item(const void *record, struct ev_str s, unsigned int n)
{
	const char *at = (const char *)record + s.off, *end = at + s.len;

	assert_true(s.len && !end[-1]);
	for (; n && at < end; n--)
		at += strlen(at) + 1;
	return at < end ? at : NULL;
}

static size_t
n_of(unsigned int tracer, unsigned int event, uint32_t tgid)
{
	size_t at = 0, n = 0;

	while (tracerrig_next(rig, &at, tracer, event, tgid))
		n++;
	return n;
}

static const struct ev_cgroup_info *
cgroup_info(uint64_t id, uint32_t hierarchy)
{
	const struct ev_cgroup_info *e;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_NONE, EV_CGROUP_INFO, 0)) != NULL)
		if (e->id == id && e->hierarchy == hierarchy)
			return e;
	return NULL;
}

/* ---- exec ---- */

static void
exec_has_the_whole_argument_vector_and_the_file(void **state)
{
	struct stat st;
	pid_t pid = RUN("/bin/true", "one", "", "line\nend\x01\xff");
	const struct ev_exec *e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);

	assert_non_null(e);
	assert_int_equal(stat("/bin/true", &st), 0);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->h.ppid, getpid());
	assert_int_equal(e->h.tid, pid);
	assert_string_equal(e->h.comm, "true");
	assert_string_equal(tracerrig_str(e, e->path), realpath("/bin/true", (char[PATH_MAX]){ 0 }));
	assert_string_equal(tracerrig_str(e, e->filename), "/bin/true");
	assert_string_equal(tracerrig_str(e, e->interp), "/bin/true");
	assert_int_equal(e->argc, 4);
	assert_string_equal(item(e, e->args, 0), "/bin/true");
	assert_string_equal(item(e, e->args, 1), "one");
	assert_string_equal(item(e, e->args, 2), "");
	assert_string_equal(item(e, e->args, 3), "line\nend\x01\xff");
	assert_null(item(e, e->args, 4));
	assert_int_equal(e->ino, st.st_ino);
	assert_int_equal(e->mode, st.st_mode);
	assert_true(e->nlink);
	assert_int_equal(e->origin, 0);
	assert_int_equal(e->h.flags & EV_TRUNCATED, 0);
	assert_int_equal(e->h.len % 8, 0);
}

static void
exec_of_a_script_names_script_and_interpreter(void **state)
{
	char path[] = "/tmp/tracers-XXXXXX";
	int fd = mkstemp(path);
	const struct ev_exec *e;
	pid_t pid;

	assert_true(fd >= 0 && write(fd, "#!/bin/sh\n:\n", 12) == 12 && fchmod(fd, 0700) == 0);
	close(fd);
	pid = RUN(path);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	unlink(path);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->filename), path);
	assert_string_equal(tracerrig_str(e, e->interp), "/bin/sh");
	assert_string_equal(tracerrig_str(e, e->path), realpath("/bin/sh", (char[PATH_MAX]){ 0 }));
	assert_string_equal(item(e, e->args, 1), path);
}

static void
exec_cuts_long_arguments_and_says_so(void **state)
{
	char *many = malloc(3 * EV_ARGS_MAX);
	const struct ev_exec *e;
	struct ev_count before = tracerrig_count(rig, TR_EXEC);
	pid_t pid;

	memset(many, 'x', 3 * EV_ARGS_MAX);
	many[3 * EV_ARGS_MAX - 1] = '\0';
	pid = RUN("/bin/true", many, "last");
	free(many);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_true(e->h.flags & EV_TRUNCATED);
	assert_int_equal(e->args.len, EV_ARGS_MAX);
	assert_int_equal(((const char *)e)[e->args.off + e->args.len - 1], '\0');
	assert_int_equal(e->argc, 3);
	assert_true(tracerrig_count(rig, TR_EXEC).cut > before.cut);
}

static void
exec_from_memory_is_known(void **state)
{
	int fd = memfd_create("hidden", MFD_CLOEXEC);
	const struct ev_exec *e;
	pid_t pid;

	copy_true(fd);
	pid = fork();
	if (pid == 0) {
		fexecve(fd, (char *const[]){ "kworker", NULL }, environ);
		_exit(126);
	}
	assert_int_equal(reap(pid), 0);
	close(fd);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_true(e->origin & EXEC_NO_NAME);
	assert_true(e->origin & EXEC_TMPFS);
	assert_true(e->origin & EXEC_FROM_FD);
	assert_int_equal(e->nlink, 0);
	assert_string_equal(tracerrig_str(e, e->path), "/memfd:hidden");
}

static void
exec_that_fails_has_error_name_and_arguments(void **state)
{
	pid_t pid = start("/nowhere/at/all", (char *const[]){ "all", "arg one", NULL });
	const struct ev_exec *e;

	reap(pid);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->h.ret, -ENOENT);
	assert_true(e->h.flags & EV_UNTRUSTED);
	assert_string_equal(tracerrig_str(e, e->filename), "/nowhere/at/all");
	assert_string_equal(item(e, e->args, 0), "all");
	assert_string_equal(item(e, e->args, 1), "arg one");
	assert_int_equal(e->path.len, 0);
}

static void
exec_of_a_set_user_id_file_shows_the_change(void **state)
{
	char path[] = "/var/tmp/tracers-XXXXXX";
	int fd = mkstemp(path);
	const struct ev_exec *e;
	pid_t pid;

	copy_true(fd);
	assert_int_equal(fchmod(fd, 04755), 0);
	close(fd);
	pid = fork();
	if (pid == 0) {
		if (setresuid(65534, 65534, 65534))
			_exit(125);
		execl(path, path, NULL);
		_exit(126);
	}
	reap(pid);
	unlink(path);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->h.uid, 65534);
	assert_int_equal(e->old_euid, 65534);
	assert_int_equal(e->euid, 0);
	assert_true(e->mode & S_ISUID);
}

/* ---- paths ---- */

static void
path_leads_over_mounts_to_the_root(void **state)
{
	const struct ev_exec *e;
	char dir[] = "/tmp/tracers-XXXXXX", path[64];
	pid_t pid;
	int fd;

	assert_non_null(mkdtemp(dir));
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("tracers", dir, "tmpfs", 0, NULL) || chdir(dir) || mkdir("in", 0755))
			_exit(124);
		if (mount("tracers", "in", "tmpfs", 0, NULL) || mkdir("in/side", 0755))
			_exit(125);
		fd = open("in/side/true", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		copy_true(fd);
		close(fd);
		execl("in/side/true", "true", NULL);
		_exit(126);
	}
	reap(pid);
	rmdir(dir);
	snprintf(path, sizeof(path), "%s/in/side/true", dir);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_string_equal(tracerrig_str(e, e->path), path);
	assert_true(e->origin & EXEC_TMPFS);
}

/* Who makes a path deep must not get around a rule, nor look like another file. */
static void
path_that_is_too_deep_is_marked_and_passes_filters(void **state)
{
	char dir[] = "/tmp/tracers-XXXXXX", cmd[128];
	struct tracerrig *all = rig;
	const struct ev_exec *e;
	const char *said;
	pid_t pid;
	int fd;

	assert_int_equal(tracerrig_open((const char *const[]){ "exec", NULL }, NULL, &rig), 0);
	tracerrig_filter(rig, TR_EXEC, (struct ev_tracer_filter){ .dims = DIM_PATH });
	assert_non_null(mkdtemp(dir));
	pid = fork();
	if (pid == 0) {
		if (chdir(dir))
			_exit(125);
		for (int i = 0; i < 40; i++)
			if (mkdir("d", 0755) || chdir("d"))
				_exit(125);
		fd = open("true", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		copy_true(fd);
		close(fd);
		execl("true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(reap(pid), 0);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_true(e->h.flags & EV_TRUNCATED);
	said = tracerrig_str(e, e->path);
	assert_int_equal(said[0], 'd');
	assert_string_equal(said + strlen(said) - 7, "/d/true");
	tracerrig_close(rig);
	rig = all;
}

/* ---- exit, fork ---- */

static void
exit_has_code_and_times(void **state)
{
	pid_t pid = RUN("/bin/sh", "-c", "exit 7");
	const struct ev_exit *e = tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid);

	assert_non_null(e);
	assert_int_equal(e->code, 7);
	assert_int_equal(e->signal, 0);
	assert_true(e->run_ns > 100000 && e->run_ns < 60000000000ULL);
	assert_true(e->maxrss >= 65536);
}

static void
exit_by_a_signal_names_it(void **state)
{
	pid_t pid = RUN("/bin/sh", "-c", "kill -9 $$");
	const struct ev_exit *e = tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid);

	assert_non_null(e);
	assert_int_equal(e->code, 0);
	assert_int_equal(e->signal, SIGKILL);
}

static void *
wait_here(void *arg)
{
	usleep(1000);
	return arg;
}

static void
exit_comes_once_for_many_threads(void **state)
{
	const struct ev_exit *e;
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t t[16];

		for (size_t i = 0; i < 16; i++)
			pthread_create(&t[i], NULL, wait_here, NULL);
		syscall(SYS_exit, 0);		/* the leader goes first */
	}
	reap(pid);
	e = tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid);
	assert_non_null(e);
	usleep(20000);
	tracerrig_drain(rig, 0);
	assert_int_equal(n_of(TR_EXIT, EXIT_EXIT, (uint32_t)pid), 1);
}

static void
fork_names_the_child_and_not_threads(void **state)
{
	const struct ev_fork *e;
	pthread_t thread;
	size_t at = 0, n = 0;
	pid_t pid;

	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	assert_int_equal(pthread_create(&thread, NULL, wait_here, NULL), 0);
	pthread_join(thread, NULL);
	pid = RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid));
	while ((e = tracerrig_next(rig, &at, TR_FORK, FORK_FORK, (uint32_t)getpid())) != NULL) {
		n++;
		assert_int_equal(e->child, pid);
		assert_int_equal(e->child_ns_pid, pid);
		assert_true(e->child_start >= e->h.start);
	}
	assert_int_equal(n, 1);
}

/* ---- what is said once ---- */

static void
process_is_said_before_its_first_event_and_once(void **state)
{
	const struct ev_proc_info *info;
	const struct ev_exec *e;
	size_t at = 0;
	struct stat st;
	pid_t pid;

	assert_int_equal(stat("/bin/sh", &st), 0);
	pid = RUN("/bin/sh", "-c", "exec 2>&-; /nowhere; /nowhere; :");
	assert_non_null(tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid));

	e = tracerrig_find(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	do {
		info = tracerrig_next(rig, &at, TR_NONE, EV_PROC_INFO, (uint32_t)pid);
		assert_non_null(info);
	} while (info->h.exec_id != e->h.exec_id);
	assert_true(info->h.ts <= e->h.ts);
	assert_int_equal(info->h.start, e->h.start);
	assert_string_equal(tracerrig_str(info, info->exe), realpath("/bin/sh", (char[PATH_MAX]){ 0 }));
	assert_string_equal(tracerrig_str(info, info->cwd), getcwd((char[4096]){ 0 }, 4096));
	assert_string_equal(tracerrig_str(info, info->pexe), own_exe());
	assert_string_equal(item(info, info->args, 2), "exec 2>&-; /nowhere; /nowhere; :");
	assert_int_equal(info->exe_ino, st.st_ino);
	assert_true(info->exe_nlink);
	assert_int_equal(info->ns_pid, pid);
	assert_int_equal(info->euid, 0);
	assert_true(info->cap_eff);
	assert_true(info->pidns && info->netns && info->userns && info->cgroupns && info->h.mntns);
	assert_string_equal(info->pcomm, "test-tracers-pr");
	info = tracerrig_next(rig, &at, TR_NONE, EV_PROC_INFO, (uint32_t)pid);
	assert_true(!info || info->h.exec_id != e->h.exec_id);
}

static void
process_that_was_said_is_said_to_be_gone(void **state)
{
	pid_t pid = RUN("/bin/true");
	const struct ev_hdr *gone = tracerrig_wait(rig, TR_NONE, EV_PROC_GONE, (uint32_t)pid);
	const struct ev_exit *e = tracerrig_find(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid);

	assert_non_null(gone);
	assert_non_null(e);
	assert_int_equal(gone->start, e->h.start);
	assert_true(gone->ts >= e->h.ts);
}

static void
new_generation_says_all_again(void **state)
{
	uint32_t self = (uint32_t)getpid();
	const struct ev_fork *e;

	RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_FORK, FORK_FORK, self));
	usleep(20000);
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	RUN("/bin/true");
	e = tracerrig_wait(rig, TR_FORK, FORK_FORK, self);
	assert_non_null(e);
	assert_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, self));
	assert_null(cgroup_info(e->h.cgroup, 2));

	tracerrig_forget(rig);
	tracerrig_generation(rig);
	RUN("/bin/true");
	e = tracerrig_wait(rig, TR_FORK, FORK_FORK, self);
	assert_non_null(e);
	assert_non_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, self));
	assert_non_null(cgroup_info(e->h.cgroup, 2));
	assert_true(!e->h.cgroup1 || cgroup_info(e->h.cgroup1, 1));
}

static void
processes_that_are_there_can_be_read(void **state)
{
	struct bpf_program *p = bpf_object__find_program_by_name(tracerrig_object(rig, 0), "core_processes");
	struct bpf_link *link = bpf_program__attach_iter(p, NULL);
	const size_t room = 16 << 20;
	char *all = malloc(room);
	bool self = false;
	size_t len = 0;
	ssize_t n;
	int fd;

	assert_non_null(link);
	fd = bpf_iter_create(bpf_link__fd(link));
	assert_true(fd >= 0);
	while ((n = read(fd, all + len, room - len)) > 0)
		len += (size_t)n;
	for (size_t at = 0; at < len;) {
		const struct ev_proc_info *i = (const void *)(all + at);

		assert_true(i->h.len >= sizeof(*i) && i->h.len % 8 == 0 && at + i->h.len <= len);
		assert_int_equal(i->h.event, EV_PROC_INFO);
		assert_int_equal(i->h.tgid, i->h.tid);
		if (i->h.tgid == (uint32_t)getpid()) {
			self = true;
			assert_string_equal(tracerrig_str(i, i->exe), own_exe());
		}
		at += i->h.len;
	}
	assert_true(self);
	close(fd);
	bpf_link__destroy(link);
	free(all);
}

/* ---- cgroups ---- */

/* A hierarchy of cgroups can be mounted more than once: one of our own, wherever the system has its. */
struct hierarchy {
	char dir[64];
	bool there;
};

static struct hierarchy
mount_hierarchy(const char *type, const char *controller)
{
	struct hierarchy h = { .dir = "/tmp/tracers-cgroup-XXXXXX" };

	assert_non_null(mkdtemp(h.dir));
	h.there = mount("none", h.dir, type, 0, controller) == 0;
	if (!h.there)
		rmdir(h.dir);
	return h;
}

static void
unmount_hierarchy(struct hierarchy *h)
{
	if (!h->there)
		return;
	umount(h->dir);
	rmdir(h->dir);
}

static void
join(const char *cgroup, const char *pid)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, pid, strlen(pid)) != (ssize_t)strlen(pid))
		_exit(125);
	close(fd);
}

static const struct ev_cgroup *
cgroup_event(unsigned int event, uint64_t id)
{
	for (int i = 0; i < 200; i++) {
		const struct ev_cgroup *e;
		size_t at = 0;

		while ((e = tracerrig_next(rig, &at, TR_CGROUP, event, 0)) != NULL)
			if (e->id == id)
				return e;
		tracerrig_drain(rig, 10);
	}
	return NULL;
}

/* A process that lives a few milliseconds in a cgroup of its own, which is gone after it. */
static pid_t
live_shortly_in(const char *parent, const char *name, uint64_t *id)
{
	char outer[128], inner[192];
	struct stat st;
	pid_t pid;

	snprintf(outer, sizeof(outer), "%s/%s", parent, name);
	snprintf(inner, sizeof(inner), "%s/inner", outer);
	assert_int_equal(mkdir(outer, 0755), 0);
	assert_int_equal(mkdir(inner, 0755), 0);
	assert_int_equal(stat(inner, &st), 0);
	*id = st.st_ino;
	pid = fork();
	if (pid == 0) {
		join(inner, "0");
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(reap(pid), 0);
	for (int i = 0; i < 200 && rmdir(inner); i++)
		usleep(5000);
	assert_int_equal(rmdir(outer), 0);
	return pid;
}

static void
check_short_life(struct hierarchy *h, uint32_t version)
{
	const struct ev_cgroup_info *info;
	const struct ev_cgroup *c;
	const struct ev_exec *e;
	uint64_t id = 0;
	pid_t pid = live_shortly_in(h->dir, "tracers-short", &id);

	e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_non_null(e);
	assert_int_equal(version == 2 ? e->h.cgroup : e->h.cgroup1, id);
	info = cgroup_info(id, version);
	assert_non_null(info);
	assert_true(info->h.ts <= e->h.ts);
	assert_string_equal(tracerrig_str(info, info->path), "/tracers-short/inner");
	assert_int_equal(info->level, 2);

	c = cgroup_event(CGROUP_MKDIR, id);
	assert_non_null(c);
	assert_string_equal(tracerrig_str(c, c->path), "/tracers-short/inner");
	assert_int_equal(c->level, 2);
	assert_int_equal(c->hierarchy == 0, version == 2);
	c = cgroup_event(CGROUP_ATTACH, id);
	assert_non_null(c);
	assert_int_equal(c->target, pid);
	c = cgroup_event(CGROUP_RMDIR, id);
	assert_non_null(c);
	assert_string_equal(tracerrig_str(c, c->path), "/tracers-short/inner");
}

static void
short_life_in_a_v2_cgroup_is_seen_with_its_path(void **state)
{
	struct hierarchy h = mount_hierarchy("cgroup2", NULL);

	assert_true(h.there);
	check_short_life(&h, 2);
	unmount_hierarchy(&h);
}

/* Of all v1 hierarchies the one with the most cgroups is named: give pids more than all others. */
static void
short_life_in_a_v1_cgroup_is_seen_with_its_path(void **state)
{
	struct hierarchy h = mount_hierarchy("cgroup", "pids");
	char path[128];
	int i;

	if (!h.there)
		skip();
	for (i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "%s/tracers-%d", h.dir, i);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	check_short_life(&h, 1);
	while (i-- > 0) {
		snprintf(path, sizeof(path), "%s/tracers-%d", h.dir, i);
		assert_int_equal(rmdir(path), 0);
	}
	unmount_hierarchy(&h);
}

/* ---- filters ---- */

/* How many execs of path come through a filter of which f is set and value is in the set. */
static size_t
execs_through(uint32_t dim, uint64_t value, const char *path, uint32_t depths)
{
	struct tracerrig *all = rig;
	size_t n;
	pid_t pid;

	assert_int_equal(tracerrig_open((const char *const[]){ "exec", NULL }, NULL, &rig), 0);
	tracerrig_filter(rig, TR_EXEC, (struct ev_tracer_filter){ .dims = dim, .depths = depths });
	tracerrig_filter_number(rig, TR_EXEC, dim, value);
	pid = run((char *const[]){ (char *)path, NULL });
	tracerrig_drain(rig, 100);
	n = n_of(TR_EXEC, EXEC_EXEC, (uint32_t)pid);
	assert_true(n || tracerrig_count(rig, TR_EXEC).filtered > 0);
	/* Who is filtered out costs not even a word about him. */
	assert_int_equal(n_of(TR_NONE, EV_PROC_INFO, (uint32_t)pid), n);
	tracerrig_close(rig);
	rig = all;
	return n;
}

static void
filters_pass_what_is_in_the_set_and_nothing_else(void **state)
{
	struct tracerrig *all = rig;
	const char *true_path = realpath("/bin/true", (char[PATH_MAX]){ 0 });
	const char *sh_path = realpath("/bin/sh", (char[PATH_MAX]){ 0 });
	const struct ev_exec *e;
	pid_t pid;

	assert_int_equal(execs_through(DIM_UID, 0, "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_UID, 12345, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PID, 1, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_COMM, tracerrig_hash(DIM_COMM, "true"), "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_COMM, tracerrig_hash(DIM_COMM, "tru"), "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_CGROUP, 1ULL << 60, "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PATH, tracerrig_hash(DIM_PATH, true_path), "/bin/true", 0), 1);
	assert_int_equal(execs_through(DIM_PATH, tracerrig_hash(DIM_PATH, sh_path), "/bin/true", 0), 0);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/usr"), true_path, 1U << 1), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/usr/bin"), true_path, 1U << 2), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, true_path), true_path, 1U << 3), 1);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/us"), true_path, 1U << 1), 0);
	assert_int_equal(execs_through(DIM_PREFIX, tracerrig_hash(DIM_PREFIX, "/opt"), true_path, 1U << 1 | 1U << 2), 0);
	assert_int_equal(execs_through(DIM_PREFIX, 0, true_path, 1U << 0), 1);

	/* The pid, the cgroup and the set's other tracers: known only now. */
	assert_int_equal(tracerrig_open((const char *const[]){ "exec", "exit", NULL }, NULL, &rig), 0);
	tracerrig_filter(rig, TR_EXEC, (struct ev_tracer_filter){ .dims = DIM_PID | DIM_CGROUP });
	pid = fork();
	if (pid == 0) {
		raise(SIGSTOP);
		execl("/bin/true", "true", NULL);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	tracerrig_filter_number(rig, TR_EXEC, DIM_PID, (uint64_t)pid);
	e = tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)RUN("/bin/true"));
	assert_non_null(e);
	tracerrig_filter_number(rig, TR_EXEC, DIM_CGROUP, e->h.cgroup);
	kill(pid, SIGCONT);
	reap(pid);
	assert_non_null(tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid));
	assert_int_equal(n_of(TR_EXEC, EXEC_EXEC, 0), 1);
	tracerrig_close(rig);
	rig = all;
}

static void
tracer_that_is_off_sends_nothing(void **state)
{
	struct tracerrig *all = rig;
	pid_t pid;

	assert_int_equal(tracerrig_open(proc_tracers, NULL, &rig), 0);
	tracerrig_on(rig, 1ULL << TR_EXIT);
	pid = RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_EXIT, EXIT_EXIT, (uint32_t)pid));
	assert_int_equal(n_of(TR_EXEC, EXEC_EXEC, (uint32_t)pid), 0);
	assert_int_equal(tracerrig_count(rig, TR_EXEC).produced, 0);
	tracerrig_close(rig);
	rig = all;
}

/* ---- counting and waking ---- */

static size_t
n_delivered(unsigned int tracer)
{
	size_t n = 0;

	for (size_t i = 0; i < tracerrig_n(rig); i++)
		n += tracerrig_event(rig, i)->tracer == tracer;
	return n;
}

/* Processes of the system end while we count: until two countings agree. */
static bool
all_accounted_for(unsigned int tracer)
{
	struct ev_count n = { 0 };

	for (int i = 0; i < 20; i++) {
		n = tracerrig_count(rig, tracer);
		tracerrig_drain(rig, 0);
		if (n.produced == n_delivered(tracer) + n.lost)
			return true;
		usleep(5000);
	}
	print_message("# tracer %u: %llu produced, %zu delivered, %llu lost\n", tracer,
			(unsigned long long)n.produced, n_delivered(tracer), (unsigned long long)n.lost);
	return false;
}

static void
every_record_is_delivered_or_counted_as_lost(void **state)
{
	const struct tracerrig_options tiny = { .control_bytes = 4096, .bulk_bytes = 4096 };
	struct tracerrig *all = rig;

	assert_int_equal(tracerrig_open(proc_tracers, &tiny, &rig), 0);
	for (int i = 0; i < 50; i++)
		RUN("/bin/true", "some", "arguments");
	tracerrig_generation(rig);
	RUN("/bin/true");		/* its parent cannot be said now */
	usleep(50000);			/* processes are freed later */
	tracerrig_on(rig, 0);
	assert_true(tracerrig_count(rig, TR_EXEC).produced >= 50);
	assert_true(tracerrig_count(rig, TR_EXEC).lost > 0);
	assert_true(tracerrig_count(rig, TR_EXIT).lost > 0);
	for (unsigned int i = 0; i < N_TRACERS; i++)
		assert_true(all_accounted_for(i));

	/* What could not be said is said as soon as there is room. */
	tracerrig_forget(rig);
	tracerrig_on(rig, ~0ULL);
	RUN("/bin/true");
	assert_non_null(tracerrig_wait(rig, TR_FORK, FORK_FORK, (uint32_t)getpid()));
	assert_non_null(tracerrig_find(rig, TR_NONE, EV_PROC_INFO, (uint32_t)getpid()));
	tracerrig_close(rig);
	rig = all;
}

static void
sleeper_is_woken_by_the_next_record(void **state)
{
	tracerrig_sleeping(rig, true);
	RUN("/bin/true");
	assert_true(tracerrig_awake(rig) >= 1);
	tracerrig_sleeping(rig, false);
	tracerrig_drain(rig, 100);
}

/* Numbers of 32-bit calls are others: 59 is execve, and there something old. */
static void
call_of_32_bit_is_counted_and_not_looked_at(void **state)
{
#ifdef __x86_64__
	struct ev_count before = tracerrig_count(rig, TR_NONE);
	long ret = 59;

	__asm__ volatile("int $0x80" : "+a"(ret) : "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	if (ret == -ENOSYS && tracerrig_count(rig, TR_NONE).filtered == before.filtered)
		skip();		/* the kernel has none */
	assert_true(tracerrig_count(rig, TR_NONE).filtered > before.filtered);
	tracerrig_drain(rig, 20);
	assert_int_equal(n_of(TR_EXEC, EXEC_EXEC, (uint32_t)getpid()), 0);
#else
	skip();
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec_has_the_whole_argument_vector_and_the_file),
		cmocka_unit_test(exec_of_a_script_names_script_and_interpreter),
		cmocka_unit_test(exec_cuts_long_arguments_and_says_so),
		cmocka_unit_test(exec_from_memory_is_known),
		cmocka_unit_test(exec_that_fails_has_error_name_and_arguments),
		cmocka_unit_test(exec_of_a_set_user_id_file_shows_the_change),
		cmocka_unit_test(path_leads_over_mounts_to_the_root),
		cmocka_unit_test(path_that_is_too_deep_is_marked_and_passes_filters),
		cmocka_unit_test(exit_has_code_and_times),
		cmocka_unit_test(exit_by_a_signal_names_it),
		cmocka_unit_test(exit_comes_once_for_many_threads),
		cmocka_unit_test(fork_names_the_child_and_not_threads),
		cmocka_unit_test(process_is_said_before_its_first_event_and_once),
		cmocka_unit_test(process_that_was_said_is_said_to_be_gone),
		cmocka_unit_test(new_generation_says_all_again),
		cmocka_unit_test(processes_that_are_there_can_be_read),
		cmocka_unit_test(short_life_in_a_v2_cgroup_is_seen_with_its_path),
		cmocka_unit_test(short_life_in_a_v1_cgroup_is_seen_with_its_path),
		cmocka_unit_test(filters_pass_what_is_in_the_set_and_nothing_else),
		cmocka_unit_test(tracer_that_is_off_sends_nothing),
		cmocka_unit_test(every_record_is_delivered_or_counted_as_lost),
		cmocka_unit_test(sleeper_is_woken_by_the_next_record),
		cmocka_unit_test(call_of_32_bit_is_counted_and_not_looked_at),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-proc", tests, open_rig, close_rig);
}
