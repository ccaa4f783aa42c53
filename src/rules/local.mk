# SPDX-License-Identifier: Apache-2.0
# Model, checks, matcher: for the API and the enricher too.
noinst_LIBRARIES += librules.a librulesparse.a
librules_a_SOURCES = \
	src/rules/action_known.c \
	src/rules/atoms.c \
	src/rules/check.c \
	src/rules/check.h \
	src/rules/compile.c \
	src/rules/compile_atom.c \
	src/rules/compile_code.c \
	src/rules/compile_parts.h \
	src/rules/enforce.c bpf/siphash.h \
	src/rules/enforce.h \
	src/rules/enforce_fields.c \
	src/rules/enforce_parts.h \
	src/rules/enforce_paths.c \
	src/rules/enforce_steps.c \
	src/rules/explain.c \
	src/rules/flat.h \
	src/rules/follow.c \
	src/rules/grams.c \
	src/rules/grams.h \
	src/rules/hash.h \
	src/rules/index.c \
	src/rules/keyed.c \
	src/rules/keyed.h \
	src/rules/limit.c \
	src/rules/limit.h \
	src/rules/match.h \
	src/rules/matcher.c \
	src/rules/matcher.h \
	src/rules/model.c \
	src/rules/model.h \
	src/rules/nnf.c \
	src/rules/nnf.h \
	src/rules/ops.def \
	src/rules/pack.c \
	src/rules/parse.h \
	src/rules/parsed.c \
	src/rules/push.c \
	src/rules/push.h \
	src/rules/push_cover.c \
	src/rules/push_dims.c \
	src/rules/push_items.c \
	src/rules/push_items.h \
	src/rules/push_path.c \
	src/rules/push_runtime.c \
	src/rules/push_tests.c \
	src/rules/regex.c \
	src/rules/regex.h \
	src/rules/rule.h \
	src/rules/ruleset.c \
	src/rules/ruleset.h \
	src/rules/runtimes.c \
	src/rules/runtimes.def \
	src/rules/runtimes.h \
	src/rules/secrets.c \
	src/rules/seed.c \
	src/rules/seed.h \
	src/rules/sequence.c \
	src/rules/sequence.h \
	src/rules/slots.c \
	src/rules/table.c \
	src/rules/table.h \
	src/rules/value.c \
	src/rules/value.h
librules_a_CFLAGS = $(AM_CFLAGS) $(PCRE2_CFLAGS)
RULES_LIBS = librules.a $(EVENTS_LIBS) $(IPC_LIBS) $(PCRE2_LIBS)

# Rule files: for bpfd-config and bpfctl, nobody else parses TOML.
librulesparse_a_SOURCES = \
	src/rules/condition.c \
	src/rules/parse.c \
	src/rules/parse_actions.c \
	src/rules/parse_exceptions.c \
	src/rules/parse_limit.c \
	src/rules/parse_lists.c \
	src/rules/parse_match.c \
	src/rules/parse_rule.c \
	src/rules/parse_seed.c \
	src/rules/parse_test.c \
	src/rules/parser.h \
	src/rules/scan.c \
	src/rules/scan.h
RULES_PARSE_LIBS = librulesparse.a $(RULES_LIBS) $(TOML_LIBS)

RULES_MADE = tests/unit/rules_make.h tests/unit/event_make.h
if HAVE_CMOCKA
UNIT_TESTS += tests/unit/test-rules-enforce
tests_unit_test_rules_enforce_SOURCES = tests/unit/test-rules-enforce.c
tests_unit_test_rules_enforce_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-rules-condition tests/unit/test-rules-match tests/unit/test-rules-parse tests/unit/test-rules-push \
	tests/unit/test-rules-redact
tests_unit_test_rules_match_SOURCES = tests/unit/test-rules-match.c $(RULES_MADE)
tests_unit_test_rules_match_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_rules_match_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
UNIT_TESTS += tests/unit/test-rules-memory
tests_unit_test_rules_memory_SOURCES = tests/unit/test-rules-memory.c $(RULES_MADE)
tests_unit_test_rules_memory_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_rules_memory_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rules_parse_SOURCES = tests/unit/test-rules-parse.c
tests_unit_test_rules_parse_CPPFLAGS = $(AM_CPPFLAGS) -DTEST_SRCDIR='"$(abs_top_srcdir)"'
tests_unit_test_rules_parse_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rules_condition_SOURCES = tests/unit/test-rules-condition.c
tests_unit_test_rules_condition_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_rules_condition_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rules_redact_SOURCES = tests/unit/test-rules-redact.c $(RULES_MADE)
tests_unit_test_rules_redact_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_rules_redact_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rules_push_SOURCES = tests/unit/test-rules-push.c $(RULES_MADE)
tests_unit_test_rules_push_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_unit_test_rules_push_LDADD = $(RULES_PARSE_LIBS) $(CMOCKA_LIBS)
endif

FUZZ_TARGETS += tests/fuzz/fuzz-rule-unpack tests/fuzz/fuzz-rules-parse tests/fuzz/fuzz-parsed tests/fuzz/fuzz-ruleset
tests_fuzz_fuzz_rule_unpack_SOURCES = tests/fuzz/fuzz-rule-unpack.c
tests_fuzz_fuzz_rule_unpack_LDADD = $(RULES_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_rules_parse_SOURCES = tests/fuzz/fuzz-rules-parse.c
tests_fuzz_fuzz_rules_parse_LDADD = $(RULES_PARSE_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_parsed_SOURCES = tests/fuzz/fuzz-parsed.c
tests_fuzz_fuzz_parsed_LDADD = $(RULES_LIBS) $(FUZZ_LIBS)
tests_fuzz_fuzz_ruleset_SOURCES = tests/fuzz/fuzz-ruleset.c $(RULES_MADE)
tests_fuzz_fuzz_ruleset_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_fuzz_fuzz_ruleset_LDADD = $(RULES_PARSE_LIBS) $(FUZZ_LIBS)

check_PROGRAMS += tests/bench/match-bench
tests_bench_match_bench_SOURCES = tests/bench/match-bench.c tests/bench/loop.h tests/bench/samples.h $(RULES_MADE)
tests_bench_match_bench_CPPFLAGS = $(TESTS_CPPFLAGS)
tests_bench_match_bench_LDADD = $(RULES_PARSE_LIBS)

# Examples: read by a test, installed to be copied.
rulesdir = $(pkgdatadir)/rules
dist_rules_DATA = \
	rules/bpf-acts-on-processes.toml \
	rules/breakout-by-open.toml \
	rules/connected.toml \
	rules/deny-metadata-service.toml \
	rules/deny-shadow-in-container.toml \
	rules/docker-socket.toml \
	rules/fileless-execution.toml \
	rules/foreign-bpf.toml \
	rules/kernel-module-loaded.toml \
	rules/kernel-runs-what-is-written.toml \
	rules/kill-fileless.toml \
	rules/ld-preload-by-env.toml \
	rules/ld-preload-file.toml \
	rules/library-without-a-file.toml \
	rules/log-tampering.toml \
	rules/miner-connect.toml \
	rules/miner-pool-name.toml \
	rules/mount-in-container.toml \
	rules/own-link-detached.toml \
	rules/process-memory-opened.toml \
	rules/ptrace-injection.toml \
	rules/raw-socket.toml \
	rules/reverse-shell.toml \
	rules/root-by-set-user-id.toml \
	rules/sensitive-file-read.toml \
	rules/setuid-bit-set.toml \
	rules/shadow-read-in-container.toml \
	rules/shell-after-connect.toml \
	rules/shell-in-container.toml \
	rules/shell-on-connection.toml \
	rules/ssh-keys-changed.toml \
	rules/tcp-drops-by-policy.toml \
	rules/write-below-etc.toml \
	rules/write-exec-memory.toml
rulesseeddir = $(rulesdir)/seed
dist_rulesseed_DATA = \
	rules/seed/bashreadline_stdout.toml rules/seed/docker_open_breakout.toml \
	rules/seed/password_files.toml rules/seed/setuid_binaries.toml
