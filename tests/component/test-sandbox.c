/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confines a child with every layer and lets it try what a compromised process would.  The same
 * attempts run without the filter, so that the layer behind it is seen to refuse too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/sandbox.h"

#define UID_TEST 65533

static const struct sandbox_rule rules[] = {
	SYS(exit_group, "end")
	SYS(write, "test")
	SYS_IF(mmap, 2, SB_MASK_EQ, PROT_EXEC, 0, "heap")
	SYS_ERRNO(getppid, EPERM, "a call that a library tolerates failing")
};

/* Without seccomp the filter allows all: one rule per call that the attempts make. */
static const struct sandbox_rule open_rules[] = {
	SYS(exit_group, "") SYS(write, "") SYS(mmap, "") SYS(getppid, "") SYS(bpf, "")
	SYS(openat, "") SYS(socket, "") SYS(connect, "") SYS(setresuid, "") SYS(chroot, "")
	SYS(mount, "") SYS(ptrace, "") SYS(kill, "") SYS(unshare, "") SYS(newfstatat, "")
	SYS(execve, "") SYS(close, "") SYS(prctl, "") SYS(setuid, "")
};

static int
try_bpf(void)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
		.max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
}

static int
try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int
try_stat(void)
{
	struct stat st;

	return stat("/etc/passwd", &st);
}

static int
try_exec(void)
{
	return execl("/bin/true", "true", NULL);
}

static int
try_setuid(void)
{
	return setresuid(0, 0, 0);
}

static int
try_mount(void)
{
	return (int)syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL);
}

static int
try_kill_parent(void)
{
	return kill(1, 0);
}

static int
try_userns(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
try_exec_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int
try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static const struct attempt {
	const char *name;
	int (*act)(void);
	bool second_layer;	/* something behind seccomp refuses it too */
} attempts[] = {
	{ "bpf", try_bpf, true },
	{ "open", try_open, true },
	{ "stat", try_stat, true },
	{ "exec", try_exec, true },
	{ "setuid", try_setuid, true },
	{ "mount", try_mount, true },
	{ "kill", try_kill_parent, true },
	{ "userns", try_userns, true },
	{ "exec_memory", try_exec_memory, false },
	{ "socket", try_socket, false },
};

/* Runs act in a confined child.  Returns its wait status. */
static int
confined(int (*act)(void), const struct sandbox_rule *r, size_t n)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		AUTO(fd) int null = open("/dev/null", O_WRONLY);
		char dir[] = "/tmp/bpfd-sandbox-XXXXXX";
		struct sandbox sb = { .name = "test", .uid = UID_TEST, .gid = UID_TEST, .root_fd = -1,
			.landlock = true, .rules = r, .n_rules = n };

		dup2(null, STDERR_FILENO);
		if (!mkdtemp(dir))
			_exit(90);
		sb.root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rmdir(dir);
		if (sandbox_enter(&sb))
			_exit(91);
		_exit(act() < 0 ? 0 : 1);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
skip_unless_root(void)
{
	if (geteuid() != 0) {
		print_message("# skipped: needs root\n");
		skip();
	}
}

static void
every_attempt_ends_in_sigsys(void **state)
{
	skip_unless_root();
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		int status = confined(attempts[i].act, rules, ARRAY_SIZE(rules));

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("%s: wait status 0x%x", attempts[i].name, (unsigned int)status);
	}
}

static void
a_second_layer_refuses_without_the_filter(void **state)
{
	skip_unless_root();
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++) {
		int status;

		if (!attempts[i].second_layer)
			continue;
		status = confined(attempts[i].act, open_rules, ARRAY_SIZE(open_rules));
		if (status != 0)
			fail_msg("%s: wait status 0x%x", attempts[i].name, (unsigned int)status);
	}
}

static int
allowed_calls_work(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || write(STDERR_FILENO, "", 0) != 0)
		return 0;
	return getppid() == -EPERM ? -1 : 0;	/* glibc hands the raw value through */
}

static void
allowed_calls_and_tolerated_errors_go_through(void **state)
{
	skip_unless_root();
	assert_int_equal(confined(allowed_calls_work, rules, ARRAY_SIZE(rules)), 0);
}

static int
i386_getpid(void)
{
	int ret = 20;

	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory");
	return -1;
}

static void
another_abi_is_killed(void **state)
{
	int status;

	skip_unless_root();
	status = confined(i386_getpid, open_rules, ARRAY_SIZE(open_rules));
	assert_true(WIFSIGNALED(status));
}

static struct sockaddr_in here[2];	/* both have a listener */

static int
connect_to(const struct sockaddr_in *to)
{
	AUTO(fd) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0 ? -errno : 0;
}

/* What a process that may connect to the first one's port says of both: bit 0 and 1, connected. */
static int
landlocked(void)
{
	const uint16_t port = ntohs(here[0].sin_port);
	const struct sandbox sb = { .name = "test", .uid = UID_TEST, .gid = UID_TEST, .root_fd = -1, .landlock = true,
		.connect_ports = &port, .n_connect_ports = 1, .rules = open_rules, .n_rules = ARRAY_SIZE(open_rules) };

	if (sandbox_enter(&sb) < 0)
		_exit(100);
	_exit((connect_to(&here[0]) == 0) | (connect_to(&here[1]) == 0) << 1);
}

static void
only_named_ports_are_connected_to(void **state)
{
	int fds[2], status = -1;
	pid_t pid;

	skip_unless_root();
	if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 4) {
		print_message("# skipped: this kernel's Landlock knows no ports (Linux 6.7)\n");
		skip();
	}
	for (int i = 0; i < 2; i++) {
		socklen_t len = sizeof(here[i]);

		here[i] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(fds[i], (struct sockaddr *)&here[i], len), 0);
		assert_int_equal(listen(fds[i], 1), 0);
		assert_int_equal(getsockname(fds[i], (struct sockaddr *)&here[i], &len), 0);
	}
	pid = fork();
	if (pid == 0)
		landlocked();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	close(fds[0]);
	close(fds[1]);
}

static void
an_unknown_user_is_a_clear_error(void **state)
{
	uid_t uid = 7;
	gid_t gid = 7;

	assert_int_equal(sandbox_user("bpfd-no-such-user", &uid, &gid), -ENOENT);
	assert_int_equal(sandbox_user("root", &uid, &gid), -ENOENT);
	assert_int_equal(uid, 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_attempt_ends_in_sigsys),
		cmocka_unit_test(a_second_layer_refuses_without_the_filter),
		cmocka_unit_test(allowed_calls_and_tolerated_errors_go_through),
		cmocka_unit_test(another_abi_is_killed),
		cmocka_unit_test(only_named_ports_are_connected_to),
		cmocka_unit_test(an_unknown_user_is_a_clear_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
