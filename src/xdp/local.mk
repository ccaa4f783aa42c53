# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-xdp
bpfd_xdp_SOURCES = \
	src/xdp/chain.c src/xdp/chain.h \
	src/xdp/hooks.c src/xdp/hooks.h \
	src/xdp/main.c \
	src/xdp/refuse.c src/xdp/refuse.h \
	src/xdp/runconfig.c src/xdp/runconfig.h \
	src/xdp/sandbox.def \
	src/xdp/stale.c src/xdp/stale.h
bpfd_xdp_CFLAGS = $(AM_CFLAGS) $(LIBXDP_CFLAGS) $(LIBBPF_CFLAGS)
bpfd_xdp_LDADD = $(IPC_LIBS) $(LIBXDP_LIBS) $(LIBBPF_LIBS)
