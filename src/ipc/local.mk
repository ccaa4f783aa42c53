# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libipc.a
libipc_a_SOURCES = \
	src/ipc/bpfnames.c src/ipc/bpfnames.h \
	src/ipc/chan.c src/ipc/chan.h \
	src/ipc/config.c src/ipc/config.def src/ipc/config.h \
	src/ipc/globals.c src/ipc/globals.h \
	src/ipc/messages.def src/ipc/messages.h
IPC_LIBS = libipc.a $(COMMON_LIBS)
