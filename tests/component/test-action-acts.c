/* SPDX-License-Identifier: Apache-2.0 */
/* Acts of the real bpfd-action: signals, containers, programs; and everything they must not touch. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "action-rig.h"
#include "bpf/open.h"
#include "common/auto.h"

static struct arig rig;
static struct msg_action_result res;

static int
setup_signal(void **state)
{
	arig_open(&rig, CLASS_SIGNAL);
	arig_give(&rig, ACTION_FD_PROC, 0, rig.proc_fd);
	rig.flags = ACTION_ALLOW_ENFORCE;
	strcpy(rig.cfg.actions_protect.glob[0], "systemd*");
	strcpy(rig.cfg.actions_protect.glob[1], "sshd");
	rig.cfg.actions_protect.n = 2;
	return 0;
}

static int
setup_exec(void **state)
{
	arig_open(&rig, CLASS_EXEC);
	return 0;
}

static int
teardown(void **state)
{
	arig_close(&rig);
	return 0;
}

/* A process of another user that waits to be killed. */
static pid_t
victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Not a brother of the worker: bpfd's own children are not touched. */
		if (fork() == 0) {
			/* A change of user forgets the signal. */
			if (setuid(65534) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
				pause();
			_exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	return pid;
}

static pid_t
child_of(pid_t parent)
{
	char path[64], buf[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (int i = 0; i < 200; i++) {
		AUTO(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);

		if (n > 0) {
			buf[n] = '\0';
			return atoi(buf);
		}
		usleep(5000);
	}
	fail_msg("no child of %d", parent);
	return -1;
}

static bool
alive(pid_t pid)
{
	char path[64], buf[512], *p;
	AUTO(fd) int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	p = strrchr(buf, ')');
	return p && p[2] != 'Z';
}

static bool
dies(pid_t pid)
{
	for (int i = 0; i < 200 && alive(pid); i++)
		usleep(5000);
	return !alive(pid);
}

static void
put(const char *path, pid_t pid, uint64_t start, const char *action, uint32_t flags)
{
	arig_event(&rig, path, pid, start, action, flags);
	arig_put(&rig);
	arig_commit(&rig);
}

static enum action_outcome
outcome(void)
{
	assert_true(arig_result(&rig, &res, 5000));
	return (enum action_outcome)res.outcome;
}

/* ---- signals ---- */

static void
kills_the_process_of_an_enforced_match(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.rule, "r1");
	assert_string_equal(res.action_name, "kill");
	assert_int_equal(res.target_pid, pid);
	assert_true(dies(pid));
	waitpid(parent, NULL, 0);
}

static void
only_observes_without_both_permissions(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", 0);
	assert_int_equal(outcome(), OUTCOME_OBSERVED);
	arig_kill(&rig);
	rig.flags = 0;
	arig_start(&rig);
	put("/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_OBSERVED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

static void
spares_another_process_that_has_the_number_now(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);
	uint64_t start = arig_start_ns(pid);

	arig_start(&rig);
	put("/x", pid, start - 20000000, "kill", MATCH_ENFORCE);	/* began 20 ms earlier */
	assert_int_equal(outcome(), OUTCOME_GONE);
	put("/y", pid, start + 20000000, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_GONE);
	put("/z", pid, 0, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

/* For real: the process ends, and its number is given to another before the worker looks. */
static void
spares_a_process_that_got_the_number_of_one_that_ended(void **state)
{
	pid_t pid = fork(), again;
	char text[16];
	uint64_t start;
	AUTO(fd) int last = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);

	if (pid == 0) {
		pause();
		_exit(0);
	}
	start = arig_start_ns(pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	usleep(30000);
	snprintf(text, sizeof(text), "%d", pid - 1);
	if (last < 0 || write(last, text, strlen(text)) < 0) {
		print_message("cannot choose the next pid: ns_last_pid is not writable\n");
		skip();
	}
	again = fork();
	if (again == 0) {
		pause();
		_exit(0);
	}
	if (again != pid) {
		kill(again, SIGKILL);
		waitpid(again, NULL, 0);
		print_message("somebody else took the pid\n");
		skip();
	}
	arig_start(&rig);
	put("/x", pid, start, "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_GONE);
	assert_int_equal(waitpid(again, NULL, WNOHANG), 0);
	kill(again, SIGKILL);
	waitpid(again, NULL, 0);
}

static void
never_touches_what_is_protected(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	put("/x", 1, arig_start_ns(1), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", getpid(), arig_start_ns(getpid()), "kill", MATCH_ENFORCE);	/* its parent */
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", rig.pid, arig_start_ns(rig.pid), "kill", MATCH_ENFORCE);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", parent, arig_start_ns(parent), "kill", MATCH_ENFORCE);	/* a brother */
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	put("/x", 2, 1, "kill", MATCH_ENFORCE);
	assert_int_not_equal(outcome(), OUTCOME_DONE);

	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	memcpy(rig.made.bytes + rig.made.off_ctx + made_rec_ctx(&rig.made)->exe.off, "/usr/sbin/sshd", 14);
	arig_put(&rig);
	arig_commit(&rig);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	assert_string_equal(res.text, "its executable is in actions.protect");
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

static void
leaves_old_events_and_those_of_interrupts(void **state)
{
	pid_t parent = victim(), pid = child_of(parent);

	arig_start(&rig);
	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	made_ev(&rig.made)->ts -= 6000000000;
	arig_put(&rig);
	arig_event(&rig, "/x", pid, arig_start_ns(pid), "kill", MATCH_ENFORCE);
	made_ev(&rig.made)->flags |= EV_NO_OWNER;
	arig_put(&rig);
	arig_commit(&rig);
	assert_int_equal(outcome(), OUTCOME_TOO_OLD);
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	assert_true(alive(pid));
	kill(parent, SIGKILL);
	waitpid(parent, NULL, 0);
}

static void
acts_once_for_a_target_and_so_often_in_a_minute(void **state)
{
	pid_t parents[4], pids[4];
	uint64_t start;

	rig.cfg.actions_kills_per_minute = 2;
	/* Not over the turn of a minute of the boot clock. */
	while (arig_now_ns() / 1000000000 % 60 > 55)
		usleep(100000);
	arig_start(&rig);
	for (int i = 0; i < 4; i++) {
		parents[i] = victim();
		pids[i] = child_of(parents[i]);
		start = arig_start_ns(pids[i]);
		for (int k = 0; k < 3; k++)
			put("/x", pids[i], start, "interrupt", MATCH_ENFORCE);
	}
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_int_equal(outcome(), OUTCOME_OVER_BUDGET);
	assert_false(arig_result(&rig, &res, 200));
	assert_true(dies(pids[0]) && dies(pids[1]));
	assert_true(alive(pids[2]) && alive(pids[3]));
	for (int i = 0; i < 4; i++) {
		kill(parents[i], SIGKILL);
		waitpid(parents[i], NULL, 0);
	}
}

/* ---- programs ---- */

static void
program(const char *script, uint64_t timeout_ms, uint64_t parallel, uint64_t per_minute)
{
	struct action_def *a = &rig.table.a[rig.table.n++];
	AUTO(fd) int fd = openat(rig.dir_fd, "program", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	assert_int_equal(fchmodat(rig.dir_fd, "program", 0755, 0), 0);
	assert_int_equal(chmod(rig.dir, 0755), 0);
	assert_true(write(fd, script, strlen(script)) > 0);
	*a = (struct action_def){ .type = ACTION_EXEC, .uid = 65534, .gid = 65534,
		.timeout_ms = timeout_ms, .parallel = parallel, .per_minute = per_minute };
	strcpy(a->name, "notify");
	snprintf(a->path, sizeof(a->path), "%s/program", rig.dir);
	memcpy(a->args, "notify\0one two", 15);
	a->args_len = 15;
	action_defaults(a);
	assert_int_equal(mkdirat(rig.dir_fd, "out", 0777), 0);
	assert_int_equal(fchmodat(rig.dir_fd, "out", 0777, 0), 0);
}

static void
read_out(const char *name, char *buf, size_t size)
{
	AUTO(fd) int fd = openat(rig.dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
}

static void
runs_a_program_with_the_event_and_nothing_else(void **state)
{
	char script[512], buf[8192];

	snprintf(script, sizeof(script), "#!/bin/sh\n{ cat; echo \"arg=$1\"; env; id; "
		"grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; ls /proc/$$/fd; } >%s/out/got\n",
		rig.dir);
	program(script, 0, 0, 0);
	setenv("SECRET", "of the supervisor", 1);
	arig_start(&rig);
	put("/the/path", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.action_name, "notify");
	read_out("out/got", buf, sizeof(buf));
	assert_int_equal(buf[0], '{');
	assert_non_null(strstr(buf, "\"path\":\"/the/path\""));
	assert_non_null(strstr(buf, "\narg=one two\n"));
	assert_non_null(strstr(buf, "BPFD_RULE=r1\n"));
	assert_non_null(strstr(buf, "BPFD_PID=42\n"));
	assert_non_null(strstr(buf, "uid=65534"));
	assert_null(strstr(buf, "groups=0"));
	assert_non_null(strstr(buf, "CapEff:\t0000000000000000"));
	assert_non_null(strstr(buf, "NoNewPrivs:\t1"));
	assert_null(strstr(buf, "SECRET"));
}

static void
ends_a_program_that_takes_too_long_with_its_children(void **state)
{
	char script[512], buf[64];

	snprintf(script, sizeof(script), "#!/bin/sh\nsleep 60 & echo $! >%s/out/pid; sleep 60\n", rig.dir);
	program(script, 300, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_string_equal(res.text, "it ran too long");
	assert_true(WIFSIGNALED(res.err) && WTERMSIG(res.err) == SIGKILL);
	read_out("out/pid", buf, sizeof(buf));
	assert_true(atoi(buf) > 1);
	assert_true(dies(atoi(buf)));
}

static void
runs_no_more_than_it_may(void **state)
{
	unsigned int done = 0, over = 0;

	program("#!/bin/sh\nexec sleep 0.3\n", 5000, 2, 3);
	while (arig_now_ns() / 1000000000 % 60 > 55)
		usleep(100000);
	arig_start(&rig);
	for (int i = 0; i < 5; i++)
		put("/x", 42, 1000, "notify", 0);
	usleep(500000);
	for (int i = 0; i < 5; i++)
		put("/x", 42, 1000, "notify", 0);
	while (arig_result(&rig, &res, 1000)) {
		done += res.outcome == OUTCOME_DONE;
		over += res.outcome == OUTCOME_OVER_BUDGET;
	}
	assert_int_equal(done, 3);
	assert_int_equal(over, 1);		/* told once, counted each time */
}

static void
starts_nothing_for_events_of_its_own_programs(void **state)
{
	char buf[64];
	char script[256];

	snprintf(script, sizeof(script), "#!/bin/sh\necho $$ >%s/out/pid\n", rig.dir);
	program(script, 0, 0, 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_DONE);
	read_out("out/pid", buf, sizeof(buf));
	put("/x", atoi(buf), 1000, "notify", 0);
	arig_event(&rig, "/x", 4711, 1000, "notify", 0);
	made_ev(&rig.made)->ppid = (uint32_t)atoi(buf);
	arig_put(&rig);
	arig_event(&rig, "/x", 4711, 1000, "notify", 0);
	made_ev(&rig.made)->ppid = (uint32_t)rig.pid;
	arig_put(&rig);
	arig_commit(&rig);
	assert_false(arig_result(&rig, &res, 400));
}

static void
refuses_a_program_that_others_may_write(void **state)
{
	program("#!/bin/sh\nexit 0\n", 0, 0, 0);
	assert_int_equal(fchmodat(rig.dir_fd, "program", 0757, 0), 0);
	arig_start(&rig);
	put("/x", 42, 1000, "notify", 0);
	assert_int_equal(outcome(), OUTCOME_FAILED);
	assert_int_equal(res.err, -EPERM);
}

/* ---- containers ---- */

static char own[32];	/* path of the container, of this process alone: the test may run twice at a time */

/* A path made of it; good until the next one. */
static const char *
with(const char *before, const char *after)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s%s%s", before, own, after);
	return path;
}


/* Where the hierarchy is mounted, or NULL with a reason. */
static const char *
hierarchy(const char *controller)
{
	static char path[64];
	struct statfs fs;

	if (!controller) {
		strcpy(path, "/sys/fs/cgroup/unified");
		if (access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0)
			strcpy(path, "/sys/fs/cgroup");
		return statfs(path, &fs) == 0 && fs.f_type == 0x63677270 ? path : NULL;
	}
	snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", controller);
	return statfs(path, &fs) == 0 && fs.f_type == 0x27e0eb ? path : NULL;
}

static void
write_to(const char *dir, const char *file, const char *text)
{
	char path[640];
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) > 0);
}

/* n processes in dir and n in a cgroup below it. */
static void
populate(char dirs[][128], size_t n_dirs, pid_t *pids, int n)
{
	char text[16], below[544];

	for (size_t d = 0; d < n_dirs; d++) {
		snprintf(below, sizeof(below), "%s/below", dirs[d]);
		if ((mkdir(dirs[d], 0755) < 0 && errno != EEXIST) ||
		    (mkdir(below, 0755) < 0 && errno != EEXIST))
			fail_msg("mkdir %s: %s", dirs[d], strerror(errno));
	}
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				pause();
		}
		snprintf(text, sizeof(text), "%d", pids[i]);
		for (size_t d = 0; d < n_dirs; d++) {
			snprintf(below, sizeof(below), "%s/below", dirs[d]);
			write_to(i % 2 ? below : dirs[d], "cgroup.procs", text);
		}
	}
}

static void
clear(char dirs[][128], size_t n_dirs, pid_t *pids, int n)
{
	char below[544];

	for (int i = 0; i < n; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	for (size_t d = 0; d < n_dirs; d++) {
		snprintf(below, sizeof(below), "%s/below", dirs[d]);
		for (int i = 0; i < 100 && rmdir(below) < 0 && errno == EBUSY; i++)
			usleep(10000);
		for (int i = 0; i < 100 && rmdir(dirs[d]) < 0 && errno == EBUSY; i++)
			usleep(10000);
	}
}

static void
put_container(const char *dir, uint32_t hierarchy_no, uint32_t flags, pid_t pid, const char *action)
{
	struct ev_open o = { .h = { .tracer = TR_OPEN, .ts = arig_now_ns(), .tgid = (uint32_t)pid,
		.start = 1000, .comm = "thing" } };
	struct rec_ctx *c;

	made_event(&rig.made, &o, sizeof(o));
	made_str(&rig.made, ev_open, path, "/x");
	c = made_ctx(&rig.made, CTX_PROC | flags);
	c->cgroup_hierarchy = hierarchy_no;
	made_ctx_str(&rig.made, cgroup_dir, dir);
	made_ctx_str(&rig.made, container, "0123");
	made_match(&rig.made, "r1", arig_bit(&rig, action), MATCH_ENFORCE);
	made_end(&rig.made);
	arig_put(&rig);
	arig_commit(&rig);
}

static char dirs[4][128];
static size_t n_dirs;
static uint32_t number;

static int
setup_cgroup(const char *const *controllers)
{
	static const struct { const char *name; uint32_t index; } known[] = {
		{ "freezer", CGROUP1_FREEZER }, { "pids", CGROUP1_PIDS }, { "memory", CGROUP1_MEMORY } };

	arig_open(&rig, CLASS_CGROUP);
	rig.flags = ACTION_ALLOW_ENFORCE;
	arig_give(&rig, ACTION_FD_PROC, 0, rig.proc_fd);
	n_dirs = 0;
	number = controllers ? 1 : 2;
	for (; controllers && *controllers; controllers++) {
		const char *path = hierarchy(*controllers);

		for (size_t k = 0; path && k < ARRAY_SIZE(known); k++) {
			if (strcmp(known[k].name, *controllers) != 0)
				continue;
			arig_give(&rig, ACTION_FD_CGROUP1, known[k].index,
				open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
			snprintf(dirs[n_dirs++], sizeof(dirs[0]), "%s%s", path, own);
		}
	}
	if (number == 2 && hierarchy(NULL)) {
		arig_give(&rig, ACTION_FD_CGROUP2, 0, open(hierarchy(NULL), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		snprintf(dirs[n_dirs++], sizeof(dirs[0]), "%s%s", hierarchy(NULL), own);
	}
	return 0;
}

static int
setup_v1(void **state)
{
	return setup_cgroup((const char *const[]){ "freezer", "pids", "memory", NULL });
}

static int
setup_v1_without_freezer(void **state)
{
	return setup_cgroup((const char *const[]){ "pids", "memory", NULL });
}

static int
setup_v2(void **state)
{
	return setup_cgroup(NULL);
}

static int
teardown_cgroup(void **state)
{
	for (unsigned int i = 0; i < rig.n_given; i++)
		if (rig.given[i].m.kind != ACTION_FD_PROC)
			close(rig.given[i].fd);
	return teardown(state);
}

static void
skip_without_hierarchy(void)
{
	if (n_dirs)
		return;
	print_message("this machine has no cgroups of version %u\n", number);
	skip();
}

static void
kills_every_process_of_a_container(void **state)
{
	pid_t pids[10], other = fork();

	if (other == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 10);
	arig_start(&rig);
	put_container(own, number, CTX_CONTAINER, pids[0], "kill_container");
	/* They are this test's children and stay as zombies until they are waited for. */
	for (int i = 0; i < 10; i++) {
		for (int k = 0; k < 300 && waitpid(pids[i], NULL, WNOHANG) == 0; k++)
			usleep(10000);
		assert_false(alive(pids[i]));
	}
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_string_equal(res.container, "0123");
	assert_true(alive(other));
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
	clear(dirs, n_dirs, pids, 0);
}

static bool
frozen(void)
{
	char path[160], buf[128] = "";
	AUTO(fd) int fd = -1;

	snprintf(path, sizeof(path), "%s/%s", dirs[0], number == 2 ? "cgroup.events" : "freezer.state");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, buf, sizeof(buf) - 1) > 0);
	return strstr(buf, number == 2 ? "frozen 1" : "FROZEN");
}

static void
freezes_and_thaws_a_container(void **state)
{
	pid_t pids[4];

	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 4);
	arig_start(&rig);
	put_container(own, number, CTX_CONTAINER, pids[0], "pause");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_true(frozen());
	put_container(own, number, CTX_CONTAINER, pids[0], "resume");
	assert_int_equal(outcome(), OUTCOME_DONE);
	assert_false(frozen());
	clear(dirs, n_dirs, pids, 4);
}

static void
refuses_the_root_and_what_is_no_container(void **state)
{
	static const char *const bad[] = { "/", "", "/../etc" };
	pid_t pids[2];

	skip_without_hierarchy();
	populate(dirs, n_dirs, pids, 2);
	arig_start(&rig);
	put_container(own, number, 0, pids[0], "kill_container");
	assert_int_equal(outcome(), OUTCOME_PROTECTED);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put_container(bad[i], number, CTX_CONTAINER, pids[0], "kill_container");
		assert_int_not_equal(outcome(), OUTCOME_DONE);
	}
	put_container(with("/.", "/../.."), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_not_equal(outcome(), OUTCOME_DONE);
	put_container(with("", "/"), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_not_equal(outcome(), OUTCOME_DONE);
	put_container(with("", "-that-is-gone"), number, CTX_CONTAINER, pids[0], "kill_container");
	assert_int_equal(outcome(), OUTCOME_GONE);
	assert_true(alive(pids[0]) && alive(pids[1]));
	clear(dirs, n_dirs, pids, 2);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define SIG(name) cmocka_unit_test_setup_teardown(name, setup_signal, teardown)
#define EXEC(name) cmocka_unit_test_setup_teardown(name, setup_exec, teardown)
#define IN(where, name) { #name "_" #where, name, setup_##where, teardown_cgroup, NULL }
		SIG(kills_the_process_of_an_enforced_match),
		SIG(only_observes_without_both_permissions),
		SIG(spares_another_process_that_has_the_number_now),
		SIG(spares_a_process_that_got_the_number_of_one_that_ended),
		SIG(never_touches_what_is_protected),
		SIG(leaves_old_events_and_those_of_interrupts),
		SIG(acts_once_for_a_target_and_so_often_in_a_minute),
		EXEC(runs_a_program_with_the_event_and_nothing_else),
		EXEC(ends_a_program_that_takes_too_long_with_its_children),
		EXEC(runs_no_more_than_it_may),
		EXEC(starts_nothing_for_events_of_its_own_programs),
		EXEC(refuses_a_program_that_others_may_write),
		IN(v1, kills_every_process_of_a_container),
		IN(v1_without_freezer, kills_every_process_of_a_container),
		IN(v1, freezes_and_thaws_a_container),
		IN(v1, refuses_the_root_and_what_is_no_container),
		IN(v2, kills_every_process_of_a_container),
		IN(v2, freezes_and_thaws_a_container),
		IN(v2, refuses_the_root_and_what_is_no_container),
	};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_DFL);	/* shells let what runs behind them ignore it */
	snprintf(own, sizeof(own), "/bpfd-test-%d", getpid());
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("action-acts", tests, NULL, NULL);
}
