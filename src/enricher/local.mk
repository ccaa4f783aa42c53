# SPDX-License-Identifier: Apache-2.0
# All but main() in a library, for the tests and the bench.
noinst_LIBRARIES += libenricher.a
libenricher_a_SOURCES = \
	src/enricher/binaries.c \
	src/enricher/cgroups.c src/enricher/cgroups.h \
	src/enricher/containers.c src/enricher/containers.h \
	src/enricher/context.c src/enricher/context.h \
	src/enricher/control.c \
	src/enricher/counters.def \
	src/enricher/enricher.h \
	src/enricher/events.c \
	src/enricher/krings.c src/enricher/krings.h \
	src/enricher/made.c \
	src/enricher/linger.c src/enricher/linger.h \
	src/enricher/names.c src/enricher/names.h src/enricher/naming.c \
	src/enricher/loop.c \
	src/enricher/procs.c src/enricher/procs.h \
	src/enricher/publish.c \
	src/enricher/state.c \
	src/enricher/stats.c \
	src/enricher/slotmap.c src/enricher/slotmap.h
ENRICHER_LIBS = libenricher.a $(RING_LIBS) $(RULES_LIBS)

pkglibexec_PROGRAMS += bpfd-enricher
bpfd_enricher_SOURCES = src/enricher/main.c src/enricher/sandbox.def
bpfd_enricher_LDADD = $(ENRICHER_LIBS)

ENRIG = tests/unit/config_make.h tests/component/enricher-rig.c tests/component/enricher-rig.h tests/component/enricher-put.h \
	tests/component/kring-real.h tests/unit/kring_fake.h

check_PROGRAMS += tests/bench/enricher-bench
tests_bench_enricher_bench_SOURCES = tests/bench/enricher-bench.c tests/bench/loop.h tests/bench/samples.h tests/unit/kring_fake.h
tests_bench_enricher_bench_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_bench_enricher_bench_LDADD = $(ENRICHER_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-containers tests/fuzz/fuzz-krings
tests_fuzz_fuzz_krings_SOURCES = tests/fuzz/fuzz-krings.c tests/unit/kring_fake.h
tests_fuzz_fuzz_krings_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_krings_LDADD = $(ENRICHER_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_containers_SOURCES = tests/fuzz/fuzz-containers.c
tests_fuzz_fuzz_containers_LDADD = $(ENRICHER_LIBS) $(FUZZ_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-containers tests/unit/test-krings tests/unit/test-procs
UNIT_TESTS += tests/unit/test-linger
tests_unit_test_linger_SOURCES = tests/unit/test-linger.c
tests_unit_test_linger_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_containers_SOURCES = tests/unit/test-containers.c
tests_unit_test_containers_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_krings_SOURCES = tests/unit/test-krings.c tests/unit/kring_fake.h
tests_unit_test_krings_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_krings_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
tests_unit_test_procs_SOURCES = tests/unit/test-procs.c tests/unit/kring_fake.h
tests_unit_test_procs_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_procs_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-enricher
tests_component_test_enricher_SOURCES = tests/component/test-enricher.c $(ENRIG)
tests_component_test_enricher_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_enricher_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-enricher-names
tests_component_test_enricher_names_SOURCES = tests/component/test-enricher-names.c $(ENRIG)
tests_component_test_enricher_names_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_enricher_names_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-enricher-peers
tests_component_test_enricher_peers_SOURCES = tests/component/test-enricher-peers.c $(ENRIG)
tests_component_test_enricher_peers_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_enricher_peers_LDADD = $(ENRICHER_LIBS) $(CMOCKA_LIBS)
endif
