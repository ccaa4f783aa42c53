# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsup.a
libsup_a_SOURCES = \
	src/bpfd/backoff.c src/bpfd/backoff.h \
	src/bpfd/loglines.c src/bpfd/loglines.h \
	src/bpfd/logout.c src/bpfd/logout.h \
	src/bpfd/loop.c src/bpfd/loop.h \
	src/bpfd/notify.c src/bpfd/notify.h \
	src/bpfd/options.c src/bpfd/options.def src/bpfd/options.h \
	src/bpfd/paths.c src/bpfd/paths.h
libsup_a_CPPFLAGS = $(AM_CPPFLAGS) -DBPFD_VERSION='"$(PACKAGE_VERSION)"'

sbin_PROGRAMS += bpfd
bpfd_SOURCES = \
	src/bpfd/child.c \
	src/bpfd/confine.c \
	src/bpfd/confrun.c \
	src/bpfd/helper.c \
	src/bpfd/listen.c \
	src/bpfd/main.c \
	src/bpfd/proc.c src/bpfd/proc.h src/bpfd/processes.def \
	src/bpfd/sandbox.def \
	src/bpfd/setup.c \
	src/bpfd/sup.h \
	src/bpfd/task.c
bpfd_LDADD = libsup.a $(IPC_LIBS)
