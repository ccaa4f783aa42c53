# SPDX-License-Identifier: Apache-2.0
# The model and its store, apart from the program so that unit tests link them.
noinst_LIBRARIES += libapistore.a
libapistore_a_SOURCES = \
	src/api/idtab.c src/api/idtab.h \
	src/api/kvs.c src/api/kvs.h \
	src/api/model.c src/api/model.h \
	src/api/store.c src/api/store.h \
	src/api/store_db.c src/api/store_db.h src/api/store_schema.def src/api/store_stmts.def \
	src/api/store_images.c src/api/store_images.h \
	src/api/store_read.c \
	src/api/store_rules.c
libapistore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
API_STORE_LIBS = libapistore.a $(IPC_LIBS) $(SQLITE_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-store tests/unit/test-store-images tests/unit/test-model
tests_unit_test_store_images_SOURCES = tests/unit/test-store-images.c
tests_unit_test_store_images_LDADD = $(API_STORE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test-store.c
tests_unit_test_store_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
tests_unit_test_store_LDADD = $(API_STORE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_model_SOURCES = tests/unit/test-model.c
tests_unit_test_model_LDADD = libapistore.a $(COMMON_LIBS) $(CMOCKA_LIBS)
endif

# The gRPC server without the table of methods (rpctable.c), so that tests bring their own.
noinst_LIBRARIES += libapiserver.a
libapiserver_a_SOURCES = \
	src/api/call.c src/api/call.h \
	src/api/call_answer.c src/api/call_headers.c src/api/call_message.c \
	src/api/call_arena.c src/api/call_arena.h \
	src/api/conn.c src/api/conn.h \
	src/api/counters.def \
	src/api/descset.c src/api/descset.h \
	src/api/h2.c \
	src/api/health.c src/api/health.h \
	src/api/reflect.c src/api/reflect.h \
	src/api/rpc.h src/api/rpcs.def src/api/rpctable.h \
	src/api/server.c src/api/server.h
libapiserver_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUFC_CFLAGS)
APISERVER_LIBS = libapiserver.a libproto.a $(PB_LIBS) $(IPC_LIBS) $(LIBEVENT_LIBS) $(NGHTTP2_LIBS)
# descset.c embeds it.
src/api/libapiserver_a-descset.$(OBJEXT): gen/descriptors.pb

# Its tests serve tests/component/fake-rpcs.c.
FAKE_RPCS = tests/component/fake-rpcs.c tests/component/fake-rpcs.h tests/unit/config_make.h
APISERVER_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUFC_CFLAGS)
check_PROGRAMS += tests/component/fake-server
tests_component_fake_server_SOURCES = tests/component/fake-server.c $(FAKE_RPCS)
tests_component_fake_server_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_fake_server_CFLAGS = $(APISERVER_CFLAGS)
tests_component_fake_server_LDADD = $(APISERVER_LIBS)

if HAVE_CMOCKA
SERVED = $(FAKE_RPCS) tests/component/h2client.c tests/component/h2client.h \
	tests/component/served.c tests/component/served.h
COMPONENT_TESTS += tests/component/test-server
tests_component_test_server_SOURCES = tests/component/test-server.c $(SERVED)
tests_component_test_server_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_server_CFLAGS = $(APISERVER_CFLAGS) $(CMOCKA_CFLAGS)
tests_component_test_server_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-server-abuse
tests_component_test_server_abuse_SOURCES = tests/component/test-server-abuse.c \
	tests/component/frames.c tests/component/frames.h $(SERVED)
tests_component_test_server_abuse_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_server_abuse_CFLAGS = $(APISERVER_CFLAGS) $(CMOCKA_CFLAGS)
tests_component_test_server_abuse_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
if !SANITIZERS
COMPONENT_TESTS += tests/component/test-server-sealed
tests_component_test_server_sealed_SOURCES = tests/component/test-server-sealed.c \
	tests/component/frames.c tests/component/frames.h $(SERVED)
tests_component_test_server_sealed_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_component_test_server_sealed_CFLAGS = $(APISERVER_CFLAGS) $(CMOCKA_CFLAGS)
tests_component_test_server_sealed_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
endif
endif

FUZZ_TARGETS += tests/fuzz/fuzz-h2 tests/fuzz/fuzz-wirecheck
tests_fuzz_fuzz_h2_SOURCES = tests/fuzz/fuzz-h2.c $(FAKE_RPCS)
tests_fuzz_fuzz_h2_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_h2_CFLAGS = $(APISERVER_CFLAGS)
tests_fuzz_fuzz_h2_LDADD = $(APISERVER_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_wirecheck_SOURCES = tests/fuzz/fuzz-wirecheck.c
tests_fuzz_fuzz_wirecheck_LDADD = $(APISERVER_LIBS) $(FUZZ_LIBS)
# So that one target alone can be made in a fresh tree, as tests/fuzz/run does.
src/api/libapiserver_a-health.$(OBJEXT) \
tests/component/fake_server-fake-rpcs.$(OBJEXT) tests/component/test_server-fake-rpcs.$(OBJEXT) \
tests/component/test_server_abuse-fake-rpcs.$(OBJEXT) \
tests/component/test_server_sealed-fake-rpcs.$(OBJEXT) \
tests/component/fuzz_fuzz_h2-fake-rpcs.$(OBJEXT) tests/fuzz/fuzz-wirecheck.$(OBJEXT): $(GEN_PROTO_H)

# The program: what is served, and by what.
API_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUFC_CFLAGS) $(SQLITE_CFLAGS) \
	$(LIBMD_CFLAGS)
pkglibexec_PROGRAMS += bpfd-api
bpfd_api_SOURCES = \
	src/api/main.c src/api/api.h src/api/sandbox.def \
	src/api/ctl.c src/api/ctl.h \
	src/api/ctl_answer.c src/api/ctl_answer.h \
	src/api/ctl_loader.c src/api/ctl_loader.h \
	src/api/ctl_req.c src/api/ctl_req.h \
	src/api/ctl_fetch.c src/api/ctl_fetch.h \
	src/api/image_pb.c src/api/image_pb.h \
	src/api/images.c src/api/images.h \
	src/api/rpc_images.c src/api/rpc_images.h src/api/rpc_images_pull.c \
	src/api/logs.c src/api/logs.h \
	src/api/own.c src/api/own.h \
	src/api/programs.h \
	src/api/programs_attach.c src/api/programs_kernel.c \
	src/api/programs_links.c src/api/programs_load.c \
	src/api/programs_load_object.c src/api/programs_load_parts.h \
	src/api/programs_op.c src/api/programs_op.h \
	src/api/programs_reconcile.c src/api/programs_remove.c \
	src/api/programs_restore.c src/api/programs_restore.h src/api/programs_restore_links.c \
	src/api/programs_restore_image.c src/api/programs_restore_step.h \
	src/api/programs_update.c \
	src/api/programs_undo.c src/api/programs_undo.h \
	src/api/wishes.c src/api/wishes.h src/api/wishes_parts.h \
	src/api/wishes_attach.c \
	src/api/wishes_ifaces.c src/api/wishes_ifaces.h \
	src/api/rpc_attach.c \
	src/api/rpc_bpfman.c src/api/rpc_bpfman.h \
	src/api/rpc_bpfman_attach.c src/api/rpc_bpfman_list.c \
	src/api/rpc_list.c src/api/rpc_list.h src/api/rpc_parts.c src/api/rpc_parts.h \
	src/api/rpc_programs.c src/api/rpc_programs.h \
	src/api/rpc_programs_fill.c src/api/rpc_programs_links.c src/api/rpc_programs_list.c \
	src/api/rpc_maps.c src/api/rpc_maps.h \
	src/api/rpc_maps_change.c \
	src/api/rpc_programs_update.c \
	src/api/rpc_programs_iter.c \
	src/api/rpc_programs_log.c \
	src/api/rpc_programs_object.c \
	src/api/rpc_programs_slots.c \
	src/api/rpc_fsck.c \
	src/api/rpc_system.c src/api/rpc_system.h \
	src/api/ctl_enricher.c src/api/ctl_enricher.h \
	src/api/ctl_parse.c src/api/ctl_parse.h \
	src/api/enforce.c src/api/enforce.h \
	src/api/event_pb.c src/api/event_pb.h src/api/events.h \
	src/api/rpc_rules.c src/api/rpc_rules.h src/api/rpc_rules_fill.c \
	src/api/rpc_seed.c src/api/rpc_trace.c src/api/rpc_trace.h src/api/rpc_tracers.c \
	src/api/rules.c src/api/rules.h \
	src/api/rules_admit.c \
	src/api/rules_change.c src/api/rules_change.h src/api/rules_reread.c \
	src/api/rules_read.c \
	src/api/sets.c src/api/sets.h \
	src/api/streams.c src/api/streams.h \
	src/api/rpctable.c
bpfd_api_CFLAGS = $(API_CFLAGS)
# Of liboci.a only what reads references: no JSON, no archives.
bpfd_api_LDADD = $(APISERVER_LIBS) $(API_STORE_LIBS) liboci.a $(RING_LIBS) $(RULES_LIBS) $(LIBMD_LIBS)

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-logs
tests_unit_test_logs_SOURCES = tests/unit/test-logs.c src/api/logs.c
tests_unit_test_logs_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS)
tests_unit_test_logs_LDADD = $(LIBEVENT_LIBS) $(CMOCKA_LIBS)
APIRIG = tests/unit/config_make.h tests/component/apicall.c tests/component/apicall.h \
	tests/component/api-fake-loader.c tests/component/apirig.c tests/component/apirig.h \
	tests/component/h2client.c tests/component/h2client.h
EVRIG = $(APIRIG) tests/component/evcalls.h tests/component/evrig.c tests/component/evrig.h tests/unit/event_make.h
APIRIG_CFLAGS = $(APISERVER_CFLAGS) $(CMOCKA_CFLAGS) -I$(top_srcdir)/tests
APIRIG_LIBS = $(APISERVER_LIBS) $(CMOCKA_LIBS) -lpthread
EVRIG_LIBS = $(RING_LIBS) $(RULES_LIBS) $(SQLITE_LIBS) $(APIRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api
tests_component_test_api_SOURCES = tests/component/test-api.c $(APIRIG)
tests_component_test_api_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_LDADD = $(APIRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api-faults
tests_component_test_api_faults_SOURCES = tests/component/test-api-faults.c $(APIRIG)
tests_component_test_api_faults_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_faults_LDADD = $(APIRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api-future
tests_component_test_api_future_SOURCES = tests/component/test-api-future.c $(APIRIG)
tests_component_test_api_future_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_future_LDADD = $(APIRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api-images
tests_component_test_api_images_SOURCES = tests/component/test-api-images.c \
	tests/component/fakefetch.c tests/component/fakefetch.h $(APIRIG)
tests_component_test_api_images_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_images_LDADD = $(APIRIG_LIBS) $(LIBMD_LIBS)
COMPONENT_TESTS += tests/component/test-api-rules
tests_component_test_api_rules_SOURCES = tests/component/test-api-rules.c $(EVRIG)
tests_component_test_api_rules_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_rules_LDADD = $(EVRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api-seed
tests_component_test_api_seed_SOURCES = tests/component/test-api-seed.c $(EVRIG)
tests_component_test_api_seed_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_seed_LDADD = $(EVRIG_LIBS)
COMPONENT_TESTS += tests/component/test-api-streams
tests_component_test_api_streams_SOURCES = tests/component/test-api-streams.c $(EVRIG)
tests_component_test_api_streams_CFLAGS = $(APIRIG_CFLAGS)
tests_component_test_api_streams_LDADD = $(EVRIG_LIBS)
UNIT_TESTS += tests/unit/test-event-pb
tests_unit_test_event_pb_SOURCES = tests/unit/test-event-pb.c tests/unit/event_make.h src/api/event_pb.c
tests_unit_test_event_pb_CFLAGS = $(AM_CFLAGS) $(PROTOBUFC_CFLAGS) -I$(top_srcdir)/tests
tests_unit_test_event_pb_LDADD = $(PB_LIBS) $(EVENTS_LIBS) $(IPC_LIBS) $(CMOCKA_LIBS)
$(tests_unit_test_event_pb_OBJECTS) \
$(tests_component_test_api_OBJECTS) \
$(tests_component_test_api_faults_OBJECTS) \
$(tests_component_test_api_future_OBJECTS) \
$(tests_component_test_api_images_OBJECTS) \
$(tests_component_test_api_rules_OBJECTS) \
$(tests_component_test_api_seed_OBJECTS) \
$(tests_component_test_api_streams_OBJECTS): $(GEN_PROTO_H)
endif
