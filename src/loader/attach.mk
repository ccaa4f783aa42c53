# SPDX-License-Identifier: Apache-2.0
# The attach kinds, apart from the loader so that tests can link them with a loader of their own.
noinst_LIBRARIES += libattach.a
libattach_a_SOURCES = \
	src/loader/attach.c src/loader/attach.def src/loader/attach.h \
	src/loader/attach_btf.c \
	src/loader/attach_cgroup.c \
	src/loader/attach_cgroup_dir.c \
	src/loader/attach_clsact.c \
	src/loader/attach_event.c \
	src/loader/attach_file.c \
	src/loader/attach_hook.c src/loader/attach_hook.h \
	src/loader/attach_iface.c \
	src/loader/attach_info.c \
	src/loader/attach_iter.c \
	src/loader/attach_netfilter.c \
	src/loader/attach_netkit.c \
	src/loader/attach_netns.c \
	src/loader/attach_order.c \
	src/loader/attach_kprobe.c \
	src/loader/attach_kprobe_multi.c \
	src/loader/attach_perf_event.c \
	src/loader/attach_replace.c \
	src/loader/attach_raw_tracepoint.c \
	src/loader/attach_socket_filter.c \
	src/loader/attach_struct_ops.c \
	src/loader/attach_sockmap.c \
	src/loader/attach_suffix.c src/loader/attach_suffix.h \
	src/loader/attach_tc.c \
	src/loader/attach_tcx.c \
	src/loader/attach_tp_btf.c \
	src/loader/attach_tracepoint.c \
	src/loader/attach_tracing.c \
	src/loader/attach_uprobe.c \
	src/loader/attach_uprobe_multi.c \
	src/loader/attach_usdt.c \
	src/loader/attach_xdp.c \
	src/loader/btf_file.c src/loader/btf_file.h \
	src/loader/attach_xdp_dispatcher.c \
	src/loader/netlink.c src/loader/netlink.h \
	src/loader/netlink_ask.h \
	src/loader/netlink_tc.c \
	src/loader/netlink_watch.c \
	src/loader/oneshot.h
libattach_a_CFLAGS = $(AM_CFLAGS) $(LIBMNL_CFLAGS)
ATTACH_LIBS = libattach.a $(LIBMNL_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-attach-suffix tests/unit/test-btf-file tests/unit/test-netlink
tests_unit_test_btf_file_SOURCES = tests/unit/test-btf-file.c
tests_unit_test_btf_file_LDADD = libattach.a $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_netlink_SOURCES = tests/unit/test-netlink.c
tests_unit_test_netlink_CFLAGS = $(AM_CFLAGS) $(LIBMNL_CFLAGS) -pthread
tests_unit_test_netlink_LDADD = $(ATTACH_LIBS) $(CMOCKA_LIBS)
tests_unit_test_attach_suffix_SOURCES = tests/unit/test-attach-suffix.c
tests_unit_test_attach_suffix_LDADD = libattach.a $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-attach tests/component/test-attach-tc
# A program of the loader's own at traffic control, for who has no loader.
TC_STUB = src/loader/tc_stub.c src/loader/tc_stub.h src/loader/kernel.c src/loader/kernel.h src/loader/kernel_maps.c
ATTACH_HARNESS = $(TC_STUB) tests/component/attach-harness.c tests/component/attach-harness.h \
	tests/component/attach-fakes.c \
	tests/component/bpf-prog.h tests/component/oneshot-run.c tests/component/oneshot-run.h
tests_component_test_attach_SOURCES = tests/component/test-attach.c $(ATTACH_HARNESS)
tests_component_test_attach_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_component_test_attach_LDADD = $(ATTACH_LIBS) $(IPC_LIBS) $(LIBBPF_LIBS) $(CMOCKA_LIBS)
tests_component_test_attach_tc_SOURCES = tests/component/test-attach-tc.c $(ATTACH_HARNESS)
tests_component_test_attach_tc_LDADD = $(ATTACH_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-netlink
tests_fuzz_fuzz_netlink_SOURCES = tests/fuzz/fuzz-netlink.c
tests_fuzz_fuzz_netlink_LDADD = $(ATTACH_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-attach
tests_fuzz_fuzz_attach_SOURCES = tests/fuzz/fuzz-attach.c tests/component/attach-fakes.c
tests_fuzz_fuzz_attach_LDADD = $(ATTACH_LIBS) $(IPC_LIBS) $(FUZZ_LIBS)
