/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts about the kernel that bpfd's structure rests on.  When one of these fails on some
 * kernel, it is the design that has to be looked at there.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/bpf_compat.h"
#include "ipc/config.h"

#define NOBODY 65534
#define CAP_BIT(name) (1ULL << CAP_##name)
#define LOADER_CAPS (CAP_BIT(BPF) | CAP_BIT(PERFMON) | CAP_BIT(NET_ADMIN))

static const struct bpf_insn return_0[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int
load(uint32_t type)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.insns = (uintptr_t)return_0;
	attr.insn_cnt = ARRAY_SIZE(return_0);
	attr.license = (uintptr_t)"GPL";
	return compat_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static int
open_raw_tracepoint(int prog)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)"sched_process_exec";
	attr.raw_tracepoint.prog_fd = (uint32_t)prog;
	return compat_bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
}

static int
pin(int fd, const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf_fd = (uint32_t)fd;
	attr.pathname = (uintptr_t)path;
	return compat_bpf(BPF_OBJ_PIN, &attr, sizeof(attr));
}

static int
get_pin(const char *path)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	return compat_bpf(BPF_OBJ_GET, &attr, sizeof(attr));
}

static uint32_t
link_prog_id(int fd)
{
	struct compat_link_info info;

	memset(&info, 0, sizeof(info));
	return compat_obj_info(fd, &info, sizeof(info)) < 0 ? 0 : info.prog_id;
}

/* Nobody, with exactly these capabilities. */
static int
become(uint64_t caps)
{
	struct __user_cap_header_struct hdr = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = (uint32_t)caps, .permitted = (uint32_t)caps },
		{ .effective = (uint32_t)(caps >> 32), .permitted = (uint32_t)(caps >> 32) },
	};

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
		return -errno;
	return syscall(SYS_capset, &hdr, data) < 0 ? -errno : 0;
}

/* Runs fn in a child with these capabilities; its result: 0, or the errno it returned negated. */
static int
as_nobody(uint64_t caps, int (*fn)(int fd), int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int err = become(caps);

		err = err ? err : fn(fd);
		_exit(err < 0 ? -err : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

static void
need_root(void)
{
	if (geteuid() != 0) {
		print_message("# skipped: needs root\n");
		skip();
	}
}

static int
attach_as_received(int prog)
{
	AUTO(fd) int link = open_raw_tracepoint(prog);

	return link < 0 ? link : 0;
}

static int
load_one(int type)
{
	AUTO(fd) int fd = load((uint32_t)type);

	return fd < 0 ? fd : 0;
}

static int
list_first_program(int unused)
{
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	err = compat_bpf(BPF_PROG_GET_NEXT_ID, &attr, sizeof(attr));
	return err < 0 ? err : 0;
}

/* Why the API and the linker never hold one. */
static void
a_program_descriptor_is_the_right_to_attach(void **state)
{
	AUTO(fd) int prog = -1;

	need_root();
	prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT);
	assert_true(prog >= 0);
	assert_int_equal(as_nobody(0, attach_as_received, prog), 0);
}

/* Why the loader can be without CAP_SYS_ADMIN. */
static void
three_capabilities_load_every_kind(void **state)
{
	need_root();
	assert_int_equal(as_nobody(LOADER_CAPS, load_one, BPF_PROG_TYPE_RAW_TRACEPOINT), 0);
	assert_int_equal(as_nobody(LOADER_CAPS, load_one, BPF_PROG_TYPE_TRACEPOINT), 0);
	assert_int_equal(as_nobody(LOADER_CAPS, load_one, BPF_PROG_TYPE_XDP), 0);
	assert_int_equal(as_nobody(LOADER_CAPS, load_one, BPF_PROG_TYPE_SCHED_CLS), 0);
	assert_int_equal(as_nobody(0, load_one, BPF_PROG_TYPE_XDP), -EPERM);
}

/* Why listing every program of the host is a oneshot's. */
static void
walking_ids_needs_sys_admin(void **state)
{
	AUTO(fd) int prog = -1;

	need_root();
	prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT);	/* there may be no other */
	assert_true(prog >= 0);
	assert_int_equal(as_nobody(LOADER_CAPS, list_first_program, -1), -EPERM);
	assert_int_equal(as_nobody(CAP_BIT(SYS_ADMIN), list_first_program, -1), 0);
}

struct mounted {
	char dir[64];
};

static int
mount_bpffs(void **state)
{
	struct mounted *m = calloc(1, sizeof(*m));

	*state = m;
	if (geteuid() != 0)
		return 0;
	strcpy(m->dir, "/tmp/bpfd-facts-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	assert_int_equal(mount("bpffs", m->dir, "bpf", 0, NULL), 0);
	return 0;
}

static int
unmount_bpffs(void **state)
{
	struct mounted *m = *state;

	if (m->dir[0]) {
		umount2(m->dir, MNT_DETACH);
		rmdir(m->dir);
	}
	free(m);
	return 0;
}

/* Why bpfd mounts its own with mode=0700. */
static void
a_fresh_bpffs_is_open_to_everybody(void **state)
{
	struct mounted *m = *state;
	struct stat st;

	need_root();
	assert_int_equal(stat(m->dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01777);
}

static int
pin_at_root(int dir)
{
	AUTO(fd) int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT);

	return prog < 0 ? prog : pin(prog, "/prog");
}

/* Why the loader's root directory can be its bpffs and there is nothing else to name. */
static void
a_pin_lies_below_the_root_of_who_pins(void **state)
{
	struct mounted *m = *state;
	char path[96];
	struct stat st;
	int status;
	pid_t pid;

	need_root();
	pid = fork();
	if (pid == 0)
		_exit(chroot(m->dir) < 0 || chdir("/") < 0 || pin_at_root(-1) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	snprintf(path, sizeof(path), "%s/prog", m->dir);
	assert_int_equal(stat(path, &st), 0);
}

/* Why pins are not named after files or sections. */
static void
bpffs_refuses_dots_in_names(void **state)
{
	struct mounted *m = *state;
	AUTO(fd) int prog = -1;
	char path[96];

	need_root();
	prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT);
	snprintf(path, sizeof(path), "%s/obj.rodata", m->dir);
	assert_int_equal(pin(prog, path), -EPERM);
}

/* Why programs stay attached while all of bpfd is down. */
static void
a_pinned_link_outlives_its_maker(void **state)
{
	struct mounted *m = *state;
	AUTO(fd) int again = -1;
	char path[96];
	int status;
	pid_t pid;

	need_root();
	snprintf(path, sizeof(path), "%s/link", m->dir);
	pid = fork();
	if (pid == 0) {
		int link = open_raw_tracepoint(load(BPF_PROG_TYPE_RAW_TRACEPOINT));

		if (link < 0 || pin(link, path) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	again = get_pin(path);
	assert_true(again >= 0);
	assert_true(link_prog_id(again) > 0);
}

/* A client of another user, connected to a socket with an abstract name.  Its pid. */
static pid_t
connect_as_nobody(int *connection)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
		(size_t)snprintf(addr.sun_path + 1, sizeof(addr.sun_path) - 1, "bpfd-facts-%d", getpid()));
	AUTO(fd) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t child;

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	child = fork();
	if (child == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (become(0) < 0 || connect(fd, (struct sockaddr *)&addr, len) < 0)
			_exit(1);
		pause();
	}
	*connection = accept(listener, NULL, NULL);
	return child;
}

/* Why the loader can ask a client's socket itself who the client is, whoever hands it on. */
static void
a_passed_socket_still_names_its_peer(void **state)
{
	AUTO(fd) int client = -1;
	AUTO(fd) int passed = -1;
	gid_t gids[64];
	size_t n = ARRAY_SIZE(gids);
	pid_t pid, child;
	uid_t uid;

	need_root();
	child = connect_as_nobody(&client);
	passed = dup(client);
	assert_int_equal(config_peer(passed, &uid, &pid, gids, &n), 0);
	assert_int_equal(uid, NOBODY);
	assert_int_equal(pid, child);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_descriptor_is_the_right_to_attach),
		cmocka_unit_test(three_capabilities_load_every_kind),
		cmocka_unit_test(walking_ids_needs_sys_admin),
		cmocka_unit_test_setup_teardown(a_fresh_bpffs_is_open_to_everybody, mount_bpffs, unmount_bpffs),
		cmocka_unit_test_setup_teardown(a_pin_lies_below_the_root_of_who_pins, mount_bpffs, unmount_bpffs),
		cmocka_unit_test_setup_teardown(bpffs_refuses_dots_in_names, mount_bpffs, unmount_bpffs),
		cmocka_unit_test_setup_teardown(a_pinned_link_outlives_its_maker, mount_bpffs, unmount_bpffs),
		cmocka_unit_test(a_passed_socket_still_names_its_peer),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
