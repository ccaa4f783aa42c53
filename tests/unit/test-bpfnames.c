/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "ipc/bpfnames.h"
#include "ipc/messages.h"

static void
numbers_are_the_kernels(void **state)
{
	assert_int_equal(bpf_prog_type_from_name("xdp"), BPF_PROG_TYPE_XDP);
	assert_int_equal(bpf_prog_type_from_name("syscall"), BPF_PROG_TYPE_SYSCALL);
	assert_string_equal(bpf_prog_type_name(32), "netfilter");
	assert_null(bpf_prog_type_name(BPFNAMES_PROG_TYPES));
	assert_int_equal(bpf_map_type_from_name("user_ringbuf"), BPF_MAP_TYPE_USER_RINGBUF);
	assert_null(bpf_map_type_name(BPFNAMES_MAP_TYPES));
	assert_int_equal(bpf_helper_from_name("bpf_probe_write_user"), BPF_FUNC_probe_write_user);
	assert_int_equal(bpf_helper_from_name("sys_bpf"), 166);
	assert_string_equal(bpf_helper_name(211), "cgrp_storage_delete");
	assert_int_equal(bpf_helper_from_name("no_such"), -ENOENT);
}

static void
kinds_are_peoples_words(void **state)
{
	uint32_t type = 0, attach = 0;

	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_SCHED_CLS, 0), "tc");
	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_TRACEPOINT, 0), "tracepoint");
	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_KPROBE, 0), "kprobe");
	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP), "tp_btf");
	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY), "fentry");
	assert_string_equal(bpf_prog_kind_name(BPF_PROG_TYPE_LSM, BPF_LSM_MAC), "lsm");
	assert_string_equal(bpf_prog_kind_name(77, 0), "type-77");
	assert_int_equal(bpf_prog_kind_from_name("tcx", &type, &attach), 0);
	assert_int_equal(type, BPF_PROG_TYPE_SCHED_CLS);
	assert_int_equal(attach, IPC_ANY_ATTACH);
	assert_int_equal(bpf_prog_kind_from_name("fexit", &type, &attach), 0);
	assert_int_equal(type, BPF_PROG_TYPE_TRACING);
	assert_int_equal(attach, BPF_TRACE_FEXIT);
	assert_int_equal(bpf_prog_kind_from_name("unspec", &type, &attach), -ENOENT);
	assert_int_equal(bpf_prog_kind_from_name("nonsense", &type, &attach), -ENOENT);
	assert_non_null(strstr(bpf_prog_kinds(), "tp_btf"));
	assert_non_null(strstr(bpf_prog_kinds(), "netfilter"));
}

static void
a_section_tells_the_type_that_libbpf_gives(void **state)
{
	static const char *const sections[] = { "xdp", "xdp.frags", "xdp/cpumap", "tc", "classifier", "action", "tp/syscalls/x",
		"tracepoint/sched/x", "kprobe/f", "kretprobe/f", "kprobe.multi/f*", "kretprobe.multi/f*", "ksyscall/f", "kretsyscall/f",
		"uprobe/f", "uprobe.s/f", "uretprobe/f", "usdt/f", "raw_tp/f", "raw_tracepoint/f", "raw_tp.w/f", "raw_tracepoint.w/f",
		"tp_btf/f", "fentry/f", "fentry.s/f", "fexit/f", "fmod_ret/f", "freplace/f", "lsm/f", "lsm.s/f", "lsm_cgroup/f", "iter/task",
		"iter.s/task", "syscall", "perf_event", "socket", "sockops", "sk_skb/stream_parser", "sk_skb", "sk_msg", "sk_lookup",
		"sk_reuseport", "flow_dissector", "lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local", "lirc_mode2", "cgroup_skb/egress",
		"cgroup/skb", "cgroup/sock", "cgroup/sock_create", "cgroup/sock_release", "cgroup/post_bind6", "cgroup/bind4",
		"cgroup/connect6", "cgroup/sendmsg4", "cgroup/recvmsg6", "cgroup/getpeername4", "cgroup/getsockname6", "cgroup/dev",
		"cgroup/sysctl", "cgroup/getsockopt", "cgroup/setsockopt", "struct_ops/f" };

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		const char *kind = bpf_prog_kind_of_section(sections[i]);
		enum bpf_attach_type attach;
		enum bpf_prog_type want;
		uint32_t type, any;

		if (libbpf_prog_type_by_name(sections[i], &want, &attach))
			fail_msg("libbpf does not know %s", sections[i]);
		if (!kind || bpf_prog_kind_from_name(kind, &type, &any) || type != want)
			fail_msg("%s: %s is not of type %u", sections[i], kind ? kind : "nothing", want);
	}
	assert_string_equal(bpf_prog_kind_of_section("?fentry.s/f"), "fentry");
	assert_string_equal(bpf_prog_kind_of_section("tcx/ingress"), "tcx");
	assert_null(bpf_prog_kind_of_section("license"));
	assert_null(bpf_prog_kind_of_section(""));
	assert_null(bpf_prog_kind_of_section("a_section_of_a_name_that_is_longer_than_any_kind"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_the_kernels),
		cmocka_unit_test(kinds_are_peoples_words),
		cmocka_unit_test(a_section_tells_the_type_that_libbpf_gives),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfnames", tests, NULL, NULL);
}
