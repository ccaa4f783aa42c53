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

if HAVE_CMOCKA
COMPONENT_TESTS += tests/component/test-action tests/component/test-action-acts
ACTION_RIG = tests/component/action-rig.c tests/component/action-rig.h tests/unit/event_make.h
ACTION_RIG_LIBS = $(EVENTS_LIBS) $(RING_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
tests_component_test_action_SOURCES = tests/component/test-action.c $(ACTION_RIG)
tests_component_test_action_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_component_test_action_LDADD = $(ACTION_RIG_LIBS)
tests_component_test_action_acts_SOURCES = tests/component/test-action-acts.c $(ACTION_RIG)
tests_component_test_action_acts_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_component_test_action_acts_LDADD = $(ACTION_RIG_LIBS)
endif
