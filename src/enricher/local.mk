# SPDX-License-Identifier: Apache-2.0
# All but main() in a library, for the tests and the bench.
noinst_LIBRARIES += libenricher.a
libenricher_a_SOURCES = \
	src/enricher/binaries.c \
	src/enricher/cgroups.c src/enricher/cgroups.h \
	src/enricher/containers.c src/enricher/containers.h \
	src/enricher/context.c src/enricher/context.h \
	src/enricher/control.c \
	src/enricher/counters.def \
	src/enricher/enricher.h \
	src/enricher/events.c \
	src/enricher/krings.c src/enricher/krings.h \
	src/enricher/loop.c \
	src/enricher/procs.c src/enricher/procs.h \
	src/enricher/publish.c \
	src/enricher/state.c \
	src/enricher/stats.c \
	src/enricher/slotmap.c src/enricher/slotmap.h
ENRICHER_LIBS = libenricher.a $(RING_LIBS) $(RULES_LIBS)

pkglibexec_PROGRAMS += bpfd-enricher
bpfd_enricher_SOURCES = src/enricher/main.c src/enricher/sandbox.def
bpfd_enricher_LDADD = $(ENRICHER_LIBS)
