# SPDX-License-Identifier: Apache-2.0
include src/loader/attach.mk
pkglibexec_PROGRAMS += bpfd-loader
# The broker: what the tests and the fuzzer link without the rest.
BROKER_SOURCES = \
	src/loader/broker.c src/loader/broker.h \
	src/loader/byname.c src/loader/byname.h \
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
	src/loader/session.c
bpfd_loader_SOURCES = src/loader/main.c src/loader/sandbox.def $(LOADER_SOURCES)
bpfd_loader_LDADD = $(ATTACH_LIBS) $(IPC_LIBS)

include tests/objects/local.mk
if HAVE_CMOCKA
RIG = tests/component/rig.c tests/component/rig.h
COMPONENT_TESTS += tests/component/test-broker
tests_component_test_broker_SOURCES = tests/component/test-broker.c $(RIG)
tests_component_test_broker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_component_test_broker_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
