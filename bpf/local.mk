# SPDX-License-Identifier: Apache-2.0
# Objects for the kernel's side: NAME.bpf.c becomes NAME.bpf.o with BTF.
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -std=gnu11 -Wall -Wextra -Wno-unused-parameter \
	$(BPF_WERROR) -idirafter /usr/include/$(BPF_MULTIARCH) $(LIBBPF_CFLAGS)

%.bpf.o: %.bpf.c
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(CLANG) $(BPF_CFLAGS) -c $< -o $@

BPF_SAMPLES = bpf/samples/count.bpf.o
bpf/samples/count.bpf.o: bpf/samples/count.h

samplesdir = $(pkgdatadir)/samples
dist_samples_DATA = bpf/samples/count.bpf.c bpf/samples/count.h
nodist_samples_DATA = $(BPF_SAMPLES)
CLEANFILES += $(BPF_SAMPLES)
