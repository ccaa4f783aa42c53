# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-oneshot
bpfd_oneshot_SOURCES = \
	src/oneshot/main.c \
	src/oneshot/netns.c src/oneshot/netns.h \
	src/oneshot/oneshot.c src/oneshot/oneshot.h \
	src/oneshot/op_list.c \
	src/oneshot/op_netns.c \
	src/oneshot/op_open.c \
	src/oneshot/op_tracepoint.c \
	src/oneshot/op_umount.c \
	src/oneshot/sandbox.def
bpfd_oneshot_LDADD = $(IPC_LIBS)
