# SPDX-License-Identifier: Apache-2.0
pkglibexec_PROGRAMS += bpfd-connect
bpfd_connect_SOURCES = \
	src/connect/address.c src/connect/address.h \
	src/connect/connect.c src/connect/connect.h \
	src/connect/main.c \
	src/connect/sandbox.def
bpfd_connect_LDADD = $(IPC_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-connect-address
tests_unit_test_connect_address_SOURCES = tests/unit/test-connect-address.c src/connect/address.c
tests_unit_test_connect_address_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-connect
tests_component_test_connect_SOURCES = tests/component/test-connect.c
tests_component_test_connect_LDADD = $(IPC_LIBS) $(CMOCKA_LIBS)
endif
