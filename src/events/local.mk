# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libevents.a
libevents_a_SOURCES = \
	bpf/action.h \
	src/events/common.c \
	src/events/declared.c bpf/declared.h \
	src/events/doc.c src/events/doc.h src/events/doc_schema.c \
	src/events/record.c src/events/record.h \
	src/events/redact.c src/events/redact.h \
	src/events/render.c src/events/render.h \
	src/events/render_json.c src/events/render_seed.c src/events/render_snoop.c src/events/render_table.c \
	src/events/schema.c src/events/schema.h \
	src/events/shown.c src/events/shown.h \
	src/events/tables.h src/events/text.c src/events/text.h src/events/value.c \
	src/events/tracer_action.c \
	src/events/tracer_arp.c bpf/arp.h \
	src/events/tracer_bashreadline.c bpf/bashreadline.h \
	src/events/tracer_bpf.c bpf/bpfaudit.h \
	src/events/tracer_bpfd.c bpf/own.h \
	src/events/tracer_bind.c bpf/bind.h \
	src/events/tracer_capable.c bpf/capable.h \
	src/events/tracer_cgroup.c bpf/cgroup.h \
	src/events/tracer_creds.c bpf/creds.h \
	src/events/dns.c src/events/dns.h \
	src/events/tracer_dns.c bpf/dns.h \
	src/events/tracer_enforce.c \
	src/events/tracer_exec.c bpf/exec.h \
	src/events/tracer_exit.c bpf/exit.h \
	src/events/tracer_fileops.c bpf/fileops.h \
	src/events/tracer_filetop.c bpf/filetop.h \
	src/events/tracer_fork.c bpf/fork.h \
	src/events/tracer_iouring.c bpf/iouring.h \
	src/events/tracer_keyinput.c bpf/keyinput.h \
	src/events/tracer_module.c bpf/module.h \
	src/events/tracer_mount.c bpf/mount.h \
	src/events/tracer_mem.c bpf/mem.h \
	src/events/tracer_ns.c bpf/ns.h \
	src/events/tracer_oom.c bpf/oom.h \
	src/events/tracer_open.c bpf/open.h \
	src/events/tracer_openbreakout.c bpf/openbreakout.h \
	src/events/target.c src/events/target.h bpf/target.h \
	src/events/tracer_ptrace.c bpf/ptrace.h \
	src/events/tracer_signal.c bpf/signal.h \
	src/events/tracer_sysadmin.c bpf/sysadmin.h \
	src/events/tracer_skbdrop.c bpf/skbdrop.h \
	src/events/tracer_socket.c bpf/socket.h \
	src/events/tracer_tcpdrop.c bpf/tcpdrop.h \
	src/events/tracer_tcpretrans.c bpf/tcpretrans.h \
	src/events/tracer_tcpstate.c bpf/tcpstate.h \
	src/events/tracer_udp.c bpf/udp.h \
	src/events/tracer_xdpcount.c bpf/xdpcount.h \
	src/events/words.c src/events/words.h
EVENTS_LIBS = libevents.a

# What the tables of fields say, for people and for machines.
noinst_PROGRAMS += src/events/events-doc
src_events_events_doc_SOURCES = src/events/doc_main.c src/events/doc_man.c
src_events_events_doc_LDADD = $(EVENTS_LIBS)
man/bpfd-tracers.7: src/events/events-doc$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) man && src/events/events-doc$(EXEEXT) man >$@
gen/events.schema.json: src/events/events-doc$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) gen && src/events/events-doc$(EXEEXT) schema >$@
nodist_man_MANS = man/bpfd-tracers.7
nodist_pkgdata_DATA = gen/events.schema.json
CLEANFILES += man/bpfd-tracers.7 gen/events.schema.json

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-record tests/unit/test-render tests/unit/test-schema
tests_unit_test_record_SOURCES = tests/unit/test-record.c tests/unit/event_make.h
tests_unit_test_record_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_record_LDADD = $(EVENTS_LIBS) $(CMOCKA_LIBS)
tests_unit_test_render_SOURCES = tests/unit/test-render.c tests/unit/event_make.h
tests_unit_test_render_CPPFLAGS = $(TESTS_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_render_LDADD = $(EVENTS_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_schema_SOURCES = tests/unit/test-schema.c tests/unit/event_make.h
tests_unit_test_schema_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_schema_LDADD = $(EVENTS_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-dns
tests_unit_test_dns_SOURCES = tests/unit/test-dns.c
tests_unit_test_dns_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_dns_LDADD = $(EVENTS_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/bench/render-bench
tests_bench_render_bench_SOURCES = tests/bench/render-bench.c tests/bench/loop.h tests/bench/samples.h tests/unit/event_make.h
tests_bench_render_bench_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_bench_render_bench_LDADD = $(EVENTS_LIBS) $(RING_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-record tests/fuzz/fuzz-render
tests_fuzz_fuzz_render_SOURCES = tests/fuzz/fuzz-render.c tests/unit/event_make.h
tests_fuzz_fuzz_render_CPPFLAGS = $(TESTS_CPPFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_render_LDADD = $(EVENTS_LIBS) $(JANSSON_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz-record.c tests/unit/event_make.h
tests_fuzz_fuzz_record_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_record_LDADD = $(EVENTS_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-dns
tests_fuzz_fuzz_dns_SOURCES = tests/fuzz/fuzz-dns.c
tests_fuzz_fuzz_dns_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_dns_LDADD = $(EVENTS_LIBS) $(FUZZ_LIBS)
