# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-oneshot
bpfd_oneshot_SOURCES = \
	src/oneshot/main.c \
	src/oneshot/netns.c src/oneshot/netns.h \
	src/oneshot/oneshot.c src/oneshot/oneshot.h \
	src/oneshot/holders.c src/oneshot/holders.h \
	src/oneshot/op_btf.c \
	src/oneshot/op_cgroup.c \
	src/oneshot/op_holders.c \
	src/oneshot/op_iter.c \
	src/oneshot/library.c \
	src/oneshot/library.h \
	src/oneshot/op_file.c \
	src/oneshot/op_file_again.c \
	src/oneshot/op_functions.c \
	src/oneshot/op_kprobe.c \
	src/oneshot/op_list.c \
	src/oneshot/op_netns.c \
	src/oneshot/op_open.c \
	src/oneshot/op_pins.c \
	src/oneshot/op_ring.c \
	src/oneshot/op_stats.c \
	src/oneshot/op_perf_event.c \
	src/oneshot/op_socket.c \
	src/oneshot/op_tracepoint.c \
	src/oneshot/op_umount.c \
	src/oneshot/op_uprobe.c \
	src/oneshot/sandbox.def
bpfd_oneshot_LDADD = $(IPC_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-netns
tests_unit_test_netns_SOURCES = tests/unit/test-netns.c src/oneshot/netns.c src/oneshot/oneshot.c
tests_unit_test_netns_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
ONESHOT_RIG = tests/component/bpf-prog.h tests/component/oneshot-refusals.h \
	tests/component/oneshot-run.c tests/component/oneshot-run.h
COMPONENT_TESTS += tests/component/test-oneshot
tests_component_test_oneshot_SOURCES = tests/component/test-oneshot.c $(ONESHOT_RIG)
tests_component_test_oneshot_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-oneshot-attach
tests_component_test_oneshot_attach_SOURCES = tests/component/test-oneshot-attach.c $(ONESHOT_RIG)
tests_component_test_oneshot_attach_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-oneshot-files
tests_component_test_oneshot_files_SOURCES = tests/component/test-oneshot-files.c $(ONESHOT_RIG)
tests_component_test_oneshot_files_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
