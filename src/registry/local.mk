# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libregistry.a
libregistry_a_SOURCES = \
	src/registry/challenge.c src/registry/challenge.h \
	src/registry/http.c src/registry/http.h \
	src/registry/http_hear.c \
	src/registry/http_parts.h \
	src/registry/http_url.c \
	src/registry/parts.h \
	src/registry/push.c \
	src/registry/refusal.c \
	src/registry/registry.c src/registry/registry.h \
	src/registry/request.c \
	src/registry/token.c
libregistry_a_CPPFLAGS = $(AM_CPPFLAGS) -DBPFD_VERSION='"$(PACKAGE_VERSION)"'
libregistry_a_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS) $(JANSSON_CFLAGS)
REGISTRY_LIBS = libregistry.a $(OCI_LIBS) $(LIBCURL_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-registry-challenge
tests_unit_test_registry_challenge_SOURCES = tests/unit/test-registry-challenge.c
tests_unit_test_registry_challenge_LDADD = libregistry.a $(CMOCKA_LIBS)
endif
FUZZ_TARGETS += tests/fuzz/fuzz-registry
tests_fuzz_fuzz_registry_SOURCES = tests/fuzz/fuzz-registry.c
tests_fuzz_fuzz_registry_CFLAGS = $(AM_CFLAGS) $(LIBCURL_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_registry_LDADD = $(REGISTRY_LIBS) $(FUZZ_LIBS)
