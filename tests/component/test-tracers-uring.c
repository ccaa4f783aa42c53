/* SPDX-License-Identifier: Apache-2.0 */
/* What io_uring does without a system call for each: the tracers iouring, open and fileops. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>

#include "bpf/iouring.h"
#include "bpf/open.h"
#include "bpf/tcpstate.h"
#define DIR_TRACERS "open", "fileops", "iouring", "tcpstate"
#include "tracers-dir.h"
#include "uring.h"

static struct uring ring;

static int
uring_setup(void **state)
{
	if (setup(state))
		return -1;
	own_alone(TR_IOURING);
	own_alone(TR_TCPSTATE);
	if (!uring_open(&ring, 64, 0))
		print_message("the kernel has no io_uring: %s\n", strerror(errno));
	return 0;
}

static void
need_uring(void)
{
	if (ring.fd < 0)
		skip();
}

static bool
kernel_is_before(int major, int minor)
{
	struct utsname un;
	int has[2] = { 0 };

	assert_int_equal(uname(&un), 0);
	assert_int_equal(sscanf(un.release, "%d.%d", &has[0], &has[1]), 2);
	return has[0] < major || (has[0] == major && has[1] < minor);
}

static struct io_uring_sqe *
prepare_open(struct uring *u, int dirfd, const char *name, uint32_t flags)
{
	struct io_uring_sqe *sqe = uring_sqe(u, IORING_OP_OPENAT, dirfd);

	sqe->addr = (uintptr_t)name;
	sqe->open_flags = flags;
	sqe->len = 0640;
	return sqe;
}

static const struct ev_iouring *
last_request(void)
{
	return last(TR_IOURING, IOURING_SUBMIT);
}

static const struct ev_open *
last_open(void)
{
	return last(TR_OPEN, OPEN_OPEN);
}

static void
open_has_the_request_and_the_file(void **state)
{
	const struct ev_iouring *r;
	const struct ev_open *e;
	struct stat st;
	int fd;

	need_uring();
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_int_equal(symlink("folder/made", "alias"), 0);
	prepare_open(&ring, AT_FDCWD, "alias", O_CREAT | O_WRONLY)->user_data = 0x1234;
	fd = uring_one(&ring);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	r = last_request();
	assert_int_equal(r->opcode, IORING_OP_OPENAT);
	assert_str(r, r->path, in_dir("alias"));
	assert_int_equal(r->h.flags, EV_UNRESOLVED);
	assert_int_equal(r->h.tgid, getpid());
	assert_int_equal(r->user_data, 0x1234);
	assert_int_equal(r->mode, 0640);
	assert_true(r->flags & O_CREAT);
	e = last_open();
	assert_str(e, e->path, in_dir("folder/made"));
	assert_int_equal(e->h.ret, fd);
	assert_int_equal(e->h.flags, EV_URING);
	assert_int_equal(e->ino, st.st_ino);
	assert_int_equal(e->created, 1);
	assert_int_equal(e->mode, 0640);
	close(fd);
}

/* One that works in a thread of the kernel's, and one that polls the ring there. */
static void
open_by_a_thread_of_the_kernel_has_its_owner(void **state)
{
	struct io_uring_cqe cqe = { 0 };
	struct uring polled;
	const struct ev_open *e;
	int fd;

	need_uring();
	make_file("async");
	forget(state);
	prepare_open(&ring, AT_FDCWD, "async", O_RDONLY)->flags = IOSQE_ASYNC;
	fd = uring_one(&ring);
	assert_true(fd >= 0);
	close(fd);
	e = last_open();
	assert_str(e, e->path, in_dir("async"));
	assert_int_equal(e->h.tgid, getpid());
	if (!uring_open(&polled, 8, IORING_SETUP_SQPOLL)) {
		print_message("no polling here: %s\n", strerror(errno));
		return;
	}
	make_file("polled");
	forget(state);
	prepare_open(&polled, AT_FDCWD, "polled", O_RDONLY);
	for (int i = 0; i < 2000 && !uring_result(&polled, &cqe); i++) {
		if (*(uint32_t *)(polled.sq + polled.p.sq_off.flags) & IORING_SQ_NEED_WAKEUP)
			syscall(SYS_io_uring_enter, polled.fd, 1, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
		usleep(1000);
	}
	close(polled.fd);
	assert_true(cqe.res >= 0);
	close(cqe.res);
	e = last_open();
	assert_str(e, e->path, in_dir("polled"));
	assert_int_equal(e->h.tgid, getpid());
	assert_str(last_request(), last_request()->path, in_dir("polled"));
}

/* Whose result nobody hears of: no result on success, no descriptor, no room for it. */
static void
open_that_hides_its_result_is_told(void **state)
{
	int slots[4] = { -1, -1, -1, -1 };
	const struct ev_open *e;
	struct uring small;
	size_t at = 0;

	need_uring();
	make_file("hidden");
	forget(state);
	prepare_open(&ring, AT_FDCWD, "hidden", O_RDONLY)->flags = IOSQE_CQE_SKIP_SUCCESS;
	assert_int_equal(uring_enter(&ring, 1, 0), 0);
	e = last_open();
	assert_str(e, e->path, in_dir("hidden"));
	assert_int_equal(e->h.flags, EV_URING | EV_UNRESOLVED);

	assert_int_equal(syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_FILES, slots, 4), 0);
	forget(state);
	prepare_open(&ring, AT_FDCWD, "hidden", O_RDONLY)->file_index = 1;
	assert_int_equal(uring_one(&ring), 0);
	e = last_open();
	assert_str(e, e->path, in_dir("hidden"));
	assert_int_equal(e->h.flags, EV_URING | EV_UNRESOLVED);

	assert_true(uring_open(&small, 1, 0));
	forget(state);
	for (int i = 0; i < 8; i++) {
		prepare_open(&small, AT_FDCWD, "hidden", O_RDONLY);
		assert_int_equal(uring_enter(&small, 1, 0), 0);
	}
	for (int i = 0; i < 8; i++) {
		struct io_uring_cqe cqe;

		if (!uring_result(&small, &cqe)) {
			uring_enter(&small, 0, 1);
			assert_true(uring_result(&small, &cqe));
		}
		close(cqe.res);
	}
	close(small.fd);
	tracerrig_drain(rig, 50);
	for (int i = 0; i < 8; i++) {
		e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)getpid());
		assert_non_null(e);
		assert_str(e, e->path, in_dir("hidden"));
		assert_int_equal(e->h.flags, EV_URING);
	}
}

static void
names_of_every_request_are_told(void **state)
{
	const struct ev_iouring *r;
	struct io_uring_sqe *sqe;
	int folder;

	need_uring();
	folder = open(".", O_RDONLY | O_DIRECTORY);
	sqe = uring_sqe(&ring, IORING_OP_MKDIRAT, folder);
	sqe->addr = (uintptr_t)"sub";
	sqe->len = 0711;
	assert_int_equal(uring_one(&ring), 0);
	r = last_request();
	assert_int_equal(r->opcode, IORING_OP_MKDIRAT);
	assert_str(r, r->path, in_dir("sub"));
	assert_int_equal(r->mode, 0711);

	make_file("from");
	sqe = uring_sqe(&ring, IORING_OP_RENAMEAT, folder);
	sqe->addr = (uintptr_t)"from";
	sqe->len = (uint32_t)AT_FDCWD;
	sqe->addr2 = (uintptr_t)"sub/to";
	assert_int_equal(uring_one(&ring), 0);
	r = last_request();
	assert_int_equal(r->opcode, IORING_OP_RENAMEAT);
	assert_str(r, r->path, in_dir("from"));
	assert_str(r, r->path2, in_dir("sub/to"));

	sqe = uring_sqe(&ring, IORING_OP_SYMLINKAT, folder);
	sqe->addr = (uintptr_t)"sub/to";
	sqe->addr2 = (uintptr_t)"soft";
	assert_int_equal(uring_one(&ring), 0);
	r = last_request();
	assert_str(r, r->path, in_dir("soft"));
	assert_str(r, r->path2, "sub/to");

	sqe = uring_sqe(&ring, IORING_OP_LINKAT, folder);
	sqe->addr = (uintptr_t)"sub/to";
	sqe->len = (uint32_t)folder;
	sqe->addr2 = (uintptr_t)"hard";
	assert_int_equal(uring_one(&ring), 0);
	r = last_request();
	assert_str(r, r->path, in_dir("sub/to"));
	assert_str(r, r->path2, in_dir("hard"));

	sqe = uring_sqe(&ring, IORING_OP_UNLINKAT, AT_FDCWD);
	sqe->addr = (uintptr_t)"hard";
	assert_int_equal(uring_one(&ring), 0);
	r = last_request();
	assert_int_equal(r->opcode, IORING_OP_UNLINKAT);
	assert_str(r, r->path, in_dir("hard"));
	close(folder);
}

static const struct ev_fileops *
last_op(unsigned int op)
{
	return last(TR_FILEOPS, op);
}

/* One component in a folder is exact: the folder is the kernel's, and so is the copy of the name. */
static void
what_is_done_to_names_is_told_as_of_calls(void **state)
{
	const struct ev_fileops *e;
	struct io_uring_sqe *sqe;
	int folder;

	need_uring();
	assert_int_equal(mkdir("there", 0755), 0);
	make_file("there/from");
	folder = open("there", O_RDONLY | O_DIRECTORY);
	forget(state);
	sqe = uring_sqe(&ring, IORING_OP_RENAMEAT, folder);
	sqe->addr = (uintptr_t)"from";
	sqe->len = (uint32_t)AT_FDCWD;
	sqe->addr2 = (uintptr_t)"there/to";
	assert_int_equal(uring_one(&ring), 0);
	e = last_op(FILEOP_RENAME);
	assert_str(e, e->path, in_dir("there/from"));
	assert_str(e, e->path2, in_dir("there/to"));
	assert_int_equal(e->h.flags, EV_URING | EV_UNRESOLVED);

	sqe = uring_sqe(&ring, IORING_OP_LINKAT, folder);
	sqe->addr = (uintptr_t)"to";
	sqe->len = (uint32_t)folder;
	sqe->addr2 = (uintptr_t)"hard";
	assert_int_equal(uring_one(&ring), 0);
	e = last_op(FILEOP_LINK);
	assert_str(e, e->path, in_dir("there/to"));
	assert_str(e, e->path2, in_dir("there/hard"));
	assert_int_equal(e->h.flags, EV_URING);

	sqe = uring_sqe(&ring, IORING_OP_SYMLINKAT, folder);
	sqe->addr = (uintptr_t)"../elsewhere";
	sqe->addr2 = (uintptr_t)"soft";
	assert_int_equal(uring_one(&ring), 0);
	e = last_op(FILEOP_SYMLINK);
	assert_str(e, e->path, in_dir("there/soft"));
	assert_str(e, e->path2, "../elsewhere");

	sqe = uring_sqe(&ring, IORING_OP_MKDIRAT, folder);
	sqe->addr = (uintptr_t)"sub";
	sqe->len = 0711;
	assert_int_equal(uring_one(&ring), 0);
	e = last_op(FILEOP_MKDIR);
	assert_str(e, e->path, in_dir("there/sub"));
	assert_int_equal(e->mode, 0711);

	sqe = uring_sqe(&ring, IORING_OP_UNLINKAT, folder);
	sqe->addr = (uintptr_t)"sub";
	sqe->unlink_flags = AT_REMOVEDIR;
	assert_int_equal(uring_one(&ring), 0);
	e = last_op(FILEOP_RMDIR);
	assert_str(e, e->path, in_dir("there/sub"));
	assert_int_equal(e->flags, AT_REMOVEDIR);
	assert_int_equal(e->h.flags, EV_URING);
	assert_int_equal(e->h.tgid, getpid());
	close(folder);
}

static void
thousand_names_that_are_removed_are_all_reported(void **state)
{
	const struct ev_fileops *e;
	struct io_uring_sqe *sqe;
	char name[16];
	size_t n = 0, at = 0;

	need_uring();
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		make_file(name);
	}
	forget(state);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		sqe = uring_sqe(&ring, IORING_OP_UNLINKAT, AT_FDCWD);
		sqe->addr = (uintptr_t)name;
		sqe->flags = i % 2 ? IOSQE_ASYNC : 0;
		assert_int_equal(uring_one(&ring), 0);
	}
	tracerrig_drain(rig, 50);
	while ((e = tracerrig_next(rig, &at, TR_FILEOPS, FILEOP_UNLINK, (uint32_t)getpid()))) {
		snprintf(name, sizeof(name), "r%zu", n++);
		assert_str(e, e->path, in_dir(name));
		assert_int_equal(e->h.flags, EV_URING);
	}
	assert_int_equal(n, 1000);
}

static void
request_that_moves_data_is_not_told(void **state)
{
	struct ev_count before;

	need_uring();
	before = tracerrig_count(rig, TR_IOURING);
	uring_sqe(&ring, IORING_OP_NOP, -1);
	assert_int_equal(uring_one(&ring), 0);
	assert_int_equal(tracerrig_count(rig, TR_IOURING).produced, before.produced);
}

static void
ring_that_is_made_is_told(void **state)
{
	const struct ev_iouring *r;
	struct uring made;

	need_uring();
	assert_true(uring_open(&made, 16, IORING_SETUP_CLAMP));
	r = last(TR_IOURING, IOURING_CREATE);
	assert_int_equal(r->h.ret, made.fd);
	assert_int_equal(r->entries, 16);
	assert_int_equal(r->sqe_flags & IORING_SETUP_CLAMP, IORING_SETUP_CLAMP);
	close(made.fd);
}

static void
address_of_a_unix_socket_is_told(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "/no/docker.sock" };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const struct ev_iouring *r;
	struct io_uring_sqe *sqe;

	need_uring();
	sqe = uring_sqe(&ring, IORING_OP_CONNECT, fd);
	sqe->addr = (uintptr_t)&sa;
	sqe->off = sizeof(sa);
	assert_int_equal(uring_one(&ring), -ENOENT);
	r = last_request();
	assert_int_equal(r->family, AF_UNIX);
	assert_int_equal(r->fd, fd);
	assert_str(r, r->path, "/no/docker.sock");
	close(fd);
}

static void
thousand_opens_and_connects_are_all_reported(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(3),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct ev_iouring *r;
	const struct ev_tcpstate *c;
	const struct ev_open *e;
	size_t n = 0, requests = 0, connects = 0, at = 0;
	bool flagged = kernel_is_before(6, 10);		/* which copies the address later */
	struct io_uring_sqe *sqe;
	char name[16];

	need_uring();
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		prepare_open(&ring, AT_FDCWD, name, O_CREAT | O_WRONLY);
		close(uring_one(&ring));
	}
	tracerrig_drain(rig, 50);
	while ((e = tracerrig_next(rig, &at, TR_OPEN, OPEN_OPEN, (uint32_t)getpid()))) {
		snprintf(name, sizeof(name), "n%zu", n++);
		assert_str(e, e->path, in_dir(name));
	}
	assert_int_equal(n, 1000);
	for (at = 0; (r = tracerrig_next(rig, &at, TR_IOURING, IOURING_SUBMIT, (uint32_t)getpid()));) {
		snprintf(name, sizeof(name), "n%zu", requests++);
		assert_str(r, r->path, in_dir(name));
	}
	assert_int_equal(requests, 1000);

	forget(state);
	for (int i = 0; i < 1000; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		sqe = uring_sqe(&ring, IORING_OP_CONNECT, fd);
		sqe->addr = (uintptr_t)&sa;
		sqe->off = sizeof(sa);
		assert_int_equal(uring_one(&ring), -ECONNREFUSED);
		close(fd);
	}
	tracerrig_drain(rig, 50);
	for (at = requests = 0; (r = tracerrig_next(rig, &at, TR_IOURING, IOURING_SUBMIT, (uint32_t)getpid()));)
		requests += r->opcode == IORING_OP_CONNECT && r->family == AF_INET && r->port == 3 &&
			    r->addr[12] == 127 && r->addr[15] == 1 && (!r->h.flags || flagged);
	assert_int_equal(requests, 1000);
	for (at = 0; (c = tracerrig_next(rig, &at, TR_TCPSTATE, TCPSTATE_CONNECT, (uint32_t)getpid()));)
		connects += c->dport == 3 && c->daddr[15] == 1;
	assert_int_equal(connects, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_has_the_request_and_the_file),
		TEST(open_by_a_thread_of_the_kernel_has_its_owner),
		TEST(open_that_hides_its_result_is_told),
		TEST(names_of_every_request_are_told),
		TEST(what_is_done_to_names_is_told_as_of_calls),
		TEST(thousand_names_that_are_removed_are_all_reported),
		TEST(request_that_moves_data_is_not_told),
		TEST(ring_that_is_made_is_told),
		TEST(address_of_a_unix_socket_is_told),
		TEST(thousand_opens_and_connects_are_all_reported),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, uring_setup, teardown);
}
