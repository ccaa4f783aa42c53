# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-fetch
bpfd_fetch_SOURCES = \
	src/fetch/answer.c \
	src/fetch/connect.c \
	src/fetch/fetch.h \
	src/fetch/given.c \
	src/fetch/main.c \
	src/fetch/pull.c \
	src/fetch/sandbox.def \
	src/fetch/signatures.c
bpfd_fetch_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
bpfd_fetch_LDADD = $(SIGNATURE_LIBS) $(REGISTRY_LIBS)

# What tests/system/61*.py run in the place of the supervisor and the API.
check_PROGRAMS += tests/component/fetch-run
tests_component_fetch_run_SOURCES = tests/component/fetch-run.c
tests_component_fetch_run_LDADD = $(IPC_LIBS)
