# SPDX-License-Identifier: Apache-2.0
# The event ring: producer, consumer and what the supervisor needs to make one.
noinst_LIBRARIES += libring.a
libring_a_SOURCES = \
	src/ring/file.c \
	src/ring/layout.h \
	src/ring/reader.c \
	src/ring/ring.c src/ring/ring.h
RING_LIBS = libring.a $(COMMON_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-ring
tests_fuzz_fuzz_ring_SOURCES = tests/fuzz/fuzz-ring.c
tests_fuzz_fuzz_ring_LDADD = $(RING_LIBS) $(FUZZ_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-ring
tests_unit_test_ring_SOURCES = tests/unit/test-ring.c
tests_unit_test_ring_LDADD = $(RING_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-ring-share
tests_unit_test_ring_share_SOURCES = tests/unit/test-ring-share.c
tests_unit_test_ring_share_LDADD = $(RING_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-ring-kill
tests_component_test_ring_kill_SOURCES = tests/component/test-ring-kill.c
tests_component_test_ring_kill_LDADD = $(RING_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/bench/ring-bench
tests_bench_ring_bench_SOURCES = tests/bench/ring-bench.c tests/bench/samples.h
tests_bench_ring_bench_LDADD = $(RING_LIBS)
