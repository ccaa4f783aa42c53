# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-linker
LINKER_SOURCES = \
	src/linker/arena.c src/linker/arena.h \
	src/linker/broker.c \
	src/linker/few.c src/linker/few.h \
	src/linker/few_wants.c \
	src/linker/hooks.c \
	src/linker/link.c \
	src/linker/sections.c \
	src/linker/linker.h \
	src/linker/object.c src/linker/object.h \
	src/linker/ops.c \
	src/linker/shims.c \
	src/linker/slots.c src/linker/slots.h \
	src/linker/functions.c \
	src/linker/places.c \
	src/linker/sites.c src/linker/sites.h \
	src/linker/tracer.c \
	src/linker/usdt.c src/linker/usdt.h \
	src/linker/usdt_args.c \
	src/linker/usdt_note.c \
	src/linker/warm.c
bpfd_linker_SOURCES = src/linker/main.c src/linker/sandbox.def $(LINKER_SOURCES)
bpfd_linker_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS) $(LIBELF_CFLAGS) $(ZLIB_CFLAGS)
bpfd_linker_LDADD = $(IPC_LIBS) $(LIBBPF_LIBS) $(LIBELF_LIBS) $(ZLIB_LIBS)

EXTRA_DIST += bpf/warm.bpf.c
CLEANFILES += bpf/warm.bpf.o
src/linker/bpfd_linker-warm.$(OBJEXT): bpf/warm.bpf.o

FUZZ_TARGETS += tests/fuzz/fuzz-sites tests/fuzz/fuzz-usdt tests/fuzz/fuzz-object
tests_fuzz_fuzz_object_SOURCES = tests/fuzz/fuzz-object.c src/linker/few.c src/linker/few.h src/linker/few_wants.c \
	src/linker/hooks.c src/linker/object.c src/linker/object.h
tests_fuzz_fuzz_object_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS) $(LIBELF_CFLAGS)
tests_fuzz_fuzz_object_LDADD = $(IPC_LIBS) $(LIBBPF_LIBS) $(LIBELF_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_sites_SOURCES = tests/fuzz/fuzz-sites.c src/linker/functions.c src/linker/sites.c \
	src/linker/sites.h src/linker/usdt.c src/linker/usdt_args.c src/linker/usdt_note.c src/linker/usdt.h
tests_fuzz_fuzz_sites_CFLAGS = $(AM_CFLAGS) $(LIBELF_CFLAGS)
tests_fuzz_fuzz_sites_LDADD = $(IPC_LIBS) $(LIBELF_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_usdt_SOURCES = tests/fuzz/fuzz-usdt.c src/linker/usdt_args.c src/linker/usdt_note.c src/linker/usdt.h
tests_fuzz_fuzz_usdt_LDADD = $(FUZZ_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-usdt
tests_unit_test_usdt_SOURCES = tests/unit/test-usdt.c src/linker/usdt_args.c src/linker/usdt_note.c src/linker/usdt.h
tests_unit_test_usdt_LDADD = $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-linker-arena
tests_unit_test_linker_arena_SOURCES = tests/unit/test-linker-arena.c \
	src/linker/arena.c src/linker/arena.h src/linker/slots.c src/linker/slots.h
tests_unit_test_linker_arena_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-linker-few
tests_unit_test_linker_few_SOURCES = tests/unit/test-linker-few.c src/linker/few.c src/linker/few.h \
	src/linker/few_wants.c src/linker/hooks.c
tests_unit_test_linker_few_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS) $(LIBELF_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_linker_few_LDADD = $(COMMON_LIBS) $(LIBBPF_LIBS) $(LIBELF_LIBS) $(CMOCKA_LIBS)
endif
