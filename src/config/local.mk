# SPDX-License-Identifier: Apache-2.0
# TOML alone, for those who read rules: bpfd-config and bpfctl.
noinst_LIBRARIES += libtoml.a libconfig.a
libtoml_a_SOURCES = src/config/toml.cc src/config/toml.h
libtoml_a_CXXFLAGS = $(AM_CXXFLAGS) -fno-exceptions
TOML_LIBS = libtoml.a -lstdc++

libconfig_a_SOURCES = \
	src/config/actions.c src/config/actions.h \
	src/config/actions_mail.c src/config/actions_net.c src/config/actions_reader.h \
	src/config/container.c src/config/container.h \
	src/config/der.c src/config/der.h \
	src/config/lists.c src/config/lists.h \
	src/config/mistakes.c src/config/mistakes.h \
	src/config/read.c src/config/read.h \
	src/config/rules.c src/config/rules.h \
	src/config/traced.c src/config/traced.h \
	src/config/tracer_items.c src/config/tracer_reader.h \
	src/config/tracers.c src/config/tracers.h \
	src/config/trust.c src/config/trust.h src/config/trust_files.c src/config/trust_reader.h \
	src/config/trusted_root.c
libconfig_a_CPPFLAGS = $(AM_CPPFLAGS) $(JANSSON_CFLAGS)
CONFIG_LIBS = libconfig.a libtrust.a $(RULES_PARSE_LIBS) $(JANSSON_LIBS)

pkglibexec_PROGRAMS += bpfd-config
bpfd_config_SOURCES = src/config/main.c src/config/sandbox.def
bpfd_config_LDADD = $(CONFIG_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-config-container tests/unit/test-config-read tests/unit/test-config-rules tests/unit/test-config-tracers
tests_unit_test_config_container_SOURCES = tests/unit/test-config-container.c
tests_unit_test_config_container_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
tests_unit_test_config_read_SOURCES = tests/unit/test-config-read.c
tests_unit_test_config_read_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_config_read_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
tests_unit_test_config_tracers_SOURCES = tests/unit/test-config-tracers.c tests/unit/btf_make.h
tests_unit_test_config_tracers_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_config_tracers_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
tests_unit_test_config_rules_SOURCES = tests/unit/test-config-rules.c
tests_unit_test_config_rules_LDADD = $(CONFIG_LIBS) $(CMOCKA_LIBS)
endif
FUZZ_TARGETS += tests/fuzz/fuzz-config tests/fuzz/fuzz-bundle tests/fuzz/fuzz-container
tests_fuzz_fuzz_container_SOURCES = tests/fuzz/fuzz-container.c
tests_fuzz_fuzz_container_LDADD = $(CONFIG_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c
tests_fuzz_fuzz_config_LDADD = $(CONFIG_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_bundle_SOURCES = tests/fuzz/fuzz-bundle.c
tests_fuzz_fuzz_bundle_LDADD = $(CONFIG_LIBS) $(FUZZ_LIBS)
FUZZ_TARGETS += tests/fuzz/fuzz-tracers
tests_fuzz_fuzz_tracers_SOURCES = tests/fuzz/fuzz-tracers.c tests/unit/btf_make.h
tests_fuzz_fuzz_tracers_LDADD = $(CONFIG_LIBS) $(FUZZ_LIBS)
