/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attach kinds with real programs on the real kernel and the built bpfd-oneshot, in namespaces
 * of the test's own.  The test plays the loader: its table of links and its oneshots.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf-prog.h"
#include "common/auto.h"
#include "loader/attach.h"
#include "loader/attach_suffix.h"
#include "loader/netlink.h"
#include "loader/oneshot.h"
#include "oneshot-run.h"

#define PASS_XDP	2
#define TCX_NEXT	-1

/* ---- the loader ---- */

struct loader {
	struct { struct msg_link_facts facts; int fd; char suffix[64]; } links[16];
	size_t n;
	uint64_t next_id;
};

static struct loader ld;
static struct config cfg;
static int rtnl = -1;
static struct msg_result res;
static struct attach_out out;
static size_t n_oneshots;

int
result_set(struct msg_result *r, enum ipc_code code, int err, const char *fmt, ...)
{
	va_list ap;

	memset(r, 0, sizeof(*r));
	r->code = code;
	r->err = err;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	return err ? err : -EINVAL;
}

int
oneshot_fd(struct loader *l, enum ipc_type type, const void *payload, const int *fds,
	struct msg_one_fd *facts, int *fd, struct msg_result *r)
{
	static struct one_run run;

	n_oneshots++;
	one_run(ROLE_LOADER, type, payload, fds, &run);
	assert_true(run.answered);
	if (run.fd < 0) {
		*r = run.res;
		return run.res.err;
	}
	*facts = run.facts;
	*fd = run.fd;
	return 0;
}

int
loader_links_each(struct loader *l, int (*each)(void *arg, const struct msg_link_facts *f), void *arg)
{
	for (size_t i = 0; i < l->n; i++) {
		int ret = each(arg, &l->links[i].facts);

		if (ret)
			return ret;
	}
	return 0;
}

/* A link that was made goes into the table, as the real loader's. */
static int
attach_req(struct msg_attach *req, int prog, uint32_t type, uint32_t attach_type)
{
	struct attach_in in = { .ld = &ld, .cfg = &cfg, .req = req, .prog_fd = prog, .prog_type = type,
		.prog_attach_type = attach_type, .rtnl = rtnl };
	int err;

	memset(&res, 0, sizeof(res));
	req->prog_id = bpf_test_prog_id(prog);
	err = attach_run(&in, &out, &res);
	if (err) {
		assert_int_not_equal(res.code, IPC_OK);
		assert_true(res.text[0]);
		return err;
	}
	if (!(req->flags & ATTACH_DRY_RUN)) {
		out.facts.link_id = ++ld.next_id;
		ld.links[ld.n].facts = out.facts;
		ld.links[ld.n].fd = out.link_fd;
		strcpy(ld.links[ld.n++].suffix, out.pin_suffix);
	}
	return 0;
}

static int
detach(size_t i, const char *netns)
{
	int err = 0;

	if (ld.links[i].fd >= 0)
		close(ld.links[i].fd);
	else
		err = attach_detach_suffix(&ld, &cfg, rtnl, ld.links[i].suffix, netns, &res);
	ld.links[i] = ld.links[--ld.n];
	return err;
}

static void
detach_all(const char *netns)
{
	while (ld.n)
		assert_int_equal(detach(ld.n - 1, netns), 0);
}

static struct msg_attach
request(const char *kind, const char *target)
{
	struct msg_attach req = { .priority = 50 };

	snprintf(req.kind, sizeof(req.kind), "%s", kind);
	snprintf(req.target, sizeof(req.target), "%s", target);
	return req;
}

static struct msg_attach
tc_request(const char *kind, const char *target, const char *direction, int priority,
	const char *netns)
{
	struct msg_attach req = request(kind, target);

	strcpy(req.direction, direction);
	strcpy(req.netns, netns);
	req.priority = priority;
	return req;
}

static void
assert_refused(int err, enum ipc_code code, const char *text)
{
	assert_true(err < 0);
	if (res.code != code || !strstr(res.text, text))
		print_error("got code %u err %d text \"%s\"\n", res.code, res.err, res.text);
	assert_int_equal(res.code, code);
	assert_non_null(strstr(res.text, text));
}

static void
assert_attached(int err)
{
	if (err)
		print_error("got code %u err %d text \"%s\"\n", res.code, res.err, res.text);
	assert_int_equal(err, 0);
}

/* ---- what the kernel says ---- */

static void
shell(const char *cmd)
{
	if (system(cmd) != 0)
		fail_msg("%s", cmd);
}

static bool
shell_says(const char *cmd, const char *text)
{
	char got[8192] = "";
	FILE *p = popen(cmd, "r");
	size_t n = fread(got, 1, sizeof(got) - 1, p);

	got[n] = '\0';
	pclose(p);
	return strstr(got, text) != NULL;
}

/* ids of the programs on a TCX hook, in order. */
static uint32_t
tcx_order(uint32_t ifindex, uint32_t type, uint32_t *ids, uint32_t room)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = ifindex;
	attr.query.attach_type = type;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = room;
	assert_int_equal(compat_bpf(BPF_PROG_QUERY, &attr, sizeof(attr)), 0);
	return attr.query.prog_cnt;
}

static void
ping(void)
{
	shell("ip netns exec two ping -q -c 3 -i 0.01 -W 1 10.9.9.1 >/dev/null");
}

/* ---- tracepoints ---- */

static void
spin_on_every_cpu(void)
{
	cpu_set_t all, one;

	sched_getaffinity(0, sizeof(all), &all);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		for (int i = 0; i < 100; i++)
			syscall(SYS_getppid);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

static void
tracepoint_counts_on_every_cpu(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_TRACEPOINT, 0, map, 0);
	struct msg_attach req = request("tracepoint", "syscalls/sys_enter_getppid");
	struct msg_link_facts info = { 0 };

	req.cookie = 5;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_TRACEPOINT, 0));
	assert_int_equal(attach_link_info(out.link_fd, 0, rtnl, &info), 0);
	assert_string_equal(info.kind, "tracepoint");
	assert_int_equal(info.prog_id, bpf_test_prog_id(prog));
	assert_true(out.link_fd >= 0 && out.facts.kernel_link_id > 0);
	assert_string_equal(out.facts.backend, "link");
	assert_string_equal(out.pin_suffix, "");
	spin_on_every_cpu();
	assert_true(bpf_test_count(map) >= (uint64_t)(100 * sysconf(_SC_NPROCESSORS_ONLN)));

	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_TRACEPOINT, 0), IPC_ALREADY_EXISTS, "by link 1");
	detach_all("");
	close(prog);
	close(map);
}

static void
tracepoint_explains_what_is_wrong(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_TRACEPOINT, 0, -1, 0);
	const uint32_t type = BPF_PROG_TYPE_TRACEPOINT;
	struct msg_attach req = request("tracepoint", "sched/sched_swich");

	assert_refused(attach_req(&req, prog, type, 0), IPC_NOT_FOUND, "did you mean sched_switch?");
	req = request("tracepoint", "sched_switch");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "CATEGORY/NAME");
	req = request("tracepoint", "a/b/c");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "CATEGORY/NAME");
	req = request("tracepoint", "");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "needs a target");
	req = request("tracepoint", "sched/sched_switch");
	strcpy(req.netns, "one");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "takes no network namespace");
	close(prog);
}

static void
tracepoint_dry_run_attaches_nothing(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_TRACEPOINT, 0, map, 0);
	struct msg_attach req = request("tracepoint", "syscalls/sys_enter_getppid");

	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_TRACEPOINT, 0));
	assert_int_equal(out.link_fd, -1);
	assert_string_equal(out.facts.kind, "tracepoint");
	spin_on_every_cpu();
	assert_int_equal(bpf_test_count(map), 0);
	strcpy(req.target, "syscalls/sys_enter_getpppid");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_TRACEPOINT, 0), IPC_NOT_FOUND, "getppid");
	close(prog);
	close(map);
}

static void
raw_tracepoint_attaches_and_suggests(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, map, 0);
	const uint32_t type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	struct msg_attach req = request("raw_tracepoint", "sys_enter");
	struct msg_link_facts info = { 0 };

	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, type, 0));
	spin_on_every_cpu();
	assert_int_equal(bpf_test_count(map), 0);
	strcpy(req.target, "sys_entr");
	assert_refused(attach_req(&req, prog, type, 0), IPC_NOT_FOUND, "sys_enter");

	req = request("raw_tracepoint", "sys_enter");
	req.cookie = 7;
	assert_attached(attach_req(&req, prog, type, 0));
	spin_on_every_cpu();
	assert_true(bpf_test_count(map) > 100);
	assert_int_equal(attach_link_info(out.link_fd, type, rtnl, &info), 0);
	assert_string_equal(info.kind, "raw_tracepoint");
	assert_string_equal(info.target, "sys_enter");
	assert_refused(attach_req(&req, prog, type, 0), IPC_ALREADY_EXISTS, "already");
	strcpy(req.target, "sched_swich");
	assert_refused(attach_req(&req, prog, type, 0), IPC_NOT_FOUND, "did you mean sched_switch?");
	strcpy(req.target, "syscalls/sys_enter");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "no category");
	detach_all("");
	close(prog);
	close(map);
}

static void
only_fitting_kinds_are_accepted(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("tracepoint", "sched/sched_switch");

	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_FAILED_PRECONDITION,
		"kinds that fit it: xdp");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0), IPC_FAILED_PRECONDITION,
		"kinds that fit it: tc, tcx");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_LSM, 0), IPC_FAILED_PRECONDITION,
		"no attach kind for it");
	req = request("tp_btf", "");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY),
		IPC_FAILED_PRECONDITION, "not as tp_btf");
	req = request("tracpoint", "x");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_INVALID_ARGUMENT,
		"there are: tracepoint, raw_tracepoint, tp_btf, xdp, tc, tcx");
	close(prog);
}

static void
fields_are_checked(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, TCX_NEXT);
	const uint32_t type = BPF_PROG_TYPE_SCHED_CLS;
	struct msg_attach req = tc_request("tc", "vb0", "ingress", 1001, "");

	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "1 to 1000");
	req.priority = -1;
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "1 to 1000");
	req.priority = 1;
	req.direction[0] = '\0';
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "ingress or egress");
	strcpy(req.direction, "inward");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "not inward");
	strcpy(req.direction, "ingress");
	strcpy(req.mode, "skb");
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "takes no mode");
	memset(req.mode, 'x', sizeof(req.mode));
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "not text");
	close(prog);
}

/* ---- XDP ---- */

static void
xdp_attaches_natively_and_by_skb(void **state)
{
	static const char *const modes[] = { "", "native", "skb" };
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, map, PASS_XDP);
	struct msg_link_facts info;
	uint64_t before;

	for (size_t i = 0; i < 3; i++) {
		struct msg_attach req = request("xdp", "vb0");

		strcpy(req.mode, modes[i]);
		before = bpf_test_count(map);
		assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
		assert_string_equal(out.facts.mode, i == 2 ? "skb" : "native");
		assert_string_equal(out.facts.target, "vb0");
		assert_true(out.facts.ifindex > 0 && out.facts.netns_ino > 0);
		ping();
		assert_true(bpf_test_count(map) >= before + 3);

		memset(&info, 0, sizeof(info));
		assert_int_equal(attach_link_info(out.link_fd, BPF_PROG_TYPE_XDP, rtnl, &info), 0);
		assert_int_equal(attach_suffix_facts(out.pin_suffix, rtnl, &info), 0);
		assert_string_equal(info.kind, "xdp");
		assert_string_equal(info.target, "vb0");
		assert_string_equal(info.mode, out.facts.mode);
		assert_int_equal(info.netns_ino, out.facts.netns_ino);
		detach_all("");
	}
	close(prog);
	close(map);
}

static void
xdp_falls_back_to_skb(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("xdp", "lo");

	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	assert_string_equal(out.facts.mode, "skb");
	detach_all("");
	strcpy(req.mode, "native");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_FAILED_PRECONDITION, "use mode skb");
	strcpy(req.mode, "hw");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_FAILED_PRECONDITION, "native or skb");
	strcpy(req.mode, "fast");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_INVALID_ARGUMENT, "no XDP mode fast");
	close(prog);
}

static void
xdp_second_program_is_refused(const char *target, const char *netns)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	int other = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("xdp", target);
	char text[64];

	strcpy(req.netns, netns);
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_ALREADY_EXISTS, "already");
	snprintf(text, sizeof(text), "already has an XDP program (program %u), and", bpf_test_prog_id(prog));
	assert_refused(attach_req(&req, other, BPF_PROG_TYPE_XDP, 0), IPC_FAILED_PRECONDITION, text);
	assert_non_null(strstr(res.text, "detach it first"));
	req.flags = ATTACH_DRY_RUN;
	assert_refused(attach_req(&req, other, BPF_PROG_TYPE_XDP, 0), IPC_FAILED_PRECONDITION, text);
	detach_all("");
	assert_attached(attach_req(&req, other, BPF_PROG_TYPE_XDP, 0));
	close(prog);
	close(other);
}

static void
xdp_has_one_program_per_interface(void **state)
{
	xdp_second_program_is_refused("vb0", "");
	xdp_second_program_is_refused("vt1", "two");
}

static void
interfaces_are_found_by_name_and_number(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("xdp", "vb0");
	char number[16];

	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	snprintf(number, sizeof(number), "%u", out.facts.ifindex);
	req = request("xdp", number);
	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	assert_string_equal(out.facts.target, "vb0");
	req = request("xdp", "an-alternative-name-of-vb0");
	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	assert_string_equal(out.facts.target, "vb0");

	req = request("xdp", "vb");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_NOT_FOUND, "did you mean vb0?");
	req = request("xdp", "4711");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_NOT_FOUND, "no interface 4711");
	req = request("xdp", "vt");
	strcpy(req.netns, "two");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_NOT_FOUND, "did you mean vt1?");
	strcpy(req.netns, "tow");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_NOT_FOUND, "those in /run/netns:");
	close(prog);
}

static void
policy_names_the_interfaces(void **state)
{
	static const char *const netnses[] = { "", "two" };
	static const char *const targets[][2] = { { "vb0", "lo" }, { "vt1", "lo" } };
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);

	cfg.policy_interfaces = (struct conf_PATTERNS){ .n = 2, .glob = { "l[o-p]", "xx*" } };
	for (size_t i = 0; i < 2; i++) {
		struct msg_attach req = request("xdp", targets[i][0]);

		strcpy(req.netns, netnses[i]);
		assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_PERMISSION_DENIED,
			"policy.interfaces");
		strcpy(req.target, targets[i][1]);
		strcpy(req.mode, "skb");
		assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
		detach_all("");
	}
	/* An alternative name is no way around. */
	cfg.policy_interfaces = (struct conf_PATTERNS){ .n = 1, .glob = { "an-*" } };
	struct msg_attach req = request("xdp", "an-alternative-name-of-vb0");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_PERMISSION_DENIED, "vb0");
	cfg.policy_interfaces = (struct conf_PATTERNS){ .n = 1, .glob = { "*" } };
	close(prog);
}

/* ---- TC ---- */

static void
tcx_orders_by_priority(const char *ifname, const char *netns, int ns)
{
	static const int priorities[] = { 50, 10, 90, 50, 1 };	/* expected: 4 1 0 3 2 */
	static const size_t order[] = { 4, 1, 0, 3, 2 };
	uint32_t ids[8], want[5], n;
	int progs[5], home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < 5; i++) {
		struct msg_attach req = tc_request(i % 2 ? "tc" : "tcx", ifname, "ingress", priorities[i], netns);

		progs[i] = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, TCX_NEXT);
		assert_attached(attach_req(&req, progs[i], BPF_PROG_TYPE_SCHED_CLS, 0));
		assert_string_equal(out.facts.backend, "tcx");
		assert_refused(attach_req(&req, progs[i], BPF_PROG_TYPE_SCHED_CLS, 0), IPC_ALREADY_EXISTS, "already");
	}
	for (size_t i = 0; i < 5; i++)
		want[i] = bpf_test_prog_id(progs[order[i]]);
	if (ns >= 0)
		assert_int_equal(setns(ns, CLONE_NEWNET), 0);
	n = tcx_order(out.facts.ifindex, COMPAT_BPF_TCX_INGRESS, ids, 8);
	assert_int_equal(setns(home, CLONE_NEWNET), 0);
	assert_int_equal(n, 5);
	assert_memory_equal(ids, want, sizeof(want));
	detach_all(netns);
	for (size_t i = 0; i < 5; i++)
		close(progs[i]);
	close(home);
}

static void
tcx_keeps_the_order_of_priorities(void **state)
{
	int ns = open("/run/netns/two", O_RDONLY | O_CLOEXEC);

	tcx_orders_by_priority("vb0", "", -1);
	tcx_orders_by_priority("vt1", "two", ns);
	close(ns);
}

static void
tcx_counts_both_directions_and_leaves_others_alone(void **state)
{
	int map = bpf_test_map(), foreign_map = bpf_test_map();
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, map, TCX_NEXT);
	int foreign = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, foreign_map, TCX_NEXT);
	struct msg_attach req = tc_request("tcx", "vb0", "ingress", 50, "");
	struct compat_link_create lc = { .prog_fd = (uint32_t)foreign, .attach_type = COMPAT_BPF_TCX_INGRESS };
	struct msg_link_facts info = { 0 };
	int link;

	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	lc.target = out.facts.ifindex;
	link = compat_link_create(&lc);
	assert_true(link >= 0);
	req.flags = 0;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	strcpy(req.direction, "egress");
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	assert_int_equal(attach_link_info(out.link_fd, 0, rtnl, &info), 0);
	assert_int_equal(attach_suffix_facts(out.pin_suffix, rtnl, &info), 0);
	assert_string_equal(info.kind, "tcx");
	assert_string_equal(info.direction, "egress");
	assert_string_equal(info.target, "vb0");
	assert_int_equal(info.priority, 50);
	ping();
	assert_true(bpf_test_count(map) >= 6);
	assert_true(bpf_test_count(foreign_map) >= 3);
	detach_all("");
	ping();
	assert_true(bpf_test_count(foreign_map) >= 6);
	close(link);
	close(prog);
	close(foreign);
	close(map);
	close(foreign_map);
}

static void
tcx_survives_a_neighbour_that_was_detached_by_force(void **state)
{
	int a = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, TCX_NEXT);
	int b = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, TCX_NEXT);
	struct msg_attach req = tc_request("tcx", "vb0", "ingress", 50, "");
	union bpf_attr attr = { 0 };

	assert_attached(attach_req(&req, a, BPF_PROG_TYPE_SCHED_CLS, 0));
	attr.link_detach.link_fd = (uint32_t)out.link_fd;
	assert_int_equal(compat_bpf(BPF_LINK_DETACH, &attr, sizeof(attr)), 0);
	assert_attached(attach_req(&req, b, BPF_PROG_TYPE_SCHED_CLS, 0));
	detach_all("");
	close(a);
	close(b);
}

static void
use_backend(uint64_t backend)
{
	close(rtnl);
	cfg.tc_backend = backend;
	assert_int_equal(attach_init(&cfg, &rtnl), 0);
}

static void
clsact_round_trip(const char *ifname, const char *netns, const char *show)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	int other = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	struct msg_attach req = tc_request("tc", ifname, "ingress", 50, netns);
	struct msg_link_facts info = { 0 };
	char cmd[128];

	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	snprintf(cmd, sizeof(cmd), "%s qdisc show dev %s", show, ifname);
	assert_false(shell_says(cmd, "clsact"));

	req.flags = 0;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	assert_int_equal(out.link_fd, -1);
	assert_string_equal(out.facts.kind, "tc");
	assert_string_equal(out.facts.backend, "clsact");
	assert_int_equal(out.facts.hook_flags, LINK_MADE_QDISC);
	assert_int_equal(attach_suffix_facts(out.pin_suffix, rtnl, &info), 1);
	assert_int_equal(info.prog_id, bpf_test_prog_id(prog));
	assert_int_equal(info.priority, 50);
	assert_string_equal(info.target, netns[0] ? "" : ifname);
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0), IPC_ALREADY_EXISTS, "already");

	req = tc_request("tc", ifname, "egress", 50, netns);
	assert_attached(attach_req(&req, other, BPF_PROG_TYPE_SCHED_CLS, 0));
	assert_int_equal(out.facts.hook_flags, LINK_MADE_QDISC);
	assert_true(shell_says(cmd, "clsact"));
	/* The one that made the qdisc goes first. */
	assert_int_equal(detach(0, netns), 0);
	assert_true(shell_says(cmd, "clsact"));
	assert_int_equal(detach(0, netns), 0);
	assert_false(shell_says(cmd, "clsact"));
	close(prog);
	close(other);
}

static void
clsact_leaves_the_interface_as_it_was(void **state)
{
	use_backend(TC_BACKEND_CLSACT);
	clsact_round_trip("vb0", "", "tc");
	clsact_round_trip("vt1", "two", "tc -n two");
	use_backend(TC_BACKEND_AUTO);
}

static void
clsact_counts_packets(void **state)
{
	int map = bpf_test_map(), prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, map, -1);
	struct msg_attach req = tc_request("tc", "vb0", "egress", 7, "");

	use_backend(TC_BACKEND_CLSACT);
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	ping();
	assert_true(bpf_test_count(map) >= 3);
	assert_true(shell_says("tc filter show dev vb0 egress", "pref 7 bpf"));
	assert_true(shell_says("tc filter show dev vb0 egress", "direct-action"));
	detach_all("");
	use_backend(TC_BACKEND_AUTO);
	close(prog);
	close(map);
}

static void
clsact_does_not_touch_others(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	struct msg_attach req = tc_request("tc", "vb0", "ingress", 50, "");

	use_backend(TC_BACKEND_CLSACT);
	/* Their qdisc stays. */
	shell("tc qdisc add dev vb0 clsact");
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	assert_int_equal(out.facts.hook_flags, 0);
	detach_all("");
	assert_true(shell_says("tc qdisc show dev vb0", "clsact"));
	shell("tc qdisc del dev vb0 clsact");
	/* Our qdisc stays for their filter. */
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	shell("tc filter add dev vb0 egress pref 9 bpf da object-pinned /run/bpffs/theirs");
	detach_all("");
	assert_true(shell_says("tc filter show dev vb0 egress", "theirs"));
	shell("tc qdisc del dev vb0 clsact");
	/* Their filter for one protocol has the priority. */
	shell("tc qdisc add dev vb0 clsact && tc filter add dev vb0 ingress "
	      "protocol ip pref 50 bpf da object-pinned /run/bpffs/theirs");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0), IPC_FAILED_PRECONDITION, "priority 50");
	assert_true(shell_says("tc filter show dev vb0 ingress", "theirs"));
	shell("tc qdisc del dev vb0 clsact && tc qdisc add dev vb0 ingress");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0), IPC_FAILED_PRECONDITION, "ingress qdisc");
	shell("tc qdisc del dev vb0 ingress");
	use_backend(TC_BACKEND_AUTO);
	close(prog);
}

static void
clsact_takes_what_is_gone_for_detached(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	struct msg_attach req = tc_request("tc", "vb0", "ingress", 50, "");

	use_backend(TC_BACKEND_CLSACT);
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	shell("tc qdisc del dev vb0 clsact");
	detach_all("");
	/* The same number, another program. */
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	shell("tc filter del dev vb0 ingress && tc filter add dev vb0 ingress pref 50 bpf da object-pinned /run/bpffs/theirs");
	detach_all("");
	assert_true(shell_says("tc filter show dev vb0 ingress", "theirs"));
	shell("tc qdisc del dev vb0 clsact");

	shell("ip netns add three && ip -n three link add vz0 type veth peer name vz1");
	req = tc_request("tc", "vz0", "ingress", 50, "three");
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	shell("ip netns del three && ip netns add three");
	detach_all("three");
	assert_attached(attach_req(&(struct msg_attach){ .kind = "tc", .target = "lo", .direction = "ingress",
		.netns = "three", .priority = 5 }, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
	shell("ip netns del three");
	detach_all("three");
	assert_int_equal(attach_detach_suffix(&ld, &cfg, rtnl, "nonsense", "", &res), -EINVAL);
	use_backend(TC_BACKEND_AUTO);
	close(prog);
}

/* Facts from pins after a restart, in either order; a number of another namespace gets no name. */
static void
inventory_keeps_namespaces_apart(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("xdp", "lo");

	strcpy(req.netns, "two");
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	for (int first = 0; first < 2; first++) {
		struct msg_link_facts info = { 0 };

		if (first)
			assert_int_equal(attach_suffix_facts(out.pin_suffix, rtnl, &info), 0);
		assert_int_equal(attach_link_info(out.link_fd, BPF_PROG_TYPE_XDP, rtnl, &info), 0);
		assert_string_equal(info.target, first ? "" : "lo");
		assert_int_equal(attach_suffix_facts(out.pin_suffix, rtnl, &info), 0);
		assert_string_equal(info.target, "");
		assert_string_equal(info.mode, "skb");
		assert_int_equal(info.netns_ino, out.facts.netns_ino);
		assert_int_equal(info.priority, 50);
	}
	detach_all("");
	close(prog);
}

/* Found by libbpf, which only tests may link beside the loader's code. */
static int
tp_btf_prog(const char *name)
{
	int id = libbpf_find_vmlinux_btf_id(name, BPF_TRACE_RAW_TP);
	const struct bpf_insn insns[] = {
		bpf_test_insn(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		bpf_test_insn(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_TRACING, .expected_attach_type = BPF_TRACE_RAW_TP,
		.insns = (uint64_t)(uintptr_t)insns, .insn_cnt = 2, .license = (uint64_t)(uintptr_t)"GPL",
		.attach_btf_id = (uint32_t)id };

	assert_true(id > 0);
	return compat_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
}

static void
tp_btf_attaches_to_what_it_was_loaded_for(void **state)
{
	const uint32_t type = BPF_PROG_TYPE_TRACING, attach_type = BPF_TRACE_RAW_TP;
	int prog = tp_btf_prog("sched_switch");
	struct msg_attach req = request("tp_btf", "sched_wakeup");
	struct msg_link_facts info = { 0 };

	assert_true(prog >= 0);
	assert_refused(attach_req(&req, prog, type, attach_type), IPC_FAILED_PRECONDITION,
		"was loaded for the tracepoint sched_switch");
	req.target[0] = '\0';
	req.flags = ATTACH_DRY_RUN;
	assert_attached(attach_req(&req, prog, type, attach_type));
	req.flags = 0;
	req.cookie = 9;
	assert_attached(attach_req(&req, prog, type, attach_type));
	assert_string_equal(out.facts.target, "sched_switch");
	assert_int_equal(attach_link_info(out.link_fd, type, rtnl, &info), 0);
	assert_string_equal(info.kind, "tp_btf");
	assert_refused(attach_req(&req, prog, type, attach_type), IPC_ALREADY_EXISTS, "already");
	detach_all("");
	close(prog);
}

static void
another_namespace_costs_one_process(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_XDP, 0, -1, PASS_XDP);
	struct msg_attach req = request("xdp", "vt1");

	strcpy(req.netns, "two");
	n_oneshots = 0;
	assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0));
	assert_int_equal(n_oneshots, 1);
	assert_true(out.facts.ifindex > 0 && out.facts.netns_ino > 0);
	assert_string_equal(out.facts.mode, "native");
	detach_all("");
	close(prog);
}

/* ---- */

/* A program of another tool, for tc(8). */
static void
pin_theirs(void)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	union bpf_attr attr = { .pathname = (uint64_t)(uintptr_t)"/run/bpffs/theirs",
		.bpf_fd = (uint32_t)prog };

	assert_int_equal(mkdir("/run/bpffs", 0700), 0);
	assert_int_equal(mount("bpf", "/run/bpffs", "bpf", 0, NULL), 0);
	assert_int_equal(compat_bpf(BPF_OBJ_PIN, &attr, sizeof(attr)), 0);
	close(prog);
}

static int
setup(void **state)
{
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755") < 0)
		return -1;
	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	shell("ip netns add two && ip link set lo up && ip -n two link set lo up && "
	      "ip link add vb0 type veth peer name vt1 netns two && "
	      "ip link property add dev vb0 altname an-alternative-name-of-vb0 && "
	      "ip addr add 10.9.9.1/24 dev vb0 && ip link set vb0 up && "
	      "ip -n two addr add 10.9.9.2/24 dev vt1 && ip -n two link set vt1 up");
	cfg.policy_interfaces = (struct conf_PATTERNS){ .n = 1, .glob = { "*" } };
	pin_theirs();
	return attach_init(&cfg, &rtnl);
}

static int
teardown(void **state)
{
	shell("ip netns del two");
	close(rtnl);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tracepoint_counts_on_every_cpu),
		cmocka_unit_test(tracepoint_explains_what_is_wrong),
		cmocka_unit_test(tracepoint_dry_run_attaches_nothing),
		cmocka_unit_test(raw_tracepoint_attaches_and_suggests),
		cmocka_unit_test(only_fitting_kinds_are_accepted),
		cmocka_unit_test(fields_are_checked),
		cmocka_unit_test(xdp_attaches_natively_and_by_skb),
		cmocka_unit_test(xdp_falls_back_to_skb),
		cmocka_unit_test(xdp_has_one_program_per_interface),
		cmocka_unit_test(interfaces_are_found_by_name_and_number),
		cmocka_unit_test(policy_names_the_interfaces),
		cmocka_unit_test(tcx_keeps_the_order_of_priorities),
		cmocka_unit_test(tcx_counts_both_directions_and_leaves_others_alone),
		cmocka_unit_test(tcx_survives_a_neighbour_that_was_detached_by_force),
		cmocka_unit_test(clsact_leaves_the_interface_as_it_was),
		cmocka_unit_test(clsact_counts_packets),
		cmocka_unit_test(clsact_does_not_touch_others),
		cmocka_unit_test(clsact_takes_what_is_gone_for_detached),
		cmocka_unit_test(inventory_keeps_namespaces_apart),
		cmocka_unit_test(tp_btf_attaches_to_what_it_was_loaded_for),
		cmocka_unit_test(another_namespace_costs_one_process),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attach", tests, setup, teardown);
}
