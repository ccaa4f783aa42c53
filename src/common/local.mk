# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
	src/common/auto.h \
	src/common/log.c src/common/log.h \
	src/common/memfd.c src/common/memfd.h \
	src/common/sandbox.c src/common/sandbox.h
libcommon_a_CFLAGS = $(AM_CFLAGS) $(LIBSECCOMP_CFLAGS)
# What a program that links libcommon.a links besides; --as-needed drops what it does not use.
COMMON_LIBS = libcommon.a $(LIBSECCOMP_LIBS)
