/* SPDX-License-Identifier: Apache-2.0 */
/* TC by TCX and by clsact with real programs on the real kernel and the built bpfd-oneshot. */
#include "attach-harness.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TCX_NEXT	-1

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

/* ---- TC ---- */

static void
tcx_orders_by_priority(const char *ifname, const char *netns, int ns)
{
	static const int priorities[] = { 50, 10, 90, 50, 1 };	/* expected: 4 1 0 3 2 */
	static const size_t order[] = { 4, 1, 0, 3, 2 };
	uint32_t ids[8], in_kernel[5], want[5], n;
	int progs[5], home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (size_t i = 0; i < 5; i++) {
		struct msg_attach req = tc_request(i % 2 ? "tc" : "tcx", ifname, "ingress", priorities[i], netns);

		progs[i] = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, TCX_NEXT);
		assert_attached(attach_req(&req, progs[i], BPF_PROG_TYPE_SCHED_CLS, 0));
		assert_string_equal(out.facts.backend, "tcx");
		assert_int_equal(out.facts.stub_id != 0, i % 2);
		in_kernel[i] = i % 2 ? out.facts.stub_id : bpf_test_prog_id(progs[i]);
		assert_refused(attach_req(&req, progs[i], BPF_PROG_TYPE_SCHED_CLS, 0), IPC_ALREADY_EXISTS, "already");
	}
	for (size_t i = 0; i < 5; i++)
		want[i] = in_kernel[order[i]];
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
	assert_int_equal(info.stub_id, out.facts.stub_id);
	assert_int_equal(info.prog_id, info.stub_id);
	assert_int_equal(info.proceed_on, out.facts.proceed_on);
	assert_int_equal(out.facts.prog_id, bpf_test_prog_id(prog));
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

/* After a restart of the loader nobody knows the namespace's name, and its file may have moved. */
static void
clsact_finds_a_namespace_by_its_inode(void **state)
{
	static const char *const moves[] = { "true",
		"ip netns add three && umount /run/netns/two && touch /run/netns/moved && "
		"mount --bind /proc/$(cat /run/pid)/ns/net /run/netns/moved && rm /run/netns/two",
		"umount /run/netns/moved && rm /run/netns/moved" };
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
	char path[64];

	use_backend(TC_BACKEND_CLSACT);
	shell("ip netns exec two sleep 30 & sleep 0.2; echo $! > /run/pid");
	for (size_t i = 0; i < 3; i++) {
		struct msg_attach req = tc_request("tc", "vt1", "ingress", 50, "pid:");
		FILE *f = fopen("/run/pid", "r");

		assert_int_equal(fscanf(f, "%32s", path), 1);
		fclose(f);
		strcat(req.netns, path);
		assert_attached(attach_req(&req, prog, BPF_PROG_TYPE_SCHED_CLS, 0));
		shell(moves[i]);
		assert_true(shell_says("nsenter -n -t $(cat /run/pid) tc qdisc show", "clsact"));
		detach_all(i == 1 ? "three" : "");
		assert_false(shell_says("nsenter -n -t $(cat /run/pid) tc qdisc show", "clsact"));
	}
	shell("touch /run/netns/two && mount --bind /proc/$(cat /run/pid)/ns/net /run/netns/two && "
	      "kill $(cat /run/pid) && ip netns del three");
	use_backend(TC_BACKEND_AUTO);
	close(prog);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcx_keeps_the_order_of_priorities),
		cmocka_unit_test(tcx_counts_both_directions_and_leaves_others_alone),
		cmocka_unit_test(tcx_survives_a_neighbour_that_was_detached_by_force),
		cmocka_unit_test(clsact_leaves_the_interface_as_it_was),
		cmocka_unit_test(clsact_finds_a_namespace_by_its_inode),
		cmocka_unit_test(clsact_counts_packets),
		cmocka_unit_test(clsact_does_not_touch_others),
		cmocka_unit_test(clsact_takes_what_is_gone_for_detached),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attach-tc", tests, harness_setup, harness_teardown);
}
