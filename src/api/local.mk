# SPDX-License-Identifier: Apache-2.0
# The model and its store, apart from the program so that unit tests link them.
noinst_LIBRARIES += libapistore.a
libapistore_a_SOURCES = \
	src/api/idtab.c src/api/idtab.h \
	src/api/kvs.c src/api/kvs.h \
	src/api/model.c src/api/model.h \
	src/api/store.c src/api/store.h \
	src/api/store_db.c src/api/store_db.h src/api/store_schema.def src/api/store_stmts.def \
	src/api/store_read.c
libapistore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
API_STORE_LIBS = libapistore.a $(IPC_LIBS) $(SQLITE_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-store tests/unit/test-model
tests_unit_test_store_SOURCES = tests/unit/test-store.c
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_LDADD = $(API_STORE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_model_SOURCES = tests/unit/test-model.c
tests_unit_test_model_LDADD = libapistore.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif
