# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-action
bpfd_action_SOURCES = \
	src/actions/action_log.c \
	src/actions/action_stdout.c \
	src/actions/cgroup.h src/actions/cgroup1.c src/actions/cgroup2.c \
	src/actions/class_cgroup.c \
	src/actions/container.c \
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
ACTION_RIG = tests/component/action-rig.c tests/component/action-rig.h tests/unit/event_make.h tests/unit/config_make.h
ACTS_RIG = $(ACTION_RIG) tests/component/action-acts.h
ACTION_RIG_LIBS = $(EVENTS_LIBS) $(RING_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-action
tests_component_test_action_SOURCES = tests/component/test-action.c $(ACTION_RIG)
tests_component_test_action_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_LDADD = $(ACTION_RIG_LIBS)
COMPONENT_TESTS += tests/component/test-action-cgroup
tests_component_test_action_cgroup_SOURCES = tests/component/test-action-cgroup.c $(ACTS_RIG)
tests_component_test_action_cgroup_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_cgroup_LDADD = $(ACTION_RIG_LIBS)
COMPONENT_TESTS += tests/component/test-action-exec
tests_component_test_action_exec_SOURCES = tests/component/test-action-exec.c $(ACTS_RIG)
tests_component_test_action_exec_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_exec_LDADD = $(ACTION_RIG_LIBS)
COMPONENT_TESTS += tests/component/test-action-signals
tests_component_test_action_signals_SOURCES = tests/component/test-action-signals.c $(ACTS_RIG)
tests_component_test_action_signals_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_signals_LDADD = $(ACTION_RIG_LIBS)
endif
