/* SPDX-License-Identifier: Apache-2.0 */
/* Tracepoints and XDP with real programs on the real kernel and the built bpfd-oneshot. */
#include "attach-harness.h"

#include <bpf/libbpf.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PASS_XDP	2

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
	req = request("tracepoint", "sched/sched_switch");
	assert_int_equal(options_add(req.options, "offset", "1"), 0);
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "no option offset; it has none");
	req.options[0] = '\x01';
	assert_refused(attach_req(&req, prog, type, 0), IPC_INVALID_ARGUMENT, "not text");
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
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_LWT_IN, 0), IPC_FAILED_PRECONDITION,
		"no attach kind for it");
	req = request("tp_btf", "");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY),
		IPC_FAILED_PRECONDITION, "not as tp_btf");
	req = request("tracpoint", "x");
	assert_refused(attach_req(&req, prog, BPF_PROG_TYPE_XDP, 0), IPC_INVALID_ARGUMENT,
		"there are: tracepoint, raw_tracepoint, tp_btf, ");
	close(prog);
}

static void
fields_are_checked(void **state)
{
	int prog = bpf_test_prog(BPF_PROG_TYPE_SCHED_CLS, 0, -1, -1);
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
		cmocka_unit_test(inventory_keeps_namespaces_apart),
		cmocka_unit_test(tp_btf_attaches_to_what_it_was_loaded_for),
		cmocka_unit_test(another_namespace_costs_one_process),
	};

	if (geteuid() != 0)
		return puts("1..0 # SKIP needs root") < 0;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("attach", tests, harness_setup, harness_teardown);
}
