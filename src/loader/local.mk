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
	src/loader/probes.c src/loader/probes.h \
	src/loader/slot.c src/loader/slot.h
LOADER_SOURCES = $(BROKER_SOURCES) \
	src/loader/attaching.c \
	src/loader/authorise.c src/loader/authorise.h \
	src/loader/dispatch.c \
	src/loader/enforce.c \
	src/loader/facts.c src/loader/facts.h \
	src/loader/gone.c \
	src/loader/handlers.h \
	src/loader/iters.c \
	src/loader/keep.c \
	src/loader/links.c \
	src/loader/links_stub.c \
	src/loader/links_token.c \
	src/loader/listing.c \
	src/loader/loader.h \
	src/loader/loop.c \
	src/loader/objects.c src/loader/objects.h \
	src/loader/objects_scan.c \
	src/loader/objects_shared.c \
	src/loader/objects_stub.c \
	src/loader/oneshot.c \
	src/loader/map_kinds.c src/loader/map_kinds.h \
	src/loader/maps.c \
	src/loader/maps_page.c src/loader/maps_page.h \
	src/loader/pool.c \
	src/loader/release.c \
	src/loader/reply.c \
	src/loader/requests.c \
	src/loader/session.c \
	src/loader/slots.c src/loader/slots.h \
	src/loader/slots_tc.c \
	src/loader/token.c src/loader/token.h \
	src/loader/standin.c src/loader/standin.h \
	src/loader/tc_stub.c src/loader/tc_stub.h \
	src/loader/update.c src/loader/update.h \
	src/loader/update_tc.c \
	src/loader/verdicts.c src/loader/verdicts.h \
	src/loader/watch.c \
	src/loader/wishes.c \
	src/loader/xdp.c \
	src/loader/kernel_maps.c \
	src/loader/kfilter.c src/loader/kfilter.h \
	src/loader/tracers.c src/loader/tracers.h src/loader/tracers_parts.h \
	src/loader/tracers_enricher.c \
	src/loader/tracers_filter.c \
	src/loader/tracers_functions.c src/loader/tracers_functions.h \
	src/loader/tracers_hooks.c \
	src/loader/tracers_load.c \
	src/loader/tracers_maps.c \
	src/loader/tracers_objects.c \
	src/loader/tracers_pins.c \
	src/loader/tracers_report.c src/loader/tracers_rings.c \
	src/loader/tracers_bash.c src/loader/tracers_declared.c src/loader/tracers_uprobe.c src/loader/tracers_watch.c
bpfd_loader_SOURCES = src/loader/main.c src/loader/sandbox.def $(LOADER_SOURCES)
nodist_bpfd_loader_SOURCES = gen/tracer_objects.c
bpfd_loader_CFLAGS = $(AM_CFLAGS) $(LIBMD_CFLAGS)
bpfd_loader_LDADD = $(ATTACH_LIBS) $(IPC_LIBS) $(LIBMD_LIBS)

# The tracers' objects as part of the program: it opens no file.
gen/tracer_objects.c: src/loader/embed $(TRACER_OBJECTS)
	$(AM_V_GEN)$(MKDIR_P) gen && $(top_srcdir)/src/loader/embed $@ $(TRACER_OBJECTS)
CLEANFILES += gen/tracer_objects.c gen/tracer_objects.c.d/*
EXTRA_DIST += src/loader/embed

include tests/objects/local.mk
RIG = tests/component/rig.c tests/component/rig.h tests/unit/config_make.h
check_PROGRAMS += tests/bench/linker-load
tests_bench_linker_load_SOURCES = tests/bench/linker-load.c tests/bench/loop.h tests/bench/samples.h $(RIG)
tests_bench_linker_load_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_bench_linker_load_LDADD = $(IPC_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-broker
tests_fuzz_fuzz_broker_SOURCES = tests/fuzz/fuzz-broker.c tests/unit/broker_fake.h tests/unit/config_make.h $(BROKER_SOURCES)
tests_fuzz_fuzz_broker_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_broker_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)
# A loader whose tracers are those of tests/tracers: a hook that is missing, a program that is refused.
TEST_TRACERS = bpf/core.bpf.o tests/tracers/exec.bpf.o tests/tracers/open.bpf.o tests/tracers/exit.bpf.o \
	tests/tracers/fork.bpf.o tests/tracers/bashreadline.bpf.o
$(TEST_TRACERS): $(TRACER_INCLUDES)
gen/test_tracer_objects.c: src/loader/embed $(TEST_TRACERS)
	$(AM_V_GEN)$(MKDIR_P) gen && $(top_srcdir)/src/loader/embed $@ $(TEST_TRACERS)
CLEANFILES += gen/test_tracer_objects.c gen/test_tracer_objects.c.d/* tests/tracers/*.bpf.o
EXTRA_DIST += tests/tracers
check_PROGRAMS += tests/component/loader-odd
tests_component_loader_odd_SOURCES = $(bpfd_loader_SOURCES)
nodist_tests_component_loader_odd_SOURCES = gen/test_tracer_objects.c
tests_component_loader_odd_CFLAGS = $(bpfd_loader_CFLAGS)
tests_component_loader_odd_LDADD = $(bpfd_loader_LDADD)

FUZZ_TARGETS += tests/fuzz/fuzz-kfilter
tests_fuzz_fuzz_kfilter_SOURCES = tests/fuzz/fuzz-kfilter.c src/loader/kfilter.c src/loader/kfilter.h
tests_fuzz_fuzz_kfilter_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)

if HAVE_CMOCKA
COMPONENT_TESTS += tests/component/test-loader-tracers
tests_component_test_loader_tracers_SOURCES = tests/component/test-loader-tracers.c tests/component/tracers-wanted.h $(RIG)
tests_component_test_loader_tracers_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_loader_tracers_LDADD = $(CONFIG_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-loader-wishes
tests_component_test_loader_wishes_SOURCES = tests/component/test-loader-wishes.c tests/component/tracers-wanted.h $(RIG)
tests_component_test_loader_wishes_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_loader_wishes_LDADD = $(CONFIG_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-loader-broker tests/unit/test-loader-functions tests/unit/test-loader-insns
tests_unit_test_loader_functions_SOURCES = tests/unit/test-loader-functions.c \
	src/loader/tracers_functions.c src/loader/tracers_functions.h
tests_unit_test_loader_functions_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_loader_broker_SOURCES = tests/unit/test-loader-broker.c tests/unit/broker_fake.h tests/unit/config_make.h \
	$(BROKER_SOURCES)
tests_unit_test_loader_broker_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_loader_broker_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_loader_insns_SOURCES = tests/unit/test-loader-insns.c \
	src/loader/insns.c src/loader/insns.h
tests_unit_test_loader_insns_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-tc-stub
tests_component_test_tc_stub_SOURCES = tests/component/test-tc-stub.c tests/component/bpf-prog.h $(TC_STUB)
tests_component_test_tc_stub_LDADD = $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-broker
tests_component_test_broker_SOURCES = tests/component/test-broker.c tests/component/brokerrig.h $(RIG)
tests_component_test_broker_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_broker_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-loader-future
tests_component_test_loader_future_SOURCES = tests/component/test-loader-future.c tests/component/brokerrig.h $(RIG)
tests_component_test_loader_future_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_loader_future_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-broker-keeps tests/component/test-broker-signed
tests_component_test_broker_signed_SOURCES = tests/component/test-broker-signed.c tests/component/brokerrig.h $(RIG)
tests_component_test_broker_signed_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_broker_signed_LDADD = $(IPC_LIBS) $(LIBMD_LIBS) $(CMOCKA_LIBS)
tests_component_test_broker_keeps_SOURCES = tests/component/test-broker-keeps.c tests/component/brokerrig.h $(RIG)
tests_component_test_broker_keeps_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_broker_keeps_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
