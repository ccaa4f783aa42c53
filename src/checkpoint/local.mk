# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-checkpoint
CHECKPOINT_PURE = src/checkpoint/checkpoint.h src/checkpoint/program.c src/checkpoint/reason.c src/checkpoint/target.c
bpfd_checkpoint_SOURCES = $(CHECKPOINT_PURE) \
	src/checkpoint/freeze.c \
	src/checkpoint/images.c \
	src/checkpoint/main.c \
	src/checkpoint/once.c src/checkpoint/once.h \
	src/checkpoint/sandbox.def \
	src/checkpoint/starter.c src/checkpoint/starter.h
bpfd_checkpoint_CFLAGS = $(AM_CFLAGS) $(LIBMD_CFLAGS)
bpfd_checkpoint_LDADD = $(IPC_LIBS) $(LIBMD_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-checkpoint
tests_unit_test_checkpoint_SOURCES = tests/unit/test-checkpoint.c $(CHECKPOINT_PURE)
tests_unit_test_checkpoint_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
FUZZ_TARGETS += tests/fuzz/fuzz-checkpoint
tests_fuzz_fuzz_checkpoint_SOURCES = tests/fuzz/fuzz-checkpoint.c $(CHECKPOINT_PURE)
tests_fuzz_fuzz_checkpoint_LDADD = $(IPC_LIBS) $(FUZZ_LIBS)
