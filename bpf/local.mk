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
	bpf/core.bpf.o
TRACER_INCLUDES = \
	bpf/bpfd.bpf.h bpf/filter.bpf.h bpf/info.bpf.h bpf/kernel.bpf.h bpf/maps.bpf.h \
	bpf/path.bpf.h bpf/record.bpf.h bpf/send.bpf.h bpf/v1.bpf.h \
	bpf/event.h bpf/tracers.def
$(TRACER_OBJECTS): $(TRACER_INCLUDES)
noinst_DATA += $(TRACER_OBJECTS)
CLEANFILES += $(TRACER_OBJECTS)
EXTRA_DIST += $(TRACER_OBJECTS:.o=.c) $(TRACER_INCLUDES) bpf/syscalls.def
