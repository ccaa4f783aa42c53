# SPDX-License-Identifier: Apache-2.0
noinst_LIBRARIES += libcommon.a
libcommon_a_SOURCES = \
	src/common/array.h src/common/auto.h src/common/bpf_compat.h src/common/bpftypes.def src/common/clock.h \
	src/common/base64.c src/common/base64.h \
	src/common/bpfobj.c src/common/bpfobj.h \
	src/common/cgroup.c src/common/cgroup.h \
	src/common/closest.c src/common/closest.h \
	src/common/dir.h \
	src/common/io.c src/common/io.h \
	src/common/glob.c src/common/glob.h \
	src/common/kbtf.c src/common/kbtf.h \
	src/common/log.c src/common/log.h \
	src/common/memfd.c src/common/memfd.h \
	src/common/mountinfo.c src/common/mountinfo.h \
	src/common/sandbox.c src/common/sandbox.h \
	src/common/utf8.c src/common/utf8.h
libcommon_a_CFLAGS = $(AM_CFLAGS) $(LIBSECCOMP_CFLAGS)
# What a program that links libcommon.a links besides; --as-needed drops what it does not use.
COMMON_LIBS = libcommon.a $(LIBSECCOMP_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-memfd tests/unit/test-log tests/unit/test-closest tests/unit/test-kbtf
tests_unit_test_kbtf_SOURCES = tests/unit/test-kbtf.c
tests_unit_test_kbtf_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_closest_SOURCES = tests/unit/test-closest.c
tests_unit_test_closest_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_memfd_SOURCES = tests/unit/test-memfd.c
tests_unit_test_memfd_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test-log.c
tests_unit_test_log_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
# A filter that kills cannot be tried under AddressSanitizer, which makes calls of its own.
if !SANITIZERS
COMPONENT_TESTS += tests/component/test-sandbox
tests_component_test_sandbox_SOURCES = tests/component/test-sandbox.c
tests_component_test_sandbox_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
endif
FUZZ_TARGETS += tests/fuzz/fuzz-kbtf
tests_fuzz_fuzz_kbtf_SOURCES = tests/fuzz/fuzz-kbtf.c
tests_fuzz_fuzz_kbtf_LDADD = $(COMMON_LIBS) $(FUZZ_LIBS)
