# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libregistry.a
libregistry_a_SOURCES = \
	src/registry/challenge.c src/registry/challenge.h \
	src/registry/http.c src/registry/http.h \
	src/registry/parts.h \
	src/registry/push.c \
	src/registry/refusal.c \
	src/registry/registry.c src/registry/registry.h \
	src/registry/request.c \
	src/registry/token.c
libregistry_a_CPPFLAGS = $(AM_CPPFLAGS) -DBPFD_VERSION='"$(PACKAGE_VERSION)"'
libregistry_a_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS) $(JANSSON_CFLAGS)
REGISTRY_LIBS = libregistry.a $(OCI_LIBS) $(LIBCURL_LIBS)
