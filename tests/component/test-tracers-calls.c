/* SPDX-License-Identifier: Apache-2.0 */
/* System calls that do not come through the 64-bit table: int $0x80, socketcall, x32. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bpf/exec.h"
#include "bpf/fileops.h"
#include "bpf/open.h"
#include "bpf/tcpstate.h"
#define DIR_TRACERS "open", "fileops", "exec", "tcpstate"
#include "calls32.h"
#include "tracers-dir.h"

static int
calls_setup(void **state)
{
	if (!low_open() || setup(state))
		return -1;
	own_alone(TR_TCPSTATE);
	return 0;
}

static int
calls_forget(void **state)
{
	low_used = 0;
	return forget(state);
}

static void
assert_open(const char *path, const char *filename)
{
	const struct ev_open *e = last(TR_OPEN, OPEN_OPEN);

	assert_str(e, e->path, path);
	assert_str(e, e->filename, filename);
	assert_true(e->h.flags & EV_COMPAT);
}

static void
open_of_every_32_bit_kind_is_seen(void **state)
{
	struct open_how how = { .flags = O_RDWR | O_CREAT, .mode = 0610 };
	const struct ev_open *e;
	int folder;

	need_32();
	make_file("file");
	assert_int_equal(mkdir("folder", 0755), 0);
	calls_forget(state);
	close((int)call32(OPEN_32, TEXT("file"), O_RDONLY, 0, 0, 0));
	assert_open(in_dir("file"), "file");
	calls_forget(state);
	close((int)call32(CREAT_32, TEXT("made"), 0600, 0, 0, 0));
	assert_open(in_dir("made"), "made");
	calls_forget(state);
	folder = open("folder", O_PATH);
	close((int)call32(OPENAT_32, (uint32_t)folder, TEXT("../file"), O_RDWR | O_CREAT, 0640, 0));
	assert_open(in_dir("file"), "../file");
	e = last(TR_OPEN, OPEN_OPEN);
	assert_int_equal(e->oflags & (O_RDWR | O_CREAT), O_RDWR | O_CREAT);
	assert_int_equal(e->mode, 0640);
	calls_forget(state);
	close((int)call32(SYS_openat2, (uint32_t)folder, TEXT("by2"), put_low(&how, sizeof(how)), sizeof(how), 0));
	close(folder);
	assert_open(in_dir("folder/by2"), "by2");
	e = last(TR_OPEN, OPEN_OPEN);
	assert_int_equal(e->mode, 0610);
	assert_int_equal(e->created, 1);
	calls_forget(state);
	assert_int_equal(call32(OPEN_32, TEXT("/no/such"), O_RDONLY, 0, 0, 0), -ENOENT);
	assert_open("/no/such", "/no/such");
}

/* Numbers that mean an open, or an exec, in the 64-bit table alone, and the other way round. */
static void
number_of_another_table_is_not_mistaken(void **state)
{
	struct ev_count before;

	need_32();
	calls_forget(state);
	before = tracerrig_count(rig, TR_OPEN);
	call32(SYS_openat, 0, 0, 0, 0, 0);		/* remap_file_pages */
	call32(SYS_creat, 0, 0, 0, 0, 0);		/* readlink */
	call32(SYS_open_by_handle_at, 0, (uint32_t)AT_FDCWD, 0, 0, 0);	/* symlinkat */
	call32(SYS_execve, 0, 0, 0, 0, 0);		/* oldolduname */
	syscall(OPEN_32, -1, 0);			/* fstat */
	syscall(EXECVE_32, 0, 0);			/* munmap */
	assert_int_equal(tracerrig_count(rig, TR_OPEN).produced, before.produced);
	tracerrig_drain(rig, 20);
	assert_null(tracerrig_find(rig, TR_OPEN, OPEN_OPEN, (uint32_t)getpid()));
	assert_null(tracerrig_find(rig, TR_EXEC, EXEC_EXEC, (uint32_t)getpid()));
	assert_non_null(tracerrig_find(rig, TR_FILEOPS, FILEOP_SYMLINK, (uint32_t)getpid()));
}

static void
arguments_are_where_the_32_bit_table_has_them(void **state)
{
	const struct ev_fileops *e;

	need_32();
	assert_int_equal(call32(MKDIR_32, TEXT("kept"), 0750, 0, 0, 0), 0);
	e = last(TR_FILEOPS, FILEOP_MKDIR);
	assert_str(e, e->path, in_dir("kept"));
	assert_int_equal(e->mode, 0750);
	assert_true(e->h.flags & EV_COMPAT);

	make_file("old");
	assert_int_equal(call32(SYMLINK_32, TEXT("old"), TEXT("link"), 0, 0, 0), 0);
	e = last(TR_FILEOPS, FILEOP_SYMLINK);
	assert_str(e, e->path, in_dir("link"));
	assert_str(e, e->path2, "old");

	assert_int_equal(call32(TRUNCATE64_32, TEXT("old"), 5, 1, 0, 0), 0);
	assert_int_equal(((const struct ev_fileops *)last(TR_FILEOPS, FILEOP_TRUNCATE))->size, 1ULL << 32 | 5);

	/* Users of 16 bits. */
	assert_int_equal(call32(CHOWN16_32, TEXT("old"), 0x7ffff, 0x10000 + 7, 0, 0), 0);
	e = last(TR_FILEOPS, FILEOP_CHOWN);
	assert_int_equal(e->owner, UINT32_MAX);
	assert_int_equal(e->group, 7);
	calls_forget(state);
	assert_int_equal(call32(CHOWN_32, TEXT("old"), 70000, UINT32_MAX, 0, 0), 0);
	e = last(TR_FILEOPS, FILEOP_CHOWN);
	assert_int_equal(e->owner, 70000);
	assert_int_equal(e->group, UINT32_MAX);
}

static void
arguments_of_a_failed_32_bit_exec_are_read(void **state)
{
	const struct ev_exec *e;
	uint32_t argv[3];

	need_32();
	argv[0] = TEXT("zero");
	argv[1] = TEXT("one");
	argv[2] = 0;
	assert_int_equal(call32(EXECVE_32, TEXT("/no/such"), put_low(argv, sizeof(argv)), 0, 0, 0), -ENOENT);
	e = last(TR_EXEC, EXEC_EXEC);
	assert_str(e, e->filename, "/no/such");
	assert_int_equal(e->args.len, sizeof("zero") + sizeof("one"));
	assert_memory_equal((const char *)e + e->args.off, "zero\0one", 9);
	assert_true(e->h.flags & EV_COMPAT);
}

/* 0 or negative errno; by what socketcall passes, or by the calls' own numbers. */
static long
socket_call(bool by_socketcall, uint32_t which, long nr, const uint32_t args[3])
{
	if (!by_socketcall)
		return call32(nr, args[0], args[1], args[2], 0, 0);
	return call32(SOCKETCALL_32, which, put_low(args, 3 * sizeof(*args)), 0, 0, 0);
}

static void
connect_1000(bool by_socketcall, uint16_t port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct ev_tcpstate *e;
	size_t n = 0, at = 0;
	uint32_t to;

	calls_forget(NULL);
	for (int i = 0; i < 1000; i++) {
		long fd;

		low_used = 0;
		to = put_low(&sa, sizeof(sa));
		fd = socket_call(by_socketcall, 1, SOCKET_32, (uint32_t[]){ AF_INET, SOCK_STREAM, 0 });
		assert_true(fd >= 0);
		assert_int_equal(socket_call(by_socketcall, 3, CONNECT_32, (uint32_t[]){ (uint32_t)fd, to, sizeof(sa) }),
			-ECONNREFUSED);
		close((int)fd);
	}
	tracerrig_drain(rig, 50);
	while ((e = tracerrig_next(rig, &at, TR_TCPSTATE, TCPSTATE_CONNECT, (uint32_t)getpid())))
		n += e->dport == port && e->h.ret == -ECONNREFUSED && e->daddr[15] == 1;
	assert_int_equal(n, 1000);
}

static void
thousand_32_bit_opens_and_connects_are_all_reported(void **state)
{
	const struct ev_open *e;
	char name[16];
	size_t n = 0, at = 0;

	need_32();
	for (int i = 0; i < 1000; i++) {
		low_used = 0;
		snprintf(name, sizeof(name), "n%d", i);
		close((int)call32(OPEN_32, TEXT(name), O_CREAT | O_WRONLY, 0600, 0, 0));
	}
	tracerrig_drain(rig, 50);
	while ((e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)getpid()))) {
		snprintf(name, sizeof(name), "n%zu", n++);
		assert_str(e, e->path, in_dir(name));
	}
	assert_int_equal(n, 1000);
	connect_1000(false, 1);
	connect_1000(true, 2);
}

static void
accept_by_socketcall_is_reported(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	long taken;

	need_32();
	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(connect(client, (struct sockaddr *)&sa, sizeof(sa)), 0);
	taken = socket_call(true, 5, 0, (uint32_t[]){ (uint32_t)listener, 0, 0 });
	assert_true(taken >= 0);
	assert_int_equal(((const struct ev_hdr *)last(TR_TCPSTATE, TCPSTATE_ACCEPT))->ret, taken);
	close((int)taken);
	close(client);
	close(listener);
}

static void
call_of_x32_is_seen(void **state)
{
	uint32_t argv[2] = { 0 };
	const struct ev_exec *x;
	const struct ev_open *e;

	if (syscall(X32(SYS_getppid)) < 0) {
		print_message("the kernel has no x32\n");
		skip();
	}
	make_file("x32");
	calls_forget(state);
	close((int)syscall(X32(SYS_openat), AT_FDCWD, "x32", O_RDONLY));
	e = last(TR_OPEN, OPEN_OPEN);
	assert_str(e, e->path, in_dir("x32"));
	argv[0] = TEXT("zero");
	assert_int_equal(syscall(X32(EXECVE_X32), "/no/such", put_low(argv, sizeof(argv)), 0), -1);
	x = last(TR_EXEC, EXEC_EXEC);
	assert_str(x, x->filename, "/no/such");
	assert_int_equal(x->args.len, sizeof("zero"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_of_every_32_bit_kind_is_seen),
		TEST(number_of_another_table_is_not_mistaken),
		TEST(arguments_are_where_the_32_bit_table_has_them),
		TEST(arguments_of_a_failed_32_bit_exec_are_read),
		TEST(thousand_32_bit_opens_and_connects_are_all_reported),
		TEST(accept_by_socketcall_is_reported),
		TEST(call_of_x32_is_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, calls_setup, teardown);
}
