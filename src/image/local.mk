# SPDX-License-Identifier: Apache-2.0
# All but main() is a library, so that unit tests and fuzz targets link the same code.
noinst_LIBRARIES += libimage.a
libimage_a_SOURCES = \
	src/image/file.c src/image/file.h \
	src/image/layout.c src/image/layout.h \
	src/image/make.c src/image/make.h \
	src/image/make_layer.c
libimage_a_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS) $(LIBARCHIVE_CFLAGS)
IMAGE_LIBS = libimage.a $(OCI_LIBS)

pkglibexec_PROGRAMS += bpfctl-image
bpfctl_image_SOURCES = \
	src/image/build.c \
	src/image/command.c src/image/command.h \
	src/image/main.c \
	src/image/push.c \
	src/image/reach.c src/image/reach.h
bpfctl_image_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
bpfctl_image_LDADD = libimage.a $(REGISTRY_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-oci-reference tests/unit/test-oci-layer tests/unit/test-oci-image
tests_unit_test_oci_reference_SOURCES = tests/unit/test-oci-reference.c
tests_unit_test_oci_reference_LDADD = $(OCI_LIBS) $(CMOCKA_LIBS)
tests_unit_test_oci_layer_SOURCES = tests/unit/test-oci-layer.c tests/unit/oci_make.h
tests_unit_test_oci_layer_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_oci_layer_LDADD = $(IMAGE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_oci_image_SOURCES = tests/unit/test-oci-image.c tests/unit/oci_make.h
tests_unit_test_oci_image_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_oci_image_LDADD = $(IMAGE_LIBS) $(CMOCKA_LIBS)
endif
