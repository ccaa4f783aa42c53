# SPDX-License-Identifier: Apache-2.0
# Tests: who builds what, and the targets that run them.  HACKING.md says how to write one.
#
# A fuzz target is registered once, in its folder's local.mk:
#   FUZZ_TARGETS += tests/fuzz/fuzz-X
#   tests_fuzz_fuzz_X_SOURCES = tests/fuzz/fuzz-X.c
#   tests_fuzz_fuzz_X_LDADD = ... $(FUZZ_LIBS)
# In an ordinary build it replays its corpus, with --enable-fuzzers it is a libFuzzer program.
check_PROGRAMS += $(FUZZ_TARGETS)
check_LIBRARIES = libreplay.a
libreplay_a_SOURCES = tests/fuzz/replay.c
if FUZZERS
FUZZ_LIBS = @FUZZ_ENGINE@
else
FUZZ_LIBS = libreplay.a
endif

TEST_OBJECTS = \
	tests/bpf/aborted.bpf.o \
	tests/bpf/byname.bpf.o \
	tests/bpf/callers.bpf.o \
	tests/bpf/cgroup_unix.bpf.o \
	tests/bpf/cgroups.bpf.o \
	tests/bpf/chain.bpf.o \
	tests/bpf/chainfrags.bpf.o \
	tests/bpf/classify.bpf.o \
	tests/bpf/core.bpf.o \
	tests/bpf/data.bpf.o \
	tests/bpf/denied.bpf.o \
	tests/bpf/greedy.bpf.o \
	tests/bpf/halfops.bpf.o \
	tests/bpf/huge.bpf.o \
	tests/bpf/iters.bpf.o \
	tests/bpf/kinds.bpf.o \
	tests/bpf/long.bpf.o \
	tests/bpf/longlog.bpf.o \
	tests/bpf/mapkinds.bpf.o \
	tests/bpf/maps.bpf.o \
	tests/bpf/netkinds.bpf.o \
	tests/bpf/ops.bpf.o \
	tests/bpf/plain.bpf.o \
	tests/bpf/probes.bpf.o \
	tests/bpf/refused.bpf.o \
	tests/bpf/sockets.bpf.o \
	tests/bpf/swap.bpf.o \
	tests/bpf/tcchain.bpf.o \
	tests/bpf/tracing.bpf.o
check_DATA = $(TEST_OBJECTS) $(BROKER_OBJECTS) $(BPF_SAMPLES)
CLEANFILES += $(TEST_OBJECTS)

check_PROGRAMS += tests/bench/bare-libbpf
tests_bench_bare_libbpf_SOURCES = tests/bench/bare-libbpf.c tests/bench/loop.h
tests_bench_bare_libbpf_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_bench_bare_libbpf_LDADD = $(LIBBPF_LIBS)

check_PROGRAMS += tests/bench/openloop
tests_bench_openloop_SOURCES = tests/bench/openloop.c tests/bench/loop.h
check_PROGRAMS += tests/bench/execloop tests/bench/sysloop tests/bench/linelat
tests_bench_execloop_SOURCES = tests/bench/execloop.c tests/bench/loop.h tests/bench/spawn.h
tests_bench_sysloop_SOURCES = tests/bench/sysloop.c tests/bench/loop.h
tests_bench_linelat_SOURCES = tests/bench/linelat.c tests/bench/loop.h tests/bench/samples.h

check_PROGRAMS += tests/bench/kernel-bench
tests_bench_kernel_bench_SOURCES = tests/bench/kernel-bench.c tests/bench/loop.h \
	tests/bench/samples.h tests/bench/spawn.h $(TRACERRIG)
tests_bench_kernel_bench_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_bench_kernel_bench_LDADD = $(IPC_LIBS) $(LIBBPF_LIBS)

check_PROGRAMS += tests/bench/tracers
tests_bench_tracers_SOURCES = tests/bench/tracers.c tests/bench/loads.h tests/bench/loads-bash.c \
	tests/bench/loads-files.c tests/bench/loads-network.c tests/bench/loads-packets.c tests/bench/loads-processes.c \
	tests/bench/loads-system.c tests/bench/loop.h tests/bench/samples.h tests/bench/spawn.h tests/bench/turns.h $(TRACERRIG)
tests_bench_tracers_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_bench_tracers_LDADD = $(IPC_LIBS) $(LIBBPF_LIBS)
check_PROGRAMS += tests/bench/enforce
tests_bench_enforce_SOURCES = tests/bench/enforce.c tests/bench/loop.h tests/bench/samples.h tests/bench/spawn.h \
	tests/bench/turns.h $(TRACERRIG)
tests_bench_enforce_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_bench_enforce_LDADD = $(RULES_PARSE_LIBS) $(IPC_LIBS) $(LIBBPF_LIBS)

check_PROGRAMS += tests/bench/least
tests_bench_least_SOURCES = tests/bench/least.c tests/bench/least.h
tests_bench_least_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_bench_least_LDADD = $(LIBBPF_LIBS)
tests/bench/least.bpf.o: tests/bench/least.h
check_DATA += tests/bench/least.bpf.o
CLEANFILES += tests/bench/least.bpf.o
EXTRA_DIST += tests/bench/least.bpf.c

# Not by CFLAGS: a sanitizer's program is not static.
tests/bench/nothing: tests/bench/nothing.c
	$(AM_V_GEN)$(MKDIR_P) tests/bench && $(CC) -O2 -static -nostdlib -fno-stack-protector -o $@ $<
check_DATA += tests/bench/nothing
CLEANFILES += tests/bench/nothing

# What tests/run runs, one "KIND PROGRAM" a line.
tests/list: Makefile
	$(AM_V_GEN)$(MKDIR_P) tests && { printf 'unit %s\n' $(UNIT_TESTS); \
		printf 'component %s\n' $(COMPONENT_TESTS); printf 'corpus %s\n' $(FUZZ_TARGETS); } >$@
CLEANFILES += tests/list

if HAVE_CMOCKA
COMPONENT_TESTS += tests/component/test-messages
tests_component_test_messages_SOURCES = tests/component/test-messages.c
tests_component_test_messages_LDADD = $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/lib/bpf-ids
tests_lib_bpf_ids_SOURCES = tests/lib/bpf-ids.c
tests_lib_bpf_ids_LDADD = $(LIBBPF_LIBS)
check_PROGRAMS += tests/lib/probed
tests_lib_probed_SOURCES = tests/lib/probed.c
check_PROGRAMS += tests/lib/event-lines
tests_lib_event_lines_SOURCES = tests/lib/event-lines.c tests/unit/event_make.h
tests_lib_event_lines_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_lib_event_lines_LDADD = $(EVENTS_LIBS)
check_PROGRAMS += tests/lib/read-layout
tests_lib_read_layout_SOURCES = tests/lib/read-layout.c
tests_lib_read_layout_LDADD = $(IMAGE_LIBS)
check_PROGRAMS += tests/lib/hold
tests_lib_hold_SOURCES = tests/lib/hold.c
tests_lib_hold_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS)
tests_lib_hold_LDADD = $(LIBBPF_LIBS)

TESTS_RUN = $(top_srcdir)/tests/run --builddir .

# One make for all of it: a second one at the same time would build the same libraries again.
tests: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) tests-am
tests-am: all-am $(check_PROGRAMS) $(check_LIBRARIES) $(check_DATA) tests/list

# make check TESTFLAGS="--only '*loader*' -v"
check-local: tests-am
	$(TESTS_RUN) $(TESTFLAGS)

lint: tests
	$(TESTS_RUN) --kinds lint $(TESTFLAGS)

bench: tests
	$(top_srcdir)/tests/bench/run --builddir .
	$(top_srcdir)/tests/bench/attach --builddir .
	$(top_srcdir)/tests/bench/events --builddir .
	$(top_srcdir)/tests/bench/images --builddir .
	tests/bench/tracers
	tests/bench/enforce

FUZZ_SECONDS = 60
# Tests that another kernel can change, in virtual machines: make check-vm KERNELS="6.1 6.12"
KERNELS = 6.1 6.12
check-vm: tests
	$(top_srcdir)/tests/vm/run . $(KERNELS)

# What is persistent comes back, boot for boot on one state folder: make check-reboot REBOOTS=20 KERNELS=6.12
REBOOTS = 20
check-reboot: tests
	$(top_srcdir)/tests/vm/reboot . $(REBOOTS) $(KERNELS)

# Ordinary work beside every shipped rule, none of which may fire: make check-benign MINUTES=60
MINUTES = 10
check-benign: tests
	BPFD_BUILD=. $(top_srcdir)/tests/benign $(MINUTES)

# docs/KINDS.md, from the tests of this kernel and those
kinds: tests
	$(top_srcdir)/tests/kinds . $(KERNELS)

check-fuzz:
	$(top_srcdir)/tests/fuzz/run $(FUZZ_SECONDS)

check-sanitize:
	$(top_srcdir)/tests/sanitize

.PHONY: check-benign check-vm check-reboot kinds tests tests-am lint bench check-fuzz check-sanitize

EXTRA_DIST += tests/benign tests/kinds tests/run tests/sanitize tests/expected-skips.txt $(TEST_OBJECTS:.o=.c) \
	tests/bench/events tests/bench/evbase.py tests/bench/evcost.py tests/bench/evstart.py \
	tests/bench/attach tests/bench/evtime.py tests/bench/h2.py tests/bench/images tests/bench/manage.py tests/bench/nothing.c \
	tests/bench/run \
	tests/clients \
	tests/fuzz/corpus tests/fuzz/h2.dict tests/fuzz/run \
	tests/lib/benign.py tests/lib/bpfd.sh tests/lib/bpfmap.py tests/lib/daemon.py tests/lib/eventschema.py tests/lib/flood.sh tests/lib/kinds.sh \
	tests/lib/mutate.py tests/lib/reboot.sh tests/lib/strike.py tests/lib/tap.py tests/lib/tap.sh \
	tests/golden tests/lint tests/system tests/vm

# Python may have left compiled files.
dist-hook:
	find $(distdir) -name __pycache__ -exec rm -rf {} +
