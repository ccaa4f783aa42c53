# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-action
bpfd_action_SOURCES = \
	src/actions/action_log.c \
	src/actions/action_stdout.c \
	src/actions/cgroup.h src/actions/cgroup1.c src/actions/cgroup2.c \
	src/actions/class_cgroup.c \
	src/actions/class_exec.c \
	src/actions/class_output.c src/actions/output.h \
	src/actions/class_signal.c \
	src/actions/class_syslog.c \
	src/actions/guard.c \
	src/actions/loop.c \
	src/actions/main.c \
	src/actions/results.c \
	src/actions/sandbox.def \
	src/actions/target.c \
	src/actions/worker.h
bpfd_action_LDADD = $(EVENTS_LIBS) $(RING_LIBS) $(IPC_LIBS)
