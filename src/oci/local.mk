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
