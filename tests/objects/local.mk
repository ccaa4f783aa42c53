# SPDX-License-Identifier: Apache-2.0
# Objects for tests of the loader and the linker.
BROKER_OBJECTS = \
	tests/objects/byname.bpf.o \
	tests/objects/globals.bpf.o \
	tests/objects/kconfig.bpf.o \
	tests/objects/large.bpf.o \
	tests/objects/mapinmap.bpf.o \
	tests/objects/subprogs.bpf.o \
	tests/objects/tiny.bpf.o
CLEANFILES += $(BROKER_OBJECTS)
EXTRA_DIST += $(BROKER_OBJECTS:.o=.c)

tests/objects/tiny.bpf.o: tests/objects/tiny.bpf.c
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(CLANG) $(BPF_CFLAGS) -g0 -c $< -o $@
