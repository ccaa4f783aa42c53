# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libipc.a
libipc_a_SOURCES = \
	src/ipc/bpfcmds.c src/ipc/bpfcmds.def src/ipc/bpfcmds.h \
	src/ipc/bpfnames.c src/ipc/bpfnames.h \
	src/ipc/bundle.c src/ipc/bundle.h \
	src/ipc/chan.c src/ipc/chan.h \
	src/ipc/config.c src/ipc/config.def src/ipc/config.h \
	src/ipc/declared.c src/ipc/declared.h bpf/declared.h \
	src/ipc/globals.c src/ipc/globals.h \
	src/ipc/image.c src/ipc/image.h \
	src/ipc/messages.def src/ipc/messages.h \
	src/ipc/options.c src/ipc/options.h \
	src/ipc/syscalls.c src/ipc/syscalls.h \
	src/ipc/template.c src/ipc/template.def src/ipc/template.h \
	src/ipc/counters.c src/ipc/counters.h \
	src/ipc/tracers.c src/ipc/tracers.h \
	src/ipc/actions.c src/ipc/actions.h src/ipc/actions.def src/ipc/action_stats.def src/ipc/classes.def \
	src/ipc/enforce.c src/ipc/enforce.h bpf/enforce.h bpf/enforce_hooks.def \
	src/ipc/container.h src/ipc/kfilter.h src/ipc/state.h src/ipc/stores.def \
	bpf/event.h bpf/tracers.def bpf/syscalls.def bpf/calls32.def
IPC_LIBS = libipc.a $(COMMON_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-chan tests/unit/test-globals tests/unit/test-ipc-config tests/unit/test-bpfnames
tests_unit_test_chan_SOURCES = tests/unit/test-chan.c
tests_unit_test_chan_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_globals_SOURCES = tests/unit/test-globals.c
tests_unit_test_globals_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_ipc_config_SOURCES = tests/unit/test-ipc-config.c tests/unit/config_make.h
tests_unit_test_ipc_config_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_ipc_config_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bpfnames_SOURCES = tests/unit/test-bpfnames.c
tests_unit_test_bpfnames_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_unit_test_bpfnames_LDADD = $(IPC_LIBS) $(LIBBPF_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-syscalls
tests_unit_test_syscalls_SOURCES = tests/unit/test-syscalls.c
tests_unit_test_syscalls_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-options
tests_unit_test_options_SOURCES = tests/unit/test-options.c
tests_unit_test_options_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-actions
tests_unit_test_actions_SOURCES = tests/unit/test-actions.c
tests_unit_test_actions_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-facts
tests_component_test_facts_SOURCES = tests/component/test-facts.c
tests_component_test_facts_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-globals
tests_fuzz_fuzz_globals_SOURCES = tests/fuzz/fuzz-globals.c
tests_fuzz_fuzz_globals_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-options
tests_fuzz_fuzz_options_SOURCES = tests/fuzz/fuzz-options.c
tests_fuzz_fuzz_options_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)
