# SPDX-License-Identifier: Apache-2.0
# What both executables of workers have: the loop over the ring.
WORKER_SOURCES = \
	src/actions/loop.c \
	src/actions/main.c \
	src/actions/results.c \
	src/actions/sandbox.def \
	src/actions/worker.h

pkglibexec_PROGRAMS += bpfd-action bpfd-alert
bpfd_action_SOURCES = $(WORKER_SOURCES) \
	src/actions/action_log.c \
	src/actions/action_stdout.c \
	src/actions/cgroup.h src/actions/cgroup1.c src/actions/cgroup2.c \
	src/actions/class_cgroup.c \
	src/actions/class_checkpoint.c \
	src/actions/container.c \
	src/actions/class_exec.c \
	src/actions/class_output.c src/actions/output.h \
	src/actions/class_signal.c \
	src/actions/class_syslog.c \
	src/actions/classes_action.c \
	src/actions/guard.c \
	src/actions/target.c
bpfd_action_LDADD = $(EVENTS_LIBS) $(RING_LIBS) $(IPC_LIBS)

bpfd_alert_SOURCES = $(WORKER_SOURCES) \
	src/actions/class_net.c src/actions/net.h \
	src/actions/classes_alert.c \
	src/actions/email.c src/actions/email.h \
	src/actions/net_curl.c \
	src/actions/net_open.c \
	src/actions/net_senders.c \
	src/actions/net_stats.c \
	src/actions/sender_lmtp.c \
	src/actions/sender_slack.c \
	src/actions/sender_smtp.c \
	src/actions/sender_webhook.c
bpfd_alert_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS) $(LIBCRYPTO_CFLAGS)
bpfd_alert_LDADD = $(ALERTS_LIBS) $(RING_LIBS) $(LIBCURL_LIBS) $(LIBCRYPTO_LIBS)

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
COMPONENT_TESTS += tests/component/test-action-checkpoint
tests_component_test_action_checkpoint_SOURCES = tests/component/test-action-checkpoint.c $(ACTS_RIG)
tests_component_test_action_checkpoint_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_checkpoint_LDADD = $(ACTION_RIG_LIBS)
COMPONENT_TESTS += tests/component/test-action-exec
tests_component_test_action_exec_SOURCES = tests/component/test-action-exec.c $(ACTS_RIG)
tests_component_test_action_exec_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_exec_LDADD = $(ACTION_RIG_LIBS)
COMPONENT_TESTS += tests/component/test-action-signals
tests_component_test_action_signals_SOURCES = tests/component/test-action-signals.c $(ACTS_RIG)
tests_component_test_action_signals_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_action_signals_LDADD = $(ACTION_RIG_LIBS)
endif
