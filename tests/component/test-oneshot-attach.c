/* SPDX-License-Identifier: Apache-2.0 */
/* bpfd-oneshot, as in test-oneshot: tracepoints, network namespaces, cgroups. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf-prog.h"
#include "common/mountinfo.h"
#include "oneshot-refusals.h"

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
		cmocka_unit_test(opens_a_cgroup_that_cannot_be_read_through),
		cmocka_unit_test(opens_nothing_outside_the_cgroups),
		cmocka_unit_test(suggests_cgroups),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("oneshot-attach", tests, setup, teardown);
}
