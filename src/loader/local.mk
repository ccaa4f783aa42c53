# SPDX-License-Identifier: Apache-2.0
include src/loader/attach.mk
pkglibexec_PROGRAMS += bpfd-loader
# The broker: what the tests and the fuzzer link without the rest.
BROKER_SOURCES = \
	src/loader/broker.c src/loader/broker.h \
	src/loader/byname.c src/loader/byname.h \
	src/loader/call.c src/loader/call.h \
	src/loader/check.c \
	src/loader/handles.c src/loader/handles.h \
	src/loader/insns.c src/loader/insns.h \
	src/loader/kernel.c src/loader/kernel.h \
	src/loader/probes.c src/loader/probes.h
LOADER_SOURCES = $(BROKER_SOURCES) \
	src/loader/authorise.c src/loader/authorise.h \
	src/loader/dispatch.c \
	src/loader/facts.c src/loader/facts.h \
	src/loader/handlers.h \
	src/loader/keep.c \
	src/loader/links.c \
	src/loader/loader.h \
	src/loader/loop.c \
	src/loader/objects.c src/loader/objects.h \
	src/loader/objects_scan.c \
	src/loader/oneshot.c \
	src/loader/pool.c \
	src/loader/release.c \
	src/loader/reply.c \
	src/loader/requests.c \
	src/loader/session.c \
	src/loader/tracers.c src/loader/tracers.h
bpfd_loader_SOURCES = src/loader/main.c src/loader/sandbox.def $(LOADER_SOURCES)
bpfd_loader_LDADD = $(ATTACH_LIBS) $(IPC_LIBS)

include tests/objects/local.mk
RIG = tests/component/rig.c tests/component/rig.h
check_PROGRAMS += tests/bench/linker-load
tests_bench_linker_load_SOURCES = tests/bench/linker-load.c $(RIG)
tests_bench_linker_load_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_linker_load_LDADD = $(IPC_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-broker
tests_fuzz_fuzz_broker_SOURCES = tests/fuzz/fuzz-broker.c tests/unit/broker_fake.h $(BROKER_SOURCES)
tests_fuzz_fuzz_broker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_fuzz_broker_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)
if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-loader-broker tests/unit/test-loader-insns
tests_unit_test_loader_broker_SOURCES = tests/unit/test-loader-broker.c tests/unit/broker_fake.h \
	$(BROKER_SOURCES)
tests_unit_test_loader_broker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_loader_broker_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_loader_insns_SOURCES = tests/unit/test-loader-insns.c \
	src/loader/insns.c src/loader/insns.h
tests_unit_test_loader_insns_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-broker
tests_component_test_broker_SOURCES = tests/component/test-broker.c $(RIG)
tests_component_test_broker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_component_test_broker_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
