# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libsignature.a
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
	src/signature/simple.c \
	src/signature/trust.c src/signature/trust.h
libsignature_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS) $(LIBCRYPTO_CFLAGS)
# Checking needs a program that has OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG) behind it before its sandbox.
SIGNATURE_LIBS = libsignature.a $(OCI_LIBS) $(LIBCRYPTO_LIBS)
