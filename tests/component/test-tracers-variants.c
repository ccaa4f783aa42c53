/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tracers of system calls that have two ways: the exit of the call, and functions that calls lead to.
 * Both watch the same acts, and each record of the one must be in the other, byte by byte but for the time.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/bpfaudit.h"
#include "calls32.h"
#include "tracerrig.h"
#include "uring.h"

static const char *const tracers[] = { "open", "openbreakout", "bpf", "exec", NULL };
static struct tracerrig *at_exit, *at_functions;
static char dir[64];

static struct tracerrig *
open_rig(bool functions)
{
	struct tracerrig *r = NULL;

	if (tracerrig_open(tracers, &(struct tracerrig_options){ .functions = functions }, &r))
		return NULL;
	tracerrig_filter(r, TR_OPEN, (struct ev_tracer_filter){ .dims = DIM_PID });
	tracerrig_filter_number(r, TR_OPEN, DIM_PID, (uint64_t)getpid());
	tracerrig_on(r, 1ULL << TR_OPEN | 1ULL << TR_OPENBREAKOUT | 1ULL << TR_BPF | 1ULL << TR_EXEC);
	return r;
}

static int
setup(void **state)
{
	if (!tracerrig_has_functions())
		return 0;
	at_functions = open_rig(true);
	at_exit = open_rig(false);
	strcpy(dir, "/tmp/bpfd-variants-XXXXXX");
	return !at_exit || !at_functions || !low_open() || unshare(CLONE_NEWNS) ||
		mount("", "/", "", MS_REC | MS_PRIVATE, NULL) || !mkdtemp(dir) || mount("bpf", dir, "bpf", 0, NULL) ||
		chdir(dir);
}

static int
teardown(void **state)
{
	tracerrig_close(at_exit);
	tracerrig_close(at_functions);
	return !dir[0] ? 0 : chdir("/") || umount2(dir, MNT_DETACH) || rmdir(dir);
}

static int
forget(void **state)
{
	low_used = 0;
	for (int i = 0; at_exit && i < 2; i++) {
		tracerrig_drain(i ? at_exit : at_functions, 0);
		tracerrig_forget(i ? at_exit : at_functions);
	}
	return 0;
}

static void
need_functions(void)
{
	if (at_functions)
		return;
	print_message("the kernel refuses programs at its functions\n");
	skip();
}

/* The next one of a tracer that is this process's, whatever event it is; NULL: that was all. */
static const struct ev_hdr *
next(const struct tracerrig *r, unsigned int tracer, size_t *at)
{
	for (; *at < tracerrig_n(r); (*at)++) {
		const struct ev_hdr *h = tracerrig_event(r, *at);

		if (h->tracer == tracer && h->tgid == (uint32_t)getpid()) {
			(*at)++;
			return h;
		}
	}
	return NULL;
}

static void
assert_same(const struct ev_hdr *a, const struct ev_hdr *b)
{
	struct ev_hdr head = *a;

	assert_int_equal(a->len, b->len);
	assert_int_equal(a->event, b->event);
	assert_int_equal(a->ret, b->ret);
	assert_int_equal(a->flags, b->flags);
	head.ts = b->ts;
	assert_memory_equal(&head, b, sizeof(head));
	assert_memory_equal(a + 1, b + 1, a->len - sizeof(*a));
}

static void
assert_same_records(unsigned int tracer, size_t n)
{
	size_t at[2] = { 0, 0 };
	const struct ev_hdr *a, *b;

	tracerrig_drain(at_exit, 50);
	tracerrig_drain(at_functions, 50);
	for (size_t i = 0; i < n; i++) {
		a = next(at_exit, tracer, &at[0]);
		b = next(at_functions, tracer, &at[1]);
		if (!a || !b)
			fail_msg("record %zu of %zu: %s at the exit, %s at functions", i, n, a ? "one" : "none",
				b ? "one" : "none");
		assert_same(a, b);
	}
	assert_null(next(at_exit, tracer, &at[0]));
	assert_null(next(at_functions, tracer, &at[1]));
}

static void
close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static long
by_openat2(const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = flags & O_CREAT ? 0610 : 0, .resolve = resolve };

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

static void
opens_are_told_alike(void **state)
{
	struct { struct file_handle h; unsigned char bytes[128]; } handle = { .h.handle_bytes = 128 };
	int mount_id, fds[16], n = 0, folder;

	need_functions();
	assert_int_equal(chdir("/dev/shm"), 0);
	fds[n++] = folder = open(".", O_RDONLY | O_DIRECTORY);
	assert_true(folder >= 0);
	fds[n++] = open("bpfd-variants", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
	fds[n++] = open("bpfd-variants", O_CREAT | O_EXCL | O_RDWR, 0640);
	fds[n++] = creat("bpfd-variants", 0600);
	fds[n++] = openat(folder, "../shm/./bpfd-variants", O_RDONLY | O_NOFOLLOW);
	fds[n++] = open("/dev/shm", O_TMPFILE | O_RDWR, 0600);
	fds[n++] = (int)by_openat2("bpfd-variants", O_RDWR | O_CREAT, 0);
	fds[n++] = (int)by_openat2("/proc/self/fd", O_RDONLY, RESOLVE_NO_SYMLINKS);
	fds[n++] = (int)by_openat2("bpfd-variants", O_RDONLY | 1ULL << 40, 0);
	fds[n++] = open("/no/such", O_WRONLY);
	fds[n++] = openat(folder, "no-such", O_RDONLY);
	fds[n++] = openat(-7, "no-folder", O_RDONLY);
	fds[n++] = (int)syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY, 0);
	fds[n++] = (int)syscall(SYS_open, "bpfd-variants", O_RDONLY, 0);
	assert_int_equal(name_to_handle_at(folder, "bpfd-variants", &handle.h, &mount_id, 0), 0);
	fds[n++] = open_by_handle_at(folder, &handle.h, O_RDONLY);
	handle.h.handle_bytes = 0;
	fds[n++] = open_by_handle_at(folder, &handle.h, O_RDONLY);
	assert_true(fds[n - 2] >= 0 && fds[n - 1] < 0);
	assert_same_records(TR_OPEN, (size_t)n);
	close_all(fds, (size_t)n);
	unlink("bpfd-variants");
}

static void
opens_of_other_tables_are_told_alike(void **state)
{
	struct open_how how = { .flags = O_RDONLY };
	uint32_t handle[4] = { 8, 0xbad };
	int fds[6], n = 0;

	need_functions();
	need_32();
	fds[n++] = (int)call32(OPEN_32, TEXT("/proc/version"), O_RDONLY, 0, 0, 0);
	fds[n++] = (int)call32(CREAT_32, TEXT("/no/such"), 0600, 0, 0, 0);
	fds[n++] = (int)call32(OPENAT_32, (uint32_t)AT_FDCWD, TEXT("/proc/../proc/version"), O_RDONLY, 0, 0);
	fds[n++] = (int)call32(SYS_openat2, (uint32_t)AT_FDCWD, TEXT("/proc/version"), put_low(&how, sizeof(how)),
		sizeof(how), 0);
	fds[n++] = (int)call32(OPEN_BY_HANDLE_AT_32, (uint32_t)AT_FDCWD, put_low(handle, sizeof(handle)), O_RDONLY, 0, 0);
	if (syscall(X32(SYS_getppid)) >= 0)
		fds[n++] = (int)syscall(X32(SYS_openat), AT_FDCWD, "/proc/version", O_RDONLY);
	assert_true(fds[0] >= 0 && fds[2] >= 0 && fds[3] >= 0);
	assert_same_records(TR_OPEN, (size_t)n);
	close_all(fds, (size_t)n);
}

static void
opens_of_io_uring_are_told_alike(void **state)
{
	struct io_uring_sqe *sqe;
	struct uring u;
	int fd;

	need_functions();
	if (!uring_open(&u, 4, 0))
		fail_msg("no io_uring");
	sqe = uring_sqe(&u, IORING_OP_OPENAT, AT_FDCWD);
	sqe->addr = (uintptr_t)"/proc/version";
	fd = uring_one(&u);
	assert_true(fd >= 0);
	assert_same_records(TR_OPEN, 1);
	close(fd);
	close(u.fd);
}

/* What never comes to the function: the one difference. */
static void
open_that_is_malformed_is_told_at_the_exit_alone(void **state)
{
	size_t at[2] = { 0, 0 };

	need_functions();
	assert_int_equal(syscall(SYS_openat2, AT_FDCWD, "/proc/version", NULL, 0), -1);
	tracerrig_drain(at_exit, 50);
	tracerrig_drain(at_functions, 0);
	assert_non_null(next(at_exit, TR_OPEN, &at[0]));
	assert_null(next(at_functions, TR_OPEN, &at[1]));
}

/* This process has a mount namespace of its own, and what is mounted there before is the host's. */
static void
breakouts_are_told_alike(void **state)
{
	int fds[3], n = 0;

	need_functions();
	fds[n++] = open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC);
	fds[n++] = open("/proc/sys/vm/../kernel/core_pattern", O_WRONLY | O_CLOEXEC);
	fds[n++] = open("/proc/1/root/etc/passwd", O_RDONLY | O_CLOEXEC);
	assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0);
	assert_same_records(TR_OPENBREAKOUT, (size_t)n);
	close_all(fds, (size_t)n);
}

static void
failed_execs_are_told_alike(void **state)
{
	char *argv[] = { "no-such", "one", "two words", NULL };

	need_functions();
	assert_int_equal(syscall(SYS_execve, "/no/such", argv, NULL), -1);
	assert_int_equal(syscall(SYS_execve, "/proc/version", argv, NULL), -1);
	assert_int_equal(syscall(SYS_execve, NULL, argv, NULL), -1);
	assert_int_equal(syscall(SYS_execve, "/no/such", 8, NULL), -1);
	assert_int_equal(syscall(SYS_execveat, AT_FDCWD, "no/such", argv, NULL, 0), -1);
	assert_int_equal(syscall(SYS_execveat, -7, "no-folder", argv, NULL, 0), -1);
	assert_same_records(TR_EXEC, 6);
}

static void
failed_execs_of_other_tables_are_told_alike(void **state)
{
	uint32_t argv[3] = { 0 };
	size_t n = 2;

	need_functions();
	need_32();
	argv[0] = TEXT("no-such");
	argv[1] = TEXT("two words");
	assert_true(call32(EXECVE_32, TEXT("/no/such"), put_low(argv, sizeof(argv)), 0, 0, 0) < 0);
	assert_true(call32(EXECVEAT_32, (uint32_t)AT_FDCWD, TEXT("no/such"), put_low(argv, sizeof(argv)), 0, 0) < 0);
	if (syscall(X32(SYS_getppid)) >= 0) {
		assert_int_equal(syscall(X32(EXECVE_X32), "/no/such", put_low(argv, sizeof(argv)), 0), -1);
		assert_int_equal(syscall(X32(EXECVEAT_X32), AT_FDCWD, "no/such", put_low(argv, sizeof(argv)), 0, 0), -1);
		n += 2;
	}
	assert_same_records(TR_EXEC, n);
}

/* The function returns then too. */
static void
an_exec_that_succeeds_is_told_once(void **state)
{
	pid_t pid;
	int status;

	need_functions();
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	assert_true(waitpid(pid, &status, 0) == pid && status == 0);
	for (int i = 0; i < 2; i++) {
		const struct tracerrig *r = i ? at_exit : at_functions;
		size_t seen = 0;

		tracerrig_drain(i ? at_exit : at_functions, 50);
		for (size_t k = 0; k < tracerrig_n(r); k++)
			seen += tracerrig_event(r, k)->tracer == TR_EXEC && tracerrig_event(r, k)->tgid == (uint32_t)pid;
		assert_int_equal(seen, 1);
	}
}

static long
bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void
bpf_calls_are_told_alike(void **state)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },	/* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 3 };
	union bpf_attr prog = { .prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2, .insns = (uintptr_t)insns,
		.license = (uintptr_t)"GPL", .prog_name = "variant" };
	union bpf_attr pin = { .pathname = (uintptr_t)"pinned" }, get = pin;
	int fds[5], n = 0;

	need_functions();
	need_32();
	assert_int_equal(chdir(dir), 0);
	fds[n++] = (int)bpf(BPF_MAP_CREATE, &map);
	fds[n++] = (int)bpf(BPF_PROG_LOAD, &prog);
	pin.bpf_fd = (uint32_t)fds[0];
	assert_int_equal(bpf(BPF_OBJ_PIN, &pin), 0);
	fds[n++] = (int)bpf(BPF_OBJ_GET, &get);
	map.key_size = 0;
	fds[n++] = (int)bpf(BPF_MAP_CREATE, &map);
	map.key_size = 4;
	fds[n++] = (int)call32(BPF_32, BPF_MAP_CREATE, put_low(&map, sizeof(map)), sizeof(map), 0, 0);
	assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] >= 0 && fds[3] < 0 && fds[4] >= 0);
	assert_same_records(TR_BPF, (size_t)n + 1);
	close_all(fds, (size_t)n);
	unlink("pinned");
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_are_told_alike),
		TEST(opens_of_other_tables_are_told_alike),
		TEST(opens_of_io_uring_are_told_alike),
		TEST(open_that_is_malformed_is_told_at_the_exit_alone),
		TEST(breakouts_are_told_alike),
		TEST(bpf_calls_are_told_alike),
		TEST(failed_execs_are_told_alike),
		TEST(failed_execs_of_other_tables_are_told_alike),
		TEST(an_exec_that_succeeds_is_told_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
