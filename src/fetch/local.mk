# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-fetch
bpfd_fetch_SOURCES = src/fetch/main.c src/fetch/sandbox.def
bpfd_fetch_LDADD = $(IPC_LIBS)
