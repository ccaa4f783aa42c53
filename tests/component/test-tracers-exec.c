/* SPDX-License-Identifier: Apache-2.0 */
/* The tracer exec, and paths as every tracer tells them: real acts on the real kernel. */
#include <limits.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/exec.h"
#include "tracers-acts.h"

#define CUT(member) EV_CUT(offsetof(struct ev_exec, member))

/* ---- acts ---- */

/* A copy of a program. */
static void
copy_of(const char *program, int to)
{
	int from = open(program, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n;

	assert_true(from >= 0 && to >= 0);
	while ((n = read(from, buf, sizeof(buf))) > 0)
		assert_int_equal(write(to, buf, (size_t)n), n);
	assert_int_equal(fchmod(to, 0755), 0);
	close(from);
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
	assert_int_equal(e->h.cut, CUT(args));
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

	copy_of("/bin/true", fd);
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

static char race_dir[] = "/tmp/bpfd-exec-XXXXXX", race_path[64], race_arg[] = "a-name";
static char *race_which;		/* the last letter of race_path */

static void *
rewrite(void *arg)
{
	for (;;) {
		*(volatile char *)race_which ^= 'a' ^ 'b';
		*(volatile char *)race_arg ^= 'a' ^ 'b';
	}
	return NULL;
}

/* Has another thread change what it executes and the arguments meanwhile; out: it says what it is then. */
static pid_t
race(int out)
{
	char *const argv[] = { race_arg, "/proc/self/cmdline", "/proc/self/maps", NULL };
	pid_t pid = fork();
	pthread_t thread;

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (dup2(out, 1) != 1 || pthread_create(&thread, NULL, rewrite, NULL))
		_exit(99);
	sched_yield();
	execv(race_path, argv);
	_exit(126);
}

static size_t
all_of(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
	return len;
}

/* What is told is what the kernel executed, not what is in the process's memory by then. */
static void
exec_is_not_fooled_by_what_changes(void **state)
{
	enum { ROUNDS = 300 };
	static char said[65536];
	const struct ev_exec *e;
	char path[80], which;
	int differ = 0, out[2];

	assert_non_null(mkdtemp(race_dir));
	snprintf(race_path, sizeof(race_path), "%s/racing-a", race_dir);
	race_which = race_path + strlen(race_path) - 1;
	for (*race_which = 'a'; *race_which <= 'b'; ++*race_which) {
		int fd = open(race_path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

		copy_of("/bin/cat", fd);
		close(fd);
	}
	*race_which = 'a';
	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid;

		assert_int_equal(pipe2(out, O_CLOEXEC), 0);
		pid = race(out[1]);
		close(out[1]);
		all_of(out[0], said, sizeof(said));
		close(out[0]);
		assert_int_equal(reap(pid), 0);
		e = tracerrig_wait(rig, TR_EXEC, EXEC_EXEC, (uint32_t)pid);
		assert_non_null(e);
		/* Its arguments, each with a NUL, then its mappings: the first is its own. */
		assert_string_equal(item(e, e->args, 0), said);
		snprintf(path, sizeof(path), "%s", tracerrig_str(e, e->path));
		assert_non_null(strstr(said + strlen("a-name") + sizeof("x/proc/self/cmdlinex/proc/self/maps"), path));
		which = path[strlen(path) - 1];
		assert_int_equal(tracerrig_str(e, e->filename)[strlen(path) - 1], which);
		differ += which != 'a' || said[0] != 'a';
		tracerrig_forget(rig);
	}
	print_message("%d of %d had changed\n", differ, ROUNDS);
	for (*race_which = 'a'; *race_which <= 'b'; ++*race_which)
		unlink(race_path);
	rmdir(race_dir);
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

	copy_of("/bin/true", fd);
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
		copy_of("/bin/true", fd);
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
		copy_of("/bin/true", fd);
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
	assert_int_equal(e->h.cut, CUT(path));
	said = tracerrig_str(e, e->path);
	assert_int_equal(said[0], 'd');
	assert_string_equal(said + strlen(said) - 7, "/d/true");
	tracerrig_close(rig);
	rig = all;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exec_has_the_whole_argument_vector_and_the_file),
		cmocka_unit_test(exec_of_a_script_names_script_and_interpreter),
		cmocka_unit_test(exec_cuts_long_arguments_and_says_so),
		cmocka_unit_test(exec_from_memory_is_known),
		cmocka_unit_test(exec_is_not_fooled_by_what_changes),
		cmocka_unit_test(exec_that_fails_has_error_name_and_arguments),
		cmocka_unit_test(exec_of_a_set_user_id_file_shows_the_change),
		cmocka_unit_test(path_leads_over_mounts_to_the_root),
		cmocka_unit_test(path_that_is_too_deep_is_marked_and_passes_filters),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-exec", tests, open_rig, close_rig);
}
