/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built bpfd-oneshot with a loader played by the test, in a mount namespace of its own: every
 * operation, every refusal, and what is left of its privilege at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf-prog.h"
#include "common/auto.h"
#include "common/mountinfo.h"
#include "oneshot-run.h"

#define UID_TEST	65531
#define GID_TEST	65530
#define TRACEFS		"/sys/kernel/tracing"

static struct one_run run;

static void
assert_refused(enum ipc_code code, const char *text)
{
	assert_true(run.answered);
	if (run.res.code != code || !strstr(run.res.text, text))
		print_error("got code %u err %d text \"%s\"\n", run.res.code, run.res.err, run.res.text);
	assert_int_equal(run.res.code, code);
	assert_non_null(strstr(run.res.text, text));
	assert_true(run.res.err < 0);
	assert_int_equal(run.fd, -1);
}

static void
assert_accepted(void)
{
	if (!run.answered || run.fd < 0)
		print_error("got code %u err %d text \"%s\" status %x\n", run.res.code, run.res.err,
			run.res.text, (unsigned int)run.wait_status);
	assert_true(run.answered);
	assert_true(run.fd >= 0);
	assert_int_equal(run.wait_status, 0);
}

/* What every operation ends as. */
static void
assert_confined(uid_t uid, uint64_t caps)
{
	assert_int_equal(one_status(&run, "CapEff:", 16), caps);
	assert_int_equal(one_status(&run, "CapPrm:", 16), caps);
	assert_int_equal(one_status(&run, "CapInh:", 16), 0);
	assert_int_equal(one_status(&run, "CapAmb:", 16), 0);
	assert_int_equal(one_status(&run, "NoNewPrivs:", 10), 1);
	assert_int_equal(one_status(&run, "Seccomp:", 10), 2);
	assert_int_equal(one_status(&run, "Uid:", 10), uid);
}

static uid_t
once_uid(void)
{
	const struct passwd *pw = getpwnam("bpfd-once");

	return pw ? pw->pw_uid : 0;
}

static void
shell(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

/* ---- tracepoints ---- */

static void
tracepoint(const char *category, const char *name)
{
	struct msg_tracepoint tp = { .category = "" };

	snprintf(tp.category, sizeof(tp.category), "%s", category);
	snprintf(tp.name, sizeof(tp.name), "%s", name);
	one_run(ROLE_LOADER, IPC_ONE_TRACEPOINT, &tp, NULL, &run);
}

static void
opens_a_tracepoint_and_keeps_no_privilege(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_TRACEPOINT, 0, -1, 0), link;
	struct compat_link_create lc = { .prog_fd = (uint32_t)prog, .attach_type = BPF_PERF_EVENT };

	tracepoint("sched", "sched_switch");
	assert_accepted();
	assert_confined(once_uid(), 0);
	lc.target = (uint32_t)run.fd;
	link = compat_link_create(&lc);
	assert_true(link >= 0);
	close(link);
	close(run.fd);
	close(prog);
}

static void
suggests_tracepoints(void **state)
{
	tracepoint("sched", "sched_swich");
	assert_refused(IPC_NOT_FOUND, "did you mean sched_switch?");
	tracepoint("schd", "sched_switch");
	assert_refused(IPC_NOT_FOUND, "did you mean sched/sched_switch?");
	tracepoint("schedd", "nonsense_at_all");
	assert_refused(IPC_NOT_FOUND, "did you mean sched");
	tracepoint("", "sched_swich");
	assert_refused(IPC_NOT_FOUND, "did you mean sched_switch?");
	tracepoint("", "sys_enter_openat");
	assert_refused(IPC_NOT_FOUND, "kind tracepoint");
}

static void
refuses_names_that_leave_tracefs(void **state)
{
	static const char *const bad[][2] = { { "sched", "../../tracing_on" }, { "..", "sched" },
		{ "a/b", "c" }, { "sched", "" }, { "sched", "x\n" }, { "", "" }, { ".", "events" } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tracepoint(bad[i][0], bad[i][1]);
		assert_refused(IPC_INVALID_ARGUMENT, "not the name of a tracepoint");
	}
}

static void
says_when_tracefs_is_not_mounted(void **state)
{
	assert_int_equal(umount2(TRACEFS, MNT_DETACH), 0);
	tracepoint("sched", "sched_switch");
	assert_refused(IPC_FAILED_PRECONDITION, "tracefs is not mounted");
	assert_int_equal(mount("tracefs", TRACEFS, "tracefs", 0, NULL), 0);
}

/* ---- network namespaces ---- */

static void
netlink(const char *netns)
{
	struct msg_netns req = { .netns = "" };

	snprintf(req.netns, sizeof(req.netns), "%s", netns);
	one_run(ROLE_LOADER, IPC_ONE_NETLINK, &req, NULL, &run);
}

static void
opens_netlink_in_a_namespace(void **state)
{
	static const char *const specs[] = { "one", "/run/netns/one" };
	struct stat st;
	int domain;
	socklen_t len = sizeof(domain);

	assert_int_equal(stat("/run/netns/one", &st), 0);
	for (size_t i = 0; i < 2; i++) {
		netlink(specs[i]);
		assert_accepted();
		assert_confined(once_uid(), 0);
		assert_int_equal(run.facts.netns_ino, st.st_ino);
		assert_int_equal(getsockopt(run.fd, SOL_SOCKET, SO_DOMAIN, &domain, &len), 0);
		assert_int_equal(domain, AF_NETLINK);
		close(run.fd);
	}
}

static void
opens_the_namespace_of_a_process(void **state)
{
	char spec[32];
	struct stat st;
	int ready[2];
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], spec, 1), 1);
	snprintf(spec, sizeof(spec), "/proc/%d/ns/net", pid);
	assert_int_equal(stat(spec, &st), 0);
	snprintf(spec, sizeof(spec), "pid:%d", pid);
	netlink(spec);
	assert_accepted();
	assert_int_equal(run.facts.netns_ino, st.st_ino);
	close(run.fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	netlink(spec);
	assert_refused(IPC_NOT_FOUND, "there is no process");
	close(ready[0]);
	close(ready[1]);
}

static void
lists_the_namespaces_there_are(void **state)
{
	netlink("onn");
	assert_refused(IPC_NOT_FOUND, "there is no network namespace onn; those in /run/netns: one");
	netlink("/nowhere/at/all");
	assert_refused(IPC_NOT_FOUND, "those in /run/netns: one");
}

static void
refuses_what_is_not_a_network_namespace(void **state)
{
	netlink("/etc/passwd");
	assert_refused(IPC_INVALID_ARGUMENT, "is not a network namespace");
	netlink("/proc/self/ns/user");
	assert_refused(IPC_INVALID_ARGUMENT, "is not a network namespace");
	netlink("/run/fifo");
	assert_refused(IPC_INVALID_ARGUMENT, "is not a network namespace");
	netlink("pid:0");
	assert_refused(IPC_INVALID_ARGUMENT, "does not name a network namespace");
	netlink("pid:99999999999999999999");
	assert_refused(IPC_INVALID_ARGUMENT, "does not name a network namespace");
	netlink("a/b");
	assert_refused(IPC_INVALID_ARGUMENT, "does not name a network namespace");
	netlink("");
	assert_refused(IPC_INVALID_ARGUMENT, "does not name a network namespace");
	netlink("a\tb");
	assert_refused(IPC_INVALID_ARGUMENT, "not text");
}

static void
netns_link(const char *ifname, uint32_t attach_type, int prog)
{
	struct msg_netns_link req = { .attach_type = attach_type, .netns = "one" };

	snprintf(req.ifname, sizeof(req.ifname), "%s", ifname);
	one_run(ROLE_LOADER, IPC_ONE_NETNS_LINK, &req, &prog, &run);
}

static void
links_xdp_in_a_namespace_without_privilege(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, 2), first;
	struct compat_link_info info = { 0 };
	char number[16];

	netns_link("va0", BPF_XDP, prog);
	assert_accepted();
	assert_confined(once_uid(), 0);
	assert_int_equal(run.facts.flags, XDP_FLAGS_DRV_MODE);
	assert_int_equal(compat_obj_info(run.fd, &info, sizeof(info)), 0);
	assert_int_equal(info.type, BPF_LINK_TYPE_XDP);
	assert_int_equal(info.xdp.ifindex, run.facts.ifindex);
	first = run.fd;

	snprintf(number, sizeof(number), "%u", run.facts.ifindex);
	netns_link(number, BPF_XDP, prog);
	assert_refused(IPC_FAILED_PRECONDITION, "the kernel refuses the link");
	assert_int_equal(run.res.err, -EBUSY);
	close(first);
	netns_link(number, BPF_XDP, prog);
	assert_accepted();
	close(run.fd);
	close(prog);
}

static void
refuses_other_links(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, 2);

	netns_link("va", BPF_XDP, prog);
	assert_refused(IPC_NOT_FOUND, "there is no interface va in that network namespace; did you mean va");
	netns_link("4711", BPF_XDP, prog);
	assert_refused(IPC_NOT_FOUND, "there is no interface 4711");
	netns_link("va0", BPF_CGROUP_INET_INGRESS, prog);
	assert_refused(IPC_INVALID_ARGUMENT, "not an attach type of interfaces");
	netns_link("va0", COMPAT_BPF_TCX_INGRESS, prog);
	assert_int_equal(run.res.err, -EINVAL);
	close(prog);
}

/* ---- files as the client ---- */

/* A connection whose other end belongs to this user, as the API's clients' do. */
static int
client(uid_t uid, gid_t gid, gid_t extra)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "/run/client.sock" };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), sock;
	pid_t pid;

	unlink(sun.sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(chmod(sun.sun_path, 0666), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (pid == 0) {
		int s = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setgroups(1, &extra) < 0 || setresgid(gid, gid, gid) < 0 ||
		    setresuid(uid, uid, uid) < 0 || connect(s, (struct sockaddr *)&sun, sizeof(sun)) < 0)
			_exit(1);
		_exit(0);
	}
	sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	waitpid(pid, NULL, 0);
	close(listener);
	return sock;
}

static void
open_path(const char *path, uint64_t max, int sock)
{
	static struct msg_path req;

	memset(&req, 0, sizeof(req));
	req.max_bytes = max;
	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_OPEN, &req, &sock, &run);
}

static void
write_file(const char *path, const char *text, mode_t mode, uid_t uid, gid_t gid)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchown(fd, uid, gid), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
copies_a_file_that_the_client_may_read(void **state)
{
	int sock = client(UID_TEST, UID_TEST, GID_TEST);
	const int all = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	char text[16] = "";

	write_file("/run/own", "own file", 0400, UID_TEST, 0);
	open_path("/run/own", 100, sock);
	assert_accepted();
	assert_confined(UID_TEST, 0);
	assert_int_equal(run.facts.size, 8);
	assert_int_equal(pread(run.fd, text, sizeof(text), 0), 8);
	assert_string_equal(text, "own file");
	assert_int_equal(fcntl(run.fd, F_GET_SEALS) & all, all);
	close(run.fd);

	write_file("/run/group", "by group", 0040, 0, GID_TEST);
	open_path("/run/group", 8, sock);
	assert_accepted();
	close(run.fd);
	close(sock);
}

static void
refuses_what_the_client_may_not_read(void **state)
{
	int sock = client(UID_TEST, UID_TEST, GID_TEST);

	write_file("/run/secret", "swordfish", 0600, 0, 0);
	open_path("/run/secret", 100, sock);
	assert_refused(IPC_PERMISSION_DENIED, "you (uid 65531) may not read /run/secret");
	assert_null(strstr(run.res.text, "swordfish"));
	assert_confined(UID_TEST, 0);
	open_path("/root/.ssh/nothing", 100, sock);
	assert_true(run.res.code == IPC_PERMISSION_DENIED || run.res.code == IPC_NOT_FOUND);
	close(sock);
}

static void
reads_for_root_whatever_root_reads(void **state)
{
	int sock = client(0, 0, 0);

	write_file("/run/theirs", "x", 0000, UID_TEST, UID_TEST);
	open_path("/run/theirs", 100, sock);
	assert_accepted();
	assert_confined(0, 1ULL << CAP_DAC_READ_SEARCH);
	close(run.fd);
	close(sock);
}

static void
refuses_what_is_no_object_file(void **state)
{
	int sock = client(UID_TEST, UID_TEST, UID_TEST);

	write_file("/run/empty", "", 0444, 0, 0);
	write_file("/run/big", "123456789", 0444, 0, 0);
	open_path("/run/nothing", 100, sock);
	assert_refused(IPC_NOT_FOUND, "there is no file /run/nothing");
	open_path("/run/big/nothing", 100, sock);
	assert_refused(IPC_NOT_FOUND, "there is no file");
	open_path("own", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "absolute");
	open_path("/run", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/run/fifo", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/dev/zero", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "not a regular file");
	open_path("/run/empty", 100, sock);
	assert_refused(IPC_INVALID_ARGUMENT, "is empty");
	open_path("/run/big", 8, sock);
	assert_refused(IPC_RESOURCE_EXHAUSTED, "larger than the 8 bytes");
	open_path("/proc/self/fd/3", 100, sock);
	assert_true(run.res.code != IPC_OK && run.fd < 0);
	close(sock);
}

static void
takes_no_identity_from_an_internal_channel(void **state)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	open_path("/etc/shadow", 1 << 20, pair[0]);
	assert_refused(IPC_INTERNAL, "cannot take the client's identity");
	close(pair[0]);
	close(pair[1]);
	open_path("/etc/shadow", 1 << 20, STDERR_FILENO);
	assert_refused(IPC_INTERNAL, "cannot take the client's identity");
}

/* ---- programs of the kernel ---- */

static void
lists_every_program(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, map, 2);
	uint32_t id = bpf_test_prog_id(prog);
	const struct msg_prog_facts *p = NULL;

	one_run(ROLE_LOADER, IPC_ONE_LIST, NULL, NULL, &run);
	assert_true(run.answered);
	assert_int_equal(run.res.code, IPC_OK);
	assert_int_equal(run.res.n_items, run.n_progs);
	assert_confined(once_uid(), 0);
	for (size_t i = 0; i < run.n_progs; i++)
		if (run.progs[i].id == id)
			p = &run.progs[i];
	assert_non_null(p);
	assert_int_equal(p->type, BPF_PROG_TYPE_XDP);
	assert_int_equal(p->n_maps, 1);
	assert_true(p->map_ids[0] > 0);
	assert_string_equal(p->kname, "bpfd_test");
	assert_true(p->flags & PROG_GPL);
	assert_true(p->memlock_bytes >= 4096);
	assert_true(p->xlated_bytes > 0 && p->loaded_boot_ns > 0);
	close(prog);
	close(map);
}

/* ---- cgroups ---- */

static void
cgroup(const char *path)
{
	struct msg_cgroup req = { .path = "" };

	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_CGROUP, &req, NULL, &run);
}

/* The hierarchy and a cgroup of the test's own, with another below it. */
static void
make_cgroups(char mount_point[512], char name[64])
{
	char path[700];

	if (mountinfo_cgroup2(mount_point, 512) < 0) {
		print_message("no cgroup2 is mounted\n");
		skip();
	}
	snprintf(name, 64, "bpfd-once-%d", getpid());
	snprintf(path, sizeof(path), "%s/%s", mount_point, name);
	mkdir(path, 0700);
	strcat(path, "/below");
	mkdir(path, 0700);
}

static void
remove_cgroups(const char *mount_point, const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s/below", mount_point, name);
	assert_int_equal(rmdir(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

static void
opens_a_cgroup_that_cannot_be_read_through(void **state)
{
	char at[512], name[64], path[700], below[128];
	struct stat st;

	make_cgroups(at, name);
	snprintf(below, sizeof(below), "%s/below", name);
	cgroup(below);
	assert_accepted();
	assert_confined(once_uid(), 0);
	assert_int_equal(fcntl(run.fd, F_GETFL) & O_PATH, O_PATH);
	close(run.fd);
	snprintf(path, sizeof(path), "%s/%s/below", at, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(run.facts.cgroup_id, st.st_ino);
	cgroup("");
	assert_accepted();
	assert_int_equal(stat(at, &st), 0);
	assert_int_equal(run.facts.cgroup_id, st.st_ino);
	close(run.fd);
	remove_cgroups(at, name);
}

static void
opens_nothing_outside_the_cgroups(void **state)
{
	static const char *const bad[] = { "..", "../..", "/", "/etc", "cgroup.procs" };
	char at[512], name[64], path[128];

	make_cgroups(at, name);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		cgroup(bad[i]);
		assert_refused(IPC_INVALID_ARGUMENT, "is not a cgroup");
	}
	snprintf(path, sizeof(path), "%s/../..", name);
	cgroup(path);
	assert_refused(IPC_INVALID_ARGUMENT, "is not a cgroup");
	cgroup("a\nb");
	assert_refused(IPC_INVALID_ARGUMENT, "not text");
	remove_cgroups(at, name);
}

static void
suggests_cgroups(void **state)
{
	char at[512], name[64], path[128];

	make_cgroups(at, name);
	snprintf(path, sizeof(path), "%s/belov", name);
	cgroup(path);
	assert_refused(IPC_NOT_FOUND, "did you mean below?");
	snprintf(path, sizeof(path), "%s/not/there", name);
	cgroup(path);
	assert_refused(IPC_NOT_FOUND, "/not");
	remove_cgroups(at, name);
}

/* ---- unmounting ---- */

static void
unmount(const char *name)
{
	struct msg_umount req = { .name = "" };
	int dir = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

	snprintf(req.name, sizeof(req.name), "%s", name);
	one_run(ROLE_SUP, IPC_ONE_UMOUNT, &req, &dir, &run);
	close(dir);
}

static void
unmounts_a_bpffs(void **state)
{
	struct statfs fs;

	assert_int_equal(mkdir("/run/bpffs", 0700), 0);
	assert_int_equal(mount("bpf", "/run/bpffs", "bpf", 0, "mode=0700"), 0);
	assert_int_equal(symlink("bpffs", "/run/link"), 0);
	unmount("link");
	assert_true(run.wait_status != 0);
	unmount("bpffs");
	assert_int_equal(run.wait_status, 0);
	assert_int_equal(statfs("/run/bpffs", &fs), 0);
	assert_int_not_equal(fs.f_type, 0xcafe4a11);
	unlink("/run/link");
}

static void
unmounts_nothing_else(void **state)
{
	static const char *const names[] = { "other", "bpffs", "nothing", "..", ".", "", "a/b", "netns" };

	assert_int_equal(mkdir("/run/other", 0700), 0);
	assert_int_equal(mount("tmpfs", "/run/other", "tmpfs", 0, NULL), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unmount(names[i]);
		assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	}
	assert_int_equal(umount2("/run/other", 0), 0);
}

/* ---- the channel ---- */

static void
dies_of_a_message_that_is_not_for_it(void **state)
{
	const struct msg_umount um = { .name = "bpffs" };
	const struct msg_tracepoint tp = { .category = "sched", .name = "sched_switch" };
	int dir = open("/run", O_PATH | O_DIRECTORY | O_CLOEXEC);

	one_run(ROLE_LOADER, IPC_ONE_UMOUNT, &um, &dir, &run);
	assert_false(run.answered);
	assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	one_run(ROLE_SUP, IPC_ONE_TRACEPOINT, &tp, NULL, &run);
	assert_false(run.answered);
	one_run(ROLE_LOADER, IPC_LOADER_STATS, NULL, NULL, &run);
	assert_false(run.answered);
	assert_true(WIFEXITED(run.wait_status) && WEXITSTATUS(run.wait_status) == 1);
	close(dir);
}

static void
send_raw(const void *bytes, size_t len)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);
	char answer[64];

	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 0);
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(fd);
}

static void
dies_of_malformed_messages(void **state)
{
	struct {
		struct msg_hdr hdr;
		struct msg_tracepoint tp;
		char more[8];
	} m = { .hdr = { IPC_MAGIC, IPC_VERSION, IPC_ONE_TRACEPOINT, sizeof(m.tp), 1, 0, 0 } };
	const size_t len = sizeof(m.hdr) + sizeof(m.tp);

	send_raw(&m, len - 1);
	send_raw(&m, len + 1);
	send_raw("x", 1);
	m.hdr.nfds = 1;
	send_raw(&m, len);
	m.hdr.nfds = 0;
	m.hdr.type = N_IPC_TYPES;
	send_raw(&m, len);
	m.hdr.type = IPC_ONE_TRACEPOINT;
	m.hdr.magic = 0;
	send_raw(&m, len);
}

static void
goes_when_nobody_wants_it(void **state)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);

	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
dies_after_three_seconds(void **state)
{
	int fd, status;
	pid_t pid = one_start(ROLE_LOADER, &fd);

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
	close(fd);
}

static int
open_binary(uint32_t pid, const char *path)
{
	struct msg_binary req = { .pid = pid };

	snprintf(req.path, sizeof(req.path), "%s", path);
	one_run(ROLE_LOADER, IPC_ONE_BINARY, &req, NULL, &run);
	return run.fd;
}

/* Where a function of this program lies in its file. */
static uint64_t
offset_of(void (*function)(void **))
{
	uint64_t from, to, offset, at = (uintptr_t)function;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &from, &to, &offset) == 3 &&
		    at >= from && at < to) {
			fclose(maps);
			return at - from + offset;
		}
	fclose(maps);
	return 0;
}

static void
opens_what_a_process_runs_and_probes_it(void **state)
{
	const struct msg_uprobe req = { .offset = offset_of(opens_what_a_process_runs_and_probes_it),
		.flags = UPROBE_RETURN };
	struct stat st, self;
	AUTO(fd) int fd = open_binary((uint32_t)getpid(), "");

	assert_accepted();
	assert_confined(once_uid(), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	assert_int_equal(st.st_ino, self.st_ino);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	one_run(ROLE_LOADER, IPC_ONE_UPROBE, &req, &fd, &run);
	assert_accepted();
	assert_confined(once_uid(), 0);
	close(run.fd);
}

static void
opens_no_other_thing_than_a_regular_file(void **state)
{
	assert_int_equal(open_binary(0, "/run/fifo"), -1);
	assert_refused(IPC_INVALID_ARGUMENT, "regular");
	assert_int_equal(open_binary(0, "/nonexistent"), -1);
	assert_refused(IPC_NOT_FOUND, "/nonexistent");
	assert_int_equal(open_binary(0, "relative"), -1);
	assert_refused(IPC_INVALID_ARGUMENT, "neither");
	assert_int_equal(open_binary(UINT32_MAX, ""), -1);
	assert_refused(IPC_NOT_FOUND, "cannot be opened");
}

/* ---- */

static int
setup(void **state)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	shell("ip netns add one && ip -n one link add va0 type veth peer name va1");
	return mkfifo("/run/fifo", 0666);
}

static int
teardown(void **state)
{
	shell("ip netns del one");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_a_tracepoint_and_keeps_no_privilege),
		cmocka_unit_test(suggests_tracepoints),
		cmocka_unit_test(refuses_names_that_leave_tracefs),
		cmocka_unit_test(says_when_tracefs_is_not_mounted),
		cmocka_unit_test(opens_netlink_in_a_namespace),
		cmocka_unit_test(opens_the_namespace_of_a_process),
		cmocka_unit_test(lists_the_namespaces_there_are),
		cmocka_unit_test(refuses_what_is_not_a_network_namespace),
		cmocka_unit_test(links_xdp_in_a_namespace_without_privilege),
		cmocka_unit_test(refuses_other_links),
		cmocka_unit_test(copies_a_file_that_the_client_may_read),
		cmocka_unit_test(refuses_what_the_client_may_not_read),
		cmocka_unit_test(reads_for_root_whatever_root_reads),
		cmocka_unit_test(refuses_what_is_no_object_file),
		cmocka_unit_test(takes_no_identity_from_an_internal_channel),
		cmocka_unit_test(lists_every_program),
		cmocka_unit_test(opens_a_cgroup_that_cannot_be_read_through),
		cmocka_unit_test(opens_nothing_outside_the_cgroups),
		cmocka_unit_test(suggests_cgroups),
		cmocka_unit_test(unmounts_a_bpffs),
		cmocka_unit_test(unmounts_nothing_else),
		cmocka_unit_test(opens_what_a_process_runs_and_probes_it),
		cmocka_unit_test(opens_no_other_thing_than_a_regular_file),
		cmocka_unit_test(dies_of_a_message_that_is_not_for_it),
		cmocka_unit_test(dies_of_malformed_messages),
		cmocka_unit_test(goes_when_nobody_wants_it),
		cmocka_unit_test(dies_after_three_seconds),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oneshot", tests, setup, teardown);
}
