/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that are decided on hooks of security modules: what they stop did not happen, what is beside it did. */
#include "enforcerig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define ADDRESS(family_, port_) \
	{ .sin_family = (family_), .sin_port = htons(port_), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }

static off_t
size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* ---- files and programs ---- */

static int
open_file(const void *path)
{
	int fd = open(path, O_RDONLY);

	return fd < 0 ? errno : 0;
}

static int
empty_file(const void *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	return fd < 0 ? errno : 0;
}

static void
a_file_is_not_opened_and_the_one_beside_it_is(void **state)
{
	off_t size;

	enforce_need_lsm();
	enforce_copy("/etc/hostname", "secret");
	enforce_copy("/etc/hostname", "public");
	size = size_of(in_dir("secret"));
	RULES(DENY("open", PATH("%D/secret")));
	assert_int_equal(enforce_act(open_file, in_dir("secret")), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_OPEN, ENF_DENIED, in_dir("secret"));
	assert_int_equal(enforce_act(open_file, in_dir("public")), 0);
	/* Nothing was done to it before the question. */
	assert_int_equal(enforce_act(empty_file, in_dir("secret")), EPERM);
	assert_int_equal(size_of(in_dir("secret")), size);
	assert_int_equal(enforce_act(empty_file, in_dir("public")), 0);
	assert_int_equal(size_of(in_dir("public")), 0);
	/* By another name of its folder. */
	assert_int_equal(symlink(dir, in_dir("link")), 0);
	assert_int_equal(enforce_act(open_file, in_dir("link/secret")), EPERM);
	RULES(DENY("open", PATH("%D/secret") ", { field = \"flags\", op = \"hasany\", value = \"O_WRONLY|O_RDWR\" }"));
	assert_int_equal(enforce_act(open_file, in_dir("secret")), 0);
}

static void
a_program_is_not_executed_and_the_one_beside_it_is(void **state)
{
	enforce_need_lsm();
	enforce_copy("/bin/touch", "bad");
	enforce_copy("/bin/touch", "good");
	RULES(DENY("exec", PATH("%D/bad")));
	assert_int_equal(enforce_act(enforce_run, in_dir("bad")), EPERM);
	assert_false(enforce_ran());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_EXEC, ENF_DENIED, in_dir("bad"));
	assert_int_equal(enforce_act(enforce_run, in_dir("good")), 0);
	assert_true(enforce_ran());
}

/* ---- mounts ---- */

static bool
is_mount(const char *path)
{
	struct stat at, above;
	char up[300];

	snprintf(up, sizeof(up), "%s/..", path);
	return !stat(path, &at) && !stat(up, &above) && at.st_dev != above.st_dev;
}

static bool
in_mounts_of_its_own(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static int
mount_on(const void *path)
{
	int err;

	if (!in_mounts_of_its_own())
		return 123;
	err = mount("none", path, "tmpfs", 0, NULL) ? errno : 0;
	return is_mount(path) == !err ? err : 124;
}

static int
move_on(const void *path)
{
	int fs, at, err;

	if (!in_mounts_of_its_own())
		return 123;
	fs = (int)syscall(SYS_fsopen, "tmpfs", 0);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return 122;
	at = (int)syscall(SYS_fsmount, fs, 0, 0);
	err = syscall(SYS_move_mount, at, "", AT_FDCWD, path, 4 /* MOVE_MOUNT_F_EMPTY_PATH */) ? errno : 0;
	return is_mount(path) == !err ? err : 124;
}

static int
mount_and_take_away(const void *path)
{
	int err;

	if (!in_mounts_of_its_own() || mount("none", path, "tmpfs", 0, NULL))
		return 123;
	err = umount2(path, MNT_DETACH) ? errno : 0;
	return is_mount(path) == !!err ? err : 124;
}

static void
make_places(void)
{
	mkdir(in_dir("no"), 0755);
	mkdir(in_dir("yes"), 0755);
	assert_int_equal(access(in_dir("no"), F_OK) | access(in_dir("yes"), F_OK), 0);
}

static void
a_mount_is_refused_and_the_one_beside_it_is_not(void **state)
{
	enforce_need_lsm();
	make_places();
	RULES(DENY("mount", "{ field = \"mounted\", value = \"%D/no\" }"));
	assert_int_equal(enforce_act(mount_on, in_dir("no")), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_MOUNT, ENF_DENIED, in_dir("no"));
	assert_int_equal(enforce_act(mount_on, in_dir("yes")), 0);
	assert_int_equal(enforce_act(move_on, in_dir("no")), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_MOVE, ENF_DENIED, in_dir("no"));
	assert_int_equal(enforce_act(move_on, in_dir("yes")), 0);
}

static void
a_mount_is_not_taken_away_and_the_one_beside_it_is(void **state)
{
	enforce_need_lsm();
	make_places();
	RULES(DENY("mount", "{ field = \"event\", value = \"umount\" }, { field = \"mounted\", value = \"%D/no\" }"));
	assert_int_equal(enforce_act(mount_and_take_away, in_dir("no")), EPERM);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_UMOUNT, ENF_DENIED, in_dir("no"));
	assert_int_equal(enforce_act(mount_and_take_away, in_dir("yes")), 0);
	assert_int_equal(enforce_act(mount_on, in_dir("no")), 0);
}

/* ---- other processes, bpf(2) ---- */

static char secret[8] = "secret";

static int
trace(const void *pid)
{
	return ptrace(PTRACE_ATTACH, *(const pid_t *)pid, NULL, NULL) ? errno : 0;
}

static int
read_memory(const void *pid)
{
	char got[sizeof(secret)] = "";
	struct iovec here = { got, sizeof(got) }, there = { secret, sizeof(secret) };
	int err = process_vm_readv(*(const pid_t *)pid, &here, 1, &there, 1, 0) < 0 ? errno : 0;

	return !strcmp(got, secret) == !err ? err : 124;
}

static void
a_process_is_not_traced_and_another_is(void **state)
{
	pid_t victims[2];
	char rule[256];
	const struct ev_enforce *e;

	enforce_need_lsm();
	for (int i = 0; i < 2; i++) {
		victims[i] = fork();
		if (victims[i] == 0) {
			pause();
			_exit(0);
		}
	}
	snprintf(rule, sizeof(rule), DENY("ptrace", "{ field = \"target_pid\", value = %d }"), victims[0]);
	RULES(rule);
	assert_int_equal(enforce_act(trace, &victims[0]), EPERM);
	e = enforce_decision(enforce_last_pid());
	enforce_decided(e, ENF_PTRACE, ENF_DENIED, NULL);
	assert_int_equal(e->target, victims[0]);
	assert_int_equal(enforce_act(read_memory, &victims[0]), EPERM);
	assert_int_equal(enforce_act(read_memory, &victims[1]), 0);
	assert_int_equal(enforce_act(trace, &victims[1]), 0);
	for (int i = 0; i < 2; i++) {
		kill(victims[i], SIGKILL);
		waitpid(victims[i], NULL, 0);
	}
}

static int
make_map(const void *type)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	return syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)) < 0 ? errno : 0;
}

static void
a_command_of_bpf_is_refused_to_one_program(void **state)
{
	enforce_need_lsm();
	RULES(DENY("bpf", "{ field = \"event\", value = \"map_create\" }, { field = \"comm\", value = \"nobody\" }"));
	assert_int_equal(enforce_act(make_map, NULL), 0);
	RULES(DENY("bpf", "{ field = \"event\", value = \"map_create\" }, { field = \"basename(exe)\", value = \"test-tracers-enforce-lsm\" }"));
	assert_int_equal(enforce_act(make_map, NULL), EPERM);
	enforce_table(NULL);
	assert_int_equal(enforce_act(make_map, NULL), 0);
}

/* ---- sockets ---- */

/* Bound before it listens: what is denied is the second step. */
static int
listen_at(const void *port)
{
	struct sockaddr_in at = ADDRESS(AF_INET, *(const uint16_t *)port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), to = socket(AF_INET, SOCK_STREAM, 0), err;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) || bind(fd, (void *)&at, sizeof(at)))
		return 123;
	err = listen(fd, 1) ? errno : 0;
	return (connect(to, (void *)&at, sizeof(at)) == 0) == !err ? err : 124;
}

static int
listen_anywhere(const void *family)
{
	int fd = socket(*(const int *)family, SOCK_STREAM, 0);

	if (*(const int *)family == AF_UNIX && bind(fd, &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)))
		return 123;
	return listen(fd, 1) ? errno : 0;
}

static void
a_socket_does_not_listen_and_the_one_beside_it_does(void **state)
{
	static const uint16_t no = 48131, yes = 48132;
	static const int inet = AF_INET, unix_ = AF_UNIX;
	const struct ev_enforce *e;

	enforce_need_lsm();
	RULES(DENY("bind", "{ field = \"event\", value = \"listen\" }, { field = \"port\", value = 48131 }, "
		"{ field = \"addr\", op = \"cidr\", value = \"127.0.0.0/8\" }"));
	assert_int_equal(enforce_act(listen_at, &no), EPERM);
	e = enforce_decision(enforce_last_pid());
	enforce_decided(e, ENF_LISTEN, ENF_DENIED, NULL);
	assert_int_equal(e->port, no);
	assert_memory_equal(e->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	assert_int_equal(enforce_act(listen_at, &yes), 0);
	/* One that was not bound gets its port afterwards. */
	RULES("version = 2\ntracer = \"bind\"\nactions = [\"deny\"]\nmode = \"enforce\"\nfail = \"closed\"\n[match]\nall = ["
		"{ field = \"event\", value = \"listen\" }, { field = \"port\", value = 48131 }]\n");
	assert_int_equal(enforce_act(listen_anywhere, &inet), EPERM);
	assert_int_equal(enforce_decision(enforce_last_pid())->outcome, ENF_DENIED_UNDECIDED);
	assert_int_equal(enforce_act(listen_anywhere, &unix_), 0);
	RULES(DENY("bind", "{ field = \"event\", value = \"listen\" }, { field = \"family\", value = \"UNIX\" }, "
		"{ field = \"basename(exe)\", value = \"test-tracers-enforce-lsm\" }"));
	assert_int_equal(enforce_act(listen_anywhere, &unix_), EPERM);
	assert_int_equal(enforce_act(listen_at, &no), 0);
}

static int
make_socket(const void *family)
{
	return socket(*(const int *)family, SOCK_DGRAM, 0) < 0 ? errno : 0;
}

static void
a_socket_of_another_family_is_not_made_and_one_of_ipv4_is(void **state)
{
	static const int unix_ = AF_UNIX, inet = AF_INET;

	enforce_need_lsm();
	RULES(DENY("socket", "{ field = \"family\", value = \"UNIX\" }, { field = \"basename(exe)\", value = \"test-tracers-enforce-lsm\" }"));
	assert_int_equal(enforce_act(make_socket, &unix_), EPERM);
	assert_int_equal(enforce_act(make_socket, &inet), 0);
}

/* ---- modules ---- */

#define MODULE "dummy"		/* an interface that swallows what it is sent: needs no other module */

static bool
is_loaded(void)
{
	return access("/sys/module/" MODULE, F_OK) == 0;
}

/* From its file; or from memory, which has no path. */
static int
load_file(const void *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
}

static int
load_bytes(const void *path)
{
	static char bytes[1 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, bytes, sizeof(bytes));

	return n <= 0 ? 123 : syscall(SYS_init_module, bytes, n, "") ? errno : 0;
}

/* Of the kernel that runs, unpacked, as no.ko and yes.ko in the folder. */
static bool
get_module(void)
{
	struct utsname u;
	char cmd[512];

	uname(&u);
	snprintf(cmd, sizeof(cmd), "f=/lib/modules/%s/kernel/drivers/net/" MODULE ".ko; cd %s && "
		"{ cat $f || xz -dc $f.xz; } >no.ko 2>/dev/null && cp no.ko yes.ko", u.release, dir);
	return system(cmd) == 0 && !is_loaded();
}

static void
a_module_is_not_loaded_and_the_same_beside_it_is(void **state)
{
	enforce_need_lsm();
	if (!get_module()) {
		print_message("this kernel has no module " MODULE " that could be loaded\n");
		skip();
	}
	RULES(DENY("module", PATH("%D/no.ko")));
	assert_int_equal(enforce_act(load_file, in_dir("no.ko")), EPERM);
	assert_false(is_loaded());
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_MODULE, ENF_DENIED, in_dir("no.ko"));
	assert_int_equal(enforce_act(load_file, in_dir("yes.ko")), 0);
	assert_true(is_loaded());
	assert_int_equal(syscall(SYS_delete_module, MODULE, 0), 0);
	/* Bytes have no path: it depends on what is to be done then. */
	assert_int_equal(enforce_act(load_bytes, in_dir("no.ko")), 0);
	enforce_decided(enforce_decision(enforce_last_pid()), ENF_MODULE, ENF_UNDECIDED, NULL);
	assert_int_equal(syscall(SYS_delete_module, MODULE, 0), 0);
	RULES("version = 2\ntracer = \"module\"\nactions = [\"deny\"]\nmode = \"enforce\"\nfail = \"closed\"\n[match]\nall = ["
		PATH("%D/no.ko") "]\n");
	assert_int_equal(enforce_act(load_bytes, in_dir("yes.ko")), EPERM);
	assert_false(is_loaded());
	RULES(DENY("module", "{ field = \"comm\", value = \"test-tracers-en\" }"));
	assert_int_equal(enforce_act(load_bytes, in_dir("yes.ko")), EPERM);
	assert_int_equal(enforce_act(load_file, in_dir("yes.ko")), EPERM);
	assert_false(is_loaded());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_not_opened_and_the_one_beside_it_is),
		TEST(a_program_is_not_executed_and_the_one_beside_it_is),
		TEST(a_mount_is_refused_and_the_one_beside_it_is_not),
		TEST(a_mount_is_not_taken_away_and_the_one_beside_it_is),
		TEST(a_process_is_not_traced_and_another_is),
		TEST(a_command_of_bpf_is_refused_to_one_program),
		TEST(a_socket_does_not_listen_and_the_one_beside_it_does),
		TEST(a_socket_of_another_family_is_not_made_and_one_of_ipv4_is),
		TEST(a_module_is_not_loaded_and_the_same_beside_it_is),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("tracers-enforce-lsm", tests, enforce_setup, enforce_teardown);
}
