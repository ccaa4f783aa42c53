# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += liboci.a
liboci_a_SOURCES = \
	src/oci/auth.c \
	src/oci/bundle.c \
	src/oci/config.c \
	src/oci/digest.c \
	src/oci/image.c \
	src/oci/json.c src/oci/json.h \
	src/oci/layer.c \
	src/oci/manifest.c \
	src/oci/object.c \
	src/oci/oci.h \
	src/oci/reference.c \
	src/oci/tar.c src/oci/tar.h \
	src/oci/tar_write.c
liboci_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBARCHIVE_CFLAGS) $(LIBMD_CFLAGS)
OCI_LIBS = liboci.a $(IPC_LIBS) $(JANSSON_LIBS) $(LIBARCHIVE_LIBS) $(LIBMD_LIBS)

FUZZ_TARGETS += tests/fuzz/fuzz-oci-json tests/fuzz/fuzz-oci-layer tests/fuzz/fuzz-oci-bundle
tests_fuzz_fuzz_oci_json_SOURCES = tests/fuzz/fuzz-oci-json.c
tests_fuzz_fuzz_oci_json_LDADD = $(OCI_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_oci_layer_SOURCES = tests/fuzz/fuzz-oci-layer.c
tests_fuzz_fuzz_oci_layer_LDADD = $(OCI_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_oci_bundle_SOURCES = tests/fuzz/fuzz-oci-bundle.c
tests_fuzz_fuzz_oci_bundle_LDADD = $(OCI_LIBS) $(FUZZ_LIBS)
