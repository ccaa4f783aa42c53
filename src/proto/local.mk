# SPDX-License-Identifier: Apache-2.0
# protobuf-c code and the descriptor set that reflection serves, both generated from proto/.
PROTOS = bpfd_v1 bpfman_v1 grpc_api health reflection_v1 reflection_v1alpha
PROTO_FILES = $(PROTOS:%=$(top_srcdir)/proto/%.proto)
EXTRA_DIST += proto/bpfd_v1.proto proto/bpfman_v1.proto proto/grpc_api.proto proto/health.proto \
	proto/reflection_v1.proto proto/reflection_v1alpha.proto

GEN_PROTO_C = gen/bpfd_v1.pb-c.c gen/bpfman_v1.pb-c.c gen/grpc_api.pb-c.c gen/health.pb-c.c \
	gen/reflection_v1.pb-c.c gen/reflection_v1alpha.pb-c.c
GEN_PROTO_H = $(GEN_PROTO_C:.c=.h)
BUILT_SOURCES += $(GEN_PROTO_H)
CLEANFILES += $(GEN_PROTO_C) $(GEN_PROTO_H) gen/descriptors.pb

gen/%.pb-c.c gen/%.pb-c.h: $(top_srcdir)/proto/%.proto
	$(AM_V_GEN)mkdir -p gen && $(PROTOC) --plugin=protoc-gen-c=$(PROTOC_GEN_C) \
		-I$(top_srcdir)/proto --c_out=gen $<

gen/descriptors.pb: $(PROTO_FILES)
	$(AM_V_GEN)mkdir -p gen && $(PROTOC) -I$(top_srcdir)/proto --include_imports \
		--descriptor_set_out=$@ $(PROTO_FILES)

noinst_LIBRARIES += libpb.a
nodist_libpb_a_SOURCES = $(GEN_PROTO_C) $(GEN_PROTO_H)
libpb_a_SOURCES =
# Generated code is not held to the warnings of our own.
libpb_a_CFLAGS = -std=gnu11 $(HARDEN_CFLAGS) $(SAN_CFLAGS) $(PROTOBUFC_CFLAGS)
PB_LIBS = libpb.a $(PROTOBUFC_LIBS)

noinst_LIBRARIES += libproto.a
libproto_a_SOURCES = \
	src/proto/details.c src/proto/details.h \
	src/proto/grpc.c src/proto/grpc.h \
	src/proto/wire.c src/proto/wire.h \
	src/proto/wirecheck.c src/proto/wirecheck.h
libproto_a_CFLAGS = $(AM_CFLAGS) $(PROTOBUFC_CFLAGS)
PROTO_LIBS = libproto.a $(PB_LIBS) $(COMMON_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-proto tests/unit/test-wirecheck
tests_unit_test_proto_SOURCES = tests/unit/test-proto.c
tests_unit_test_proto_LDADD = $(PROTO_LIBS) $(CMOCKA_LIBS)
tests_unit_test_wirecheck_SOURCES = tests/unit/test-wirecheck.c
tests_unit_test_wirecheck_LDADD = $(PROTO_LIBS) $(CMOCKA_LIBS)
endif
