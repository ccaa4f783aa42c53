# SPDX-License-Identifier: Apache-2.0
# All but main() is a library, so that unit tests link the same code.
noinst_LIBRARIES += libbpfctl.a
libbpfctl_a_SOURCES = \
	src/bpfctl/apply_file.c src/bpfctl/apply_input.c src/bpfctl/apply_input.h src/bpfctl/apply_load.c \
	src/bpfctl/apply_mark.c src/bpfctl/apply_match.c src/bpfctl/apply_parts.h \
	src/bpfctl/apply_plan.c src/bpfctl/apply_plan.h src/bpfctl/apply_plan_links.c src/bpfctl/apply_plan_rules.c \
	src/bpfctl/apply_reader.c src/bpfctl/apply_reader.h \
	src/bpfctl/apply_run.c src/bpfctl/apply_run.h src/bpfctl/apply_show.c src/bpfctl/apply_state.c \
	src/bpfctl/apply_want.c src/bpfctl/apply_want.h \
	src/bpfctl/args.c src/bpfctl/args.h \
	src/bpfctl/btf_parse.c src/bpfctl/btf_show.c src/bpfctl/btf_value.h \
	src/bpfctl/buf.c src/bpfctl/buf.h \
	src/bpfctl/client.c src/bpfctl/client.h \
	src/bpfctl/client_call.c src/bpfctl/client_call.h \
	src/bpfctl/attach_glob.c src/bpfctl/attach_glob.h \
	src/bpfctl/cmd_apply.c \
	src/bpfctl/cmd_attach.c \
	src/bpfctl/cmd_complete.c \
	src/bpfctl/cmd_completion.c \
	src/bpfctl/cmd_detach.c \
	src/bpfctl/cmd_update.c \
	src/bpfctl/cmd_fsck.c \
	src/bpfctl/cmd_get.c \
	src/bpfctl/cmd_image.c \
	src/bpfctl/cmd_iter.c \
	src/bpfctl/cmd_list.c \
	src/bpfctl/cmd_load.c \
	src/bpfctl/cmd_map.c \
	src/bpfctl/cmd_rule.c \
	src/bpfctl/cmd_save.c \
	src/bpfctl/cmd_seed.c \
	src/bpfctl/cmd_stats.c \
	src/bpfctl/cmd_status.c \
	src/bpfctl/cmd_trace.c \
	src/bpfctl/cmd_top.c \
	src/bpfctl/cmd_tracers.c \
	src/bpfctl/cmd_unload.c \
	src/bpfctl/cmd_version.c \
	src/bpfctl/commands.c src/bpfctl/commands.def \
	src/bpfctl/complete.c src/bpfctl/complete.h src/bpfctl/complete_live.c \
	src/bpfctl/ctl.c src/bpfctl/ctl.h \
	src/bpfctl/fields.c src/bpfctl/fields.h \
	src/bpfctl/fit.c src/bpfctl/fit.h \
	src/bpfctl/help.c \
	src/bpfctl/image_cache.c src/bpfctl/image_cache.h \
	src/bpfctl/image_pull.c src/bpfctl/image_source.c src/bpfctl/image_source.h \
	src/bpfctl/image_program.c src/bpfctl/image_program.h \
	src/bpfctl/load_args.c src/bpfctl/load_args.h \
	src/bpfctl/map_elements.c src/bpfctl/map_elements.h \
	src/bpfctl/map_print.c \
	src/bpfctl/object.c src/bpfctl/object.h \
	src/bpfctl/out.c src/bpfctl/out.h \
	src/bpfctl/out_json.c src/bpfctl/out_kv.c src/bpfctl/out_table.c src/bpfctl/out_yaml.c \
	src/bpfctl/report.c \
	src/bpfctl/results.c src/bpfctl/results.h \
	src/bpfctl/rpc.c src/bpfctl/rpc.h src/bpfctl/rpcs.def \
	src/bpfctl/rule_local.c src/bpfctl/rule_local.h \
	src/bpfctl/save_text.c src/bpfctl/save_text.h \
	src/bpfctl/trace.h \
	src/bpfctl/spec.c src/bpfctl/spec.h src/bpfctl/spec_attach.c \
	src/bpfctl/safe.c src/bpfctl/safe.h \
	src/bpfctl/waiter.c src/bpfctl/waiter.h
libbpfctl_a_CFLAGS = $(AM_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUFC_CFLAGS) $(LIBMD_CFLAGS)
BPFCTL_LIBS = libbpfctl.a liboci.a $(IPC_LIBS) $(JANSSON_LIBS) $(PROTO_LIBS) $(RULES_PARSE_LIBS) $(NGHTTP2_LIBS) $(LIBMD_LIBS)

bin_PROGRAMS += bpfctl
dist_man_MANS += man/bpfctl.8 man/bpfd-apply.5
bpfctl_SOURCES = src/bpfctl/main.c
bpfctl_CFLAGS = $(AM_CFLAGS) $(PROTOBUFC_CFLAGS)
bpfctl_LDADD = $(BPFCTL_LIBS)

# The scripts say what the program just built says.
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
nodist_bashcompletion_DATA = completions/bpfctl
nodist_zshcompletion_DATA = completions/_bpfctl
CLEANFILES += completions/bpfctl completions/_bpfctl
completions/bpfctl: bpfctl$(EXEEXT)
	$(AM_V_GEN)mkdir -p completions && ./bpfctl$(EXEEXT) completion bash >$@
completions/_bpfctl: bpfctl$(EXEEXT)
	$(AM_V_GEN)mkdir -p completions && ./bpfctl$(EXEEXT) completion zsh >$@

if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-bpfctl-args tests/unit/test-bpfctl-out \
	tests/unit/test-bpfctl-spec tests/unit/test-bpfctl-text
UNIT_TESTS += tests/unit/test-btf-value tests/unit/test-bpfctl-apply
tests_unit_test_bpfctl_apply_SOURCES = tests/unit/test-bpfctl-apply.c
tests_unit_test_bpfctl_apply_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_btf_value_SOURCES = tests/unit/test-btf-value.c
tests_unit_test_btf_value_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bpfctl_args_SOURCES = tests/unit/test-bpfctl-args.c
tests_unit_test_bpfctl_args_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bpfctl_out_SOURCES = tests/unit/test-bpfctl-out.c
tests_unit_test_bpfctl_out_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_bpfctl_out_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bpfctl_spec_SOURCES = tests/unit/test-bpfctl-spec.c
tests_unit_test_bpfctl_spec_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)
tests_unit_test_bpfctl_text_SOURCES = tests/unit/test-bpfctl-text.c
tests_unit_test_bpfctl_text_LDADD = $(BPFCTL_LIBS) $(CMOCKA_LIBS)

BPFCTL_RIG = tests/component/bpfctl-fake.c tests/component/bpfctl-fake-events.c \
	tests/component/bpfctl-fake-images.c tests/component/bpfctl-fake.h \
	tests/component/bpfctl-run.h
COMPONENT_TESTS += tests/component/test-bpfctl
tests_component_test_bpfctl_SOURCES = tests/component/test-bpfctl.c $(BPFCTL_RIG)
tests_component_test_bpfctl_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_component_test_bpfctl_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-bpfctl-ends
tests_component_test_bpfctl_ends_SOURCES = tests/component/test-bpfctl-ends.c $(BPFCTL_RIG)
tests_component_test_bpfctl_ends_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_component_test_bpfctl_ends_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-bpfctl-images
tests_component_test_bpfctl_images_SOURCES = tests/component/test-bpfctl-images.c $(BPFCTL_RIG)
tests_component_test_bpfctl_images_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_component_test_bpfctl_images_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
COMPONENT_TESTS += tests/component/test-bpfctl-events
tests_component_test_bpfctl_events_SOURCES = tests/component/test-bpfctl-events.c $(BPFCTL_RIG)
tests_component_test_bpfctl_events_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_component_test_bpfctl_events_LDADD = $(APISERVER_LIBS) $(CMOCKA_LIBS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-bpfctl-client tests/fuzz/fuzz-bpfctl-text
FUZZ_TARGETS += tests/fuzz/fuzz-bpfctl-map tests/fuzz/fuzz-bpfctl-apply
tests_fuzz_fuzz_bpfctl_apply_SOURCES = tests/fuzz/fuzz-bpfctl-apply.c
tests_fuzz_fuzz_bpfctl_apply_LDADD = $(BPFCTL_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_bpfctl_map_SOURCES = tests/fuzz/fuzz-bpfctl-map.c
tests_fuzz_fuzz_bpfctl_map_LDADD = $(BPFCTL_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_bpfctl_client_SOURCES = tests/fuzz/fuzz-bpfctl-client.c
tests_fuzz_fuzz_bpfctl_client_CFLAGS = $(AM_CFLAGS) $(NGHTTP2_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_fuzz_fuzz_bpfctl_client_LDADD = $(BPFCTL_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_bpfctl_text_SOURCES = tests/fuzz/fuzz-bpfctl-text.c
tests_fuzz_fuzz_bpfctl_text_CFLAGS = $(AM_CFLAGS) $(PROTOBUFC_CFLAGS)
tests_fuzz_fuzz_bpfctl_text_LDADD = $(BPFCTL_LIBS) $(FUZZ_LIBS)

# Also when one of these is the only thing that make is asked for.
$(libbpfctl_a_OBJECTS) $(bpfctl_OBJECTS): | $(GEN_PROTO_H)
