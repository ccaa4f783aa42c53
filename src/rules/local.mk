# SPDX-License-Identifier: Apache-2.0
# Model, checks, matcher: for the API and the enricher too.
noinst_LIBRARIES += librules.a
librules_a_SOURCES = \
	src/rules/rule.h src/rules/match.h src/rules/ops.def \
	src/rules/runtimes.c src/rules/runtimes.def src/rules/runtimes.h
librules_a_CFLAGS = $(AM_CFLAGS) $(PCRE2_CFLAGS)
RULES_LIBS = librules.a $(EVENTS_LIBS) $(IPC_LIBS) $(PCRE2_LIBS)
