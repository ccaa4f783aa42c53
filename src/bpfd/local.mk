# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsup.a
libsup_a_SOURCES = \
	src/bpfd/backoff.c src/bpfd/backoff.h \
	src/bpfd/loglines.c src/bpfd/loglines.h \
	src/bpfd/logout.c src/bpfd/logout.h \
	src/bpfd/loop.c src/bpfd/loop.h \
	src/bpfd/notify.c src/bpfd/notify.h \
	src/bpfd/options.c src/bpfd/options.def src/bpfd/options.h \
	src/bpfd/paths.c src/bpfd/paths.h \
	src/bpfd/texts.c src/bpfd/texts.h
libsup_a_CPPFLAGS = $(AM_CPPFLAGS) -DBPFD_VERSION='"$(PACKAGE_VERSION)"'

sbin_PROGRAMS += bpfd
bpfd_SOURCES = \
	src/bpfd/alerts.c \
	src/bpfd/cgroups.c \
	src/bpfd/checkpoint.c \
	src/bpfd/child.c \
	src/bpfd/client.c src/bpfd/client.h \
	src/bpfd/confine.c \
	src/bpfd/confrun.c \
	src/bpfd/connect.c \
	src/bpfd/containers.c \
	src/bpfd/fetch.c src/bpfd/fetch.h \
	src/bpfd/fetch_files.c \
	src/bpfd/fetch_talk.c \
	src/bpfd/greet.c \
	src/bpfd/helper.c \
	src/bpfd/job.c \
	src/bpfd/key.c \
	src/bpfd/lasting.c \
	src/bpfd/listen.c \
	src/bpfd/main.c \
	src/bpfd/parse.c \
	src/bpfd/proc.c src/bpfd/proc.h src/bpfd/processes.def \
	src/bpfd/programs.def \
	src/bpfd/rules.c \
	src/bpfd/sandbox.def \
	src/bpfd/setup.c \
	src/bpfd/shared.c \
	src/bpfd/sup.h \
	src/bpfd/task.c \
	src/bpfd/trusted.c src/bpfd/trusted.h \
	src/bpfd/wire.c
bpfd_LDADD = libsup.a libring.a $(IPC_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-sup-backoff tests/unit/test-sup-loglines \
	tests/unit/test-sup-notify tests/unit/test-sup-options tests/unit/test-sup-texts
tests_unit_test_sup_backoff_SOURCES = tests/unit/test-sup-backoff.c
tests_unit_test_sup_backoff_LDADD = libsup.a $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sup_loglines_SOURCES = tests/unit/test-sup-loglines.c
tests_unit_test_sup_loglines_LDADD = libsup.a $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sup_notify_SOURCES = tests/unit/test-sup-notify.c
tests_unit_test_sup_notify_LDADD = libsup.a $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sup_texts_SOURCES = tests/unit/test-sup-texts.c
tests_unit_test_sup_texts_LDADD = libsup.a $(IPC_LIBS) $(CMOCKA_LIBS)
tests_unit_test_sup_options_SOURCES = tests/unit/test-sup-options.c
tests_unit_test_sup_options_LDADD = libsup.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
FUZZ_TARGETS += tests/fuzz/fuzz-loglines
tests_fuzz_fuzz_loglines_SOURCES = tests/fuzz/fuzz-loglines.c
tests_fuzz_fuzz_loglines_LDADD = libsup.a $(COMMON_LIBS) $(FUZZ_LIBS)

# What tests/system/190-supervisor.py puts into the place of the loader and the API.
check_PROGRAMS += tests/component/sup-child
tests_component_sup_child_SOURCES = tests/component/sup-child.c
tests_component_sup_child_LDADD = $(IPC_LIBS)
