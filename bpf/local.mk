# SPDX-License-Identifier: Apache-2.0
# Objects for the kernel's side: NAME.bpf.c becomes NAME.bpf.o with BTF.
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wno-unused-parameter \
	$(BPF_WERROR) -I$(top_srcdir) -idirafter /usr/include/$(BPF_MULTIARCH) $(LIBBPF_CFLAGS)

%.bpf.o: %.bpf.c
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(CLANG) $(BPF_CFLAGS) -c $< -o $@

BPF_SAMPLES = bpf/samples/count.bpf.o
bpf/samples/count.bpf.o: bpf/samples/count.h

samplesdir = $(pkgdatadir)/samples
dist_samples_DATA = bpf/samples/count.bpf.c bpf/samples/count.h
nodist_samples_DATA = $(BPF_SAMPLES)
CLEANFILES += $(BPF_SAMPLES)

# The core and one object for each tracer of tracers.def that has a kernel side.
TRACER_OBJECTS = \
	bpf/arp.bpf.o \
	bpf/bashreadline.bpf.o \
	bpf/bpf.bpf.o \
	bpf/bind.bpf.o \
	bpf/capable.bpf.o \
	bpf/cgroup.bpf.o \
	bpf/core.bpf.o \
	bpf/creds.bpf.o \
	bpf/dns.bpf.o \
	bpf/enforce.bpf.o \
	bpf/exec.bpf.o \
	bpf/exit.bpf.o \
	bpf/fileops.bpf.o \
	bpf/filetop.bpf.o \
	bpf/fork.bpf.o \
	bpf/iouring.bpf.o \
	bpf/keyinput.bpf.o \
	bpf/module.bpf.o \
	bpf/mount.bpf.o \
	bpf/mem.bpf.o \
	bpf/ns.bpf.o \
	bpf/oom.bpf.o \
	bpf/open.bpf.o \
	bpf/openbreakout.bpf.o \
	bpf/ptrace.bpf.o \
	bpf/signal.bpf.o \
	bpf/sysadmin.bpf.o \
	bpf/skbdrop.bpf.o \
	bpf/socket.bpf.o \
	bpf/tcpdrop.bpf.o \
	bpf/tcpretrans.bpf.o \
	bpf/tcpstate.bpf.o \
	bpf/tracepoint.bpf.o \
	bpf/uprobe.bpf.o \
	bpf/udp.bpf.o \
	bpf/xdpcount.bpf.o
TRACER_INCLUDES = \
	bpf/bpfd.bpf.h bpf/call.bpf.h bpf/cast.bpf.h bpf/file.bpf.h bpf/filter.bpf.h bpf/hash.bpf.h bpf/info.bpf.h \
	bpf/kernel.bpf.h bpf/maps.bpf.h bpf/net.bpf.h bpf/often.bpf.h bpf/openargs.bpf.h bpf/openpath.bpf.h \
	bpf/path.bpf.h bpf/record.bpf.h bpf/rows.bpf.h bpf/send.bpf.h bpf/sock.bpf.h bpf/target.bpf.h \
	bpf/bpfinsns.bpf.h bpf/uring.bpf.h bpf/uringopen.bpf.h bpf/v1.bpf.h bpf/declared.bpf.h bpf/event.h bpf/syscalls.def bpf/tracers.def
$(TRACER_OBJECTS): $(TRACER_INCLUDES)
bpf/arp.bpf.o: bpf/arp.h
bpf/bashreadline.bpf.o: bpf/bashreadline.h
bpf/bpf.bpf.o: bpf/bpfaudit.h
bpf/bind.bpf.o: bpf/bind.h
bpf/capable.bpf.o: bpf/capable.h
bpf/cgroup.bpf.o: bpf/cgroup.h
bpf/creds.bpf.o: bpf/creds.h
bpf/dns.bpf.o: bpf/dns.h
bpf/enforce.bpf.o: bpf/bpfaudit.h bpf/enforce.h bpf/enforce_hooks.def bpf/enforce_path.bpf.h bpf/enforce_table.bpf.h bpf/exec.h bpf/siphash.h
bpf/exec.bpf.o: bpf/exec.h
bpf/exit.bpf.o: bpf/exit.h
bpf/fileops.bpf.o: bpf/fileops.h
bpf/filetop.bpf.o: bpf/filetop.h
bpf/fork.bpf.o: bpf/fork.h
bpf/iouring.bpf.o: bpf/iouring.h
bpf/keyinput.bpf.o: bpf/keyinput.h
bpf/module.bpf.o: bpf/module.h
bpf/mount.bpf.o: bpf/mount.h
bpf/mem.bpf.o: bpf/mem.h bpf/target.h
bpf/ns.bpf.o: bpf/ns.h
bpf/oom.bpf.o: bpf/oom.h bpf/target.h
bpf/open.bpf.o: bpf/open.h
bpf/openbreakout.bpf.o: bpf/openbreakout.h
bpf/ptrace.bpf.o: bpf/ptrace.h bpf/target.h
bpf/signal.bpf.o: bpf/signal.h bpf/target.h
bpf/sysadmin.bpf.o: bpf/sysadmin.h
bpf/skbdrop.bpf.o: bpf/skbdrop.h bpf/tcpdrop.h
bpf/socket.bpf.o: bpf/socket.h
bpf/tcpdrop.bpf.o: bpf/tcpdrop.h
bpf/tcpretrans.bpf.o: bpf/tcpretrans.h
bpf/tcpstate.bpf.o: bpf/tcpstate.h
bpf/tracepoint.bpf.o bpf/uprobe.bpf.o: bpf/declared.bpf.h bpf/declared.h
bpf/udp.bpf.o: bpf/udp.h
bpf/xdpcount.bpf.o: bpf/xdpcount.h
noinst_DATA += $(TRACER_OBJECTS)
CLEANFILES += $(TRACER_OBJECTS)
EXTRA_DIST += $(TRACER_OBJECTS:.o=.c) $(TRACER_INCLUDES)

# Tests of tracers load core and tracer with libbpf, without the daemon.
TRACERRIG = tests/component/tracerrig.c tests/component/tracerrig.h tests/component/tracerrig_filter.c \
	tests/component/tracerrig_parts.h tests/component/tracers-own.h
TRACERRIG_CFLAGS = $(AM_CFLAGS) $(LIBBPF_CFLAGS) $(CMOCKA_CFLAGS)
TRACERRIG_LIBS = $(IPC_LIBS) $(LIBBPF_LIBS) $(CMOCKA_LIBS)
if HAVE_CMOCKA
COMPONENT_TESTS += tests/component/test-tracers-bash
tests_component_test_tracers_bash_SOURCES = tests/component/test-tracers-bash.c $(TRACERRIG)
tests_component_test_tracers_bash_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_bash_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-calls
tests_component_test_tracers_calls_SOURCES = tests/component/test-tracers-calls.c tests/component/calls32.h tests/component/tracers-dir.h $(TRACERRIG)
tests_component_test_tracers_calls_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_calls_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-bpf
tests_component_test_tracers_bpf_SOURCES = tests/component/test-tracers-bpf.c $(TRACERRIG)
tests_component_test_tracers_bpf_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_bpf_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-core
tests_component_test_tracers_core_SOURCES = tests/component/test-tracers-core.c tests/component/tracers-acts.h $(TRACERRIG)
tests_component_test_tracers_core_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_core_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-declared
tests_component_test_tracers_declared_SOURCES = tests/component/test-tracers-declared.c $(TRACERRIG)
tests_component_test_tracers_declared_CFLAGS = $(TRACERRIG_CFLAGS) -O2
tests_component_test_tracers_declared_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-enforce
tests_component_test_tracers_enforce_SOURCES = tests/component/test-tracers-enforce.c tests/component/enforcerig.c \
	tests/component/enforcerig.h $(TRACERRIG)
tests_component_test_tracers_enforce_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_enforce_LDADD = $(RULES_PARSE_LIBS) $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-enforce-lsm
tests_component_test_tracers_enforce_lsm_SOURCES = tests/component/test-tracers-enforce-lsm.c tests/component/enforcerig.c \
	tests/component/enforcerig.h $(TRACERRIG)
tests_component_test_tracers_enforce_lsm_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_enforce_lsm_LDADD = $(RULES_PARSE_LIBS) $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-exec
tests_component_test_tracers_exec_SOURCES = tests/component/test-tracers-exec.c tests/component/tracers-acts.h $(TRACERRIG)
tests_component_test_tracers_exec_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_exec_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-filter
tests_component_test_tracers_filter_SOURCES = tests/component/test-tracers-filter.c tests/component/tracers-dir.h $(TRACERRIG) \
	$(RULES_MADE)
tests_component_test_tracers_filter_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_tracers_filter_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_filter_LDADD = $(RULES_PARSE_LIBS) $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-files
tests_component_test_tracers_files_SOURCES = tests/component/test-tracers-files.c tests/component/tracers-dir.h $(TRACERRIG)
tests_component_test_tracers_files_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_files_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-kernel
tests_component_test_tracers_kernel_SOURCES = tests/component/test-tracers-kernel.c $(TRACERRIG)
tests_component_test_tracers_kernel_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_kernel_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-mount
tests_component_test_tracers_mount_SOURCES = tests/component/test-tracers-mount.c $(TRACERRIG)
tests_component_test_tracers_mount_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_mount_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-packets
tests_component_test_tracers_packets_SOURCES = tests/component/test-tracers-packets.c tests/component/tracers-net.h \
	tests/component/tracers-sock.h $(TRACERRIG)
tests_component_test_tracers_packets_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_packets_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-tcp
tests_component_test_tracers_tcp_SOURCES = tests/component/test-tracers-tcp.c tests/component/tracers-net.h \
	tests/component/tracers-sock.h $(TRACERRIG)
tests_component_test_tracers_tcp_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_tcp_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-open
tests_component_test_tracers_open_SOURCES = tests/component/test-tracers-open.c tests/component/tracers-dir.h $(TRACERRIG)
tests_component_test_tracers_open_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_open_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-proc
tests_component_test_tracers_proc_SOURCES = tests/component/test-tracers-proc.c tests/component/tracers-acts.h $(TRACERRIG)
tests_component_test_tracers_proc_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_proc_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-reach
tests_component_test_tracers_reach_SOURCES = tests/component/test-tracers-reach.c $(TRACERRIG)
tests_component_test_tracers_reach_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_reach_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-sysadmin
tests_component_test_tracers_sysadmin_SOURCES = tests/component/test-tracers-sysadmin.c $(TRACERRIG)
tests_component_test_tracers_sysadmin_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_sysadmin_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-privs
tests_component_test_tracers_privs_SOURCES = tests/component/test-tracers-privs.c $(TRACERRIG)
tests_component_test_tracers_privs_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_privs_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-dns
tests_component_test_tracers_dns_SOURCES = tests/component/test-tracers-dns.c tests/component/tracers-sock.h $(TRACERRIG)
tests_component_test_tracers_dns_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_dns_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-sock
tests_component_test_tracers_sock_SOURCES = tests/component/test-tracers-sock.c tests/component/tracers-sock.h \
	tests/component/uring.h $(TRACERRIG)
tests_component_test_tracers_sock_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_sock_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-flood
tests_component_test_tracers_flood_SOURCES = tests/component/test-tracers-flood.c tests/component/tracers-dir.h $(TRACERRIG)
tests_component_test_tracers_flood_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_flood_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-uring
tests_component_test_tracers_uring_SOURCES = tests/component/test-tracers-uring.c tests/component/tracers-dir.h tests/component/uring.h $(TRACERRIG)
tests_component_test_tracers_uring_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_uring_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-variants
tests_component_test_tracers_variants_SOURCES = tests/component/test-tracers-variants.c tests/component/calls32.h \
	tests/component/uring.h $(TRACERRIG)
tests_component_test_tracers_variants_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_variants_LDADD = $(TRACERRIG_LIBS)
COMPONENT_TESTS += tests/component/test-tracers-mem
tests_component_test_tracers_mem_SOURCES = tests/component/test-tracers-mem.c $(TRACERRIG)
tests_component_test_tracers_mem_CFLAGS = $(TRACERRIG_CFLAGS)
tests_component_test_tracers_mem_LDADD = $(TRACERRIG_LIBS)
endif
