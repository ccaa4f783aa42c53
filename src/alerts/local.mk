# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libalerts.a
libalerts_a_SOURCES = \
	src/alerts/alert.c src/alerts/alert.def src/alerts/alert.h \
	src/alerts/lmtp.c src/alerts/lmtp.h \
	src/alerts/mail.c src/alerts/mail.h \
	src/alerts/mime.c src/alerts/mime.h \
	src/alerts/queue.c src/alerts/queue.h \
	src/alerts/rate.c src/alerts/rate.h \
	src/alerts/slack.c src/alerts/slack.h \
	src/alerts/spool.c src/alerts/spool.h \
	src/alerts/webhook.c src/alerts/webhook.h
ALERTS_LIBS = libalerts.a $(EVENTS_LIBS) $(IPC_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-alerts-queue
tests_unit_test_alerts_queue_SOURCES = tests/unit/test-alerts-queue.c tests/unit/queue_rig.h
tests_unit_test_alerts_queue_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_alerts_queue_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-alerts-spool
tests_unit_test_alerts_spool_SOURCES = tests/unit/test-alerts-spool.c tests/unit/queue_rig.h
tests_unit_test_alerts_spool_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_alerts_spool_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-alerts-alert
tests_unit_test_alerts_alert_SOURCES = tests/unit/test-alerts-alert.c tests/unit/event_make.h
tests_unit_test_alerts_alert_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_alerts_alert_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-alerts-messages
tests_unit_test_alerts_messages_SOURCES = tests/unit/test-alerts-messages.c
tests_unit_test_alerts_messages_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_alerts_messages_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS) $(JANSSON_LIBS)
UNIT_TESTS += tests/unit/test-alerts-lmtp
tests_unit_test_alerts_lmtp_SOURCES = tests/unit/test-alerts-lmtp.c
tests_unit_test_alerts_lmtp_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-alerts-webhook
tests_unit_test_alerts_webhook_SOURCES = tests/unit/test-alerts-webhook.c
tests_unit_test_alerts_webhook_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_alerts_webhook_LDADD = $(ALERTS_LIBS) $(CMOCKA_LIBS) $(JANSSON_LIBS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-alerts
tests_fuzz_fuzz_alerts_SOURCES = tests/fuzz/fuzz-alerts.c
tests_fuzz_fuzz_alerts_LDADD = $(ALERTS_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-lmtp
tests_fuzz_fuzz_lmtp_SOURCES = tests/fuzz/fuzz-lmtp.c
tests_fuzz_fuzz_lmtp_LDADD = $(ALERTS_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-webhook
tests_fuzz_fuzz_webhook_SOURCES = tests/fuzz/fuzz-webhook.c
tests_fuzz_fuzz_webhook_LDADD = $(ALERTS_LIBS) $(FUZZ_LIBS)
