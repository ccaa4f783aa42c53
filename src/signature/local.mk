# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignature.a libtrust.a
# What bpfd-config and bpfd-fetch both know of trust.d; no library is needed for it.
libtrust_a_SOURCES = src/signature/trust.c src/signature/trust.h
libsignature_a_SOURCES = \
	src/signature/bundle.c \
	src/signature/certificate.c \
	src/signature/decide.c \
	src/signature/dsse.c \
	src/signature/find.c \
	src/signature/keys.c \
	src/signature/parts.c src/signature/parts.h \
	src/signature/rekor.c \
	src/signature/sct.c \
	src/signature/signature.h \
	src/signature/simple.c
libsignature_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(LIBCRYPTO_CFLAGS)
SIGNATURE_LIBS = libsignature.a libtrust.a $(OCI_LIBS) $(LIBCRYPTO_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-signature tests/unit/test-trust
tests_unit_test_trust_SOURCES = tests/unit/test-trust.c tests/unit/signature_rig.h
tests_unit_test_trust_CPPFLAGS = $(TESTS_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_trust_LDADD = $(SIGNATURE_LIBS) $(CONFIG_LIBS) $(CMOCKA_LIBS)
tests_unit_test_signature_SOURCES = tests/unit/test-signature.c tests/unit/signature_rig.h
tests_unit_test_signature_CPPFLAGS = $(TESTS_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_signature_LDADD = $(SIGNATURE_LIBS) $(CONFIG_LIBS) $(CMOCKA_LIBS)
endif
EXTRA_DIST += tests/unit/signature-cases.py
FUZZ_TARGETS += tests/fuzz/fuzz-signature
tests_fuzz_fuzz_signature_SOURCES = tests/fuzz/fuzz-signature.c
tests_fuzz_fuzz_signature_LDADD = $(SIGNATURE_LIBS) $(FUZZ_LIBS)
