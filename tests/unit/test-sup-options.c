/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bpfd/options.h"
#include "bpfd/paths.h"
#include "common/log.h"

#define WORDS_MAX 8

/* Parses "bpfd" and the words after it, with what it prints thrown away. */
static int
parse(struct options *o, const char *const words[WORDS_MAX])
{
	static char *argv[WORDS_MAX + 2];	/* client points into it */
	int argc = 1, status, out = dup(1), err = dup(2), null = open("/dev/null", O_WRONLY);

	memset(argv, 0, sizeof(argv));
	argv[0] = (char *)"bpfd";
	while (argc <= WORDS_MAX && words[argc - 1]) {
		argv[argc] = (char *)words[argc - 1];
		argc++;
	}
	optind = 0;	/* getopt starts over */
	fflush(stdout);
	dup2(null, 1);
	dup2(null, 2);
	status = options_parse(argc, argv, o);
	fflush(stdout);
	dup2(out, 1);
	dup2(err, 2);
	close(out);
	close(err);
	close(null);
	return status;
}

#define PARSE(o, ...) parse((o), (const char *const[WORDS_MAX]){ __VA_ARGS__ })

static void
runs_in_the_foreground_when_nothing_is_asked(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, NULL), EXIT_DONE);
	assert_int_equal(o.action, DO_RUN);
	assert_false(o.daemon);
	assert_false(o.keep);
	assert_null(o.root);
	assert_null(o.config);
	assert_int_equal(o.log_level, -1);
}

static void
takes_long_and_short_options_and_the_last_of_two_that_differ(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "--root", "/r", "-k", "--config=/c", "-l", "debug", "-d"), EXIT_DONE);
	assert_int_equal(o.action, DO_RUN);
	assert_string_equal(o.root, "/r");
	assert_string_equal(o.config, "/c");
	assert_true(o.keep);
	assert_true(o.daemon);
	assert_int_equal(o.log_level, LOG_LVL_DEBUG);
	assert_int_equal(PARSE(&o, "--daemon", "--foreground"), EXIT_DONE);
	assert_false(o.daemon);
}

static void
takes_the_word_daemon_before_or_after_options(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "daemon"), EXIT_DONE);
	assert_int_equal(o.action, DO_RUN);
	assert_int_equal(PARSE(&o, "daemon", "--check"), EXIT_DONE);
	assert_int_equal(o.action, DO_CHECK);
	assert_int_equal(PARSE(&o, "--check", "daemon"), EXIT_DONE);
	assert_int_equal(o.action, DO_CHECK);
}

static void
the_word_daemon_turns_d_into_debug(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "-d", "daemon", "--rules-dir", "/r", "--grpc-addr=/s"), EXIT_DONE);
	assert_int_equal(o.action, DO_RUN);
	assert_false(o.daemon);
	assert_true(o.watch);
	assert_int_equal(o.log_level, LOG_LVL_DEBUG);
	assert_string_equal(o.rules_dir, "/r");
	assert_string_equal(o.grpc_addr, "/s");
	assert_int_equal(PARSE(&o, "daemon", "--daemon"), EXIT_DONE);
	assert_true(o.daemon);
	assert_int_equal(PARSE(&o, "-d"), EXIT_DONE);
	assert_true(o.daemon);
	assert_false(o.watch);
	assert_int_equal(PARSE(&o, "-d", "-f"), EXIT_DONE);
	assert_false(o.daemon);
}

static void
takes_a_client_s_words_with_what_follows(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "create", "a.toml", "--grpc-addr", "/s", "b.toml"), EXIT_DONE);
	assert_int_equal(o.action, DO_CLIENT);
	assert_string_equal(o.grpc_addr, "/s");
	assert_string_equal(o.client[0], "create");
	assert_string_equal(o.client[1], "a.toml");
	assert_string_equal(o.client[2], "b.toml");
	assert_null(o.client[3]);
	for (const char *const *verb = (const char *const[]){ "ls", "rm", "trace", "version", NULL }; *verb; verb++) {
		assert_int_equal(PARSE(&o, "-d", *verb), EXIT_DONE);
		assert_int_equal(o.action, DO_CLIENT);
		assert_false(o.daemon);
	}
}

static void
refuses_what_it_does_not_know(void **state)
{
	static const char *const wrong[][WORDS_MAX] = {
		{ "--nonsense" }, { "-z" }, { "start" }, { "daemon", "daemon" }, { "--log-level", "loud" },
		{ "--root" }, { "--keep" }, { "--check=yes" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct options o;

		assert_int_equal(parse(&o, wrong[i]), EXIT_USAGE);
		assert_int_equal(o.action, DO_EXIT);
	}
}

static void
ends_after_help_and_version(void **state)
{
	struct options o;

	assert_int_equal(PARSE(&o, "--help"), EXIT_DONE);
	assert_int_equal(o.action, DO_EXIT);
	assert_int_equal(PARSE(&o, "-V", "--nonsense"), EXIT_DONE);
	assert_int_equal(o.action, DO_EXIT);
}

static void
places_a_private_instance_below_its_root(void **state)
{
	struct paths p;

	assert_int_equal(paths_init("/srv/one", &p), 0);
	assert_true(p.private);
	assert_string_equal(p.config, "/srv/one/etc/bpfd.toml");
	assert_string_equal(p.sock, "/srv/one/run/bpfd.sock");
	assert_string_equal(p.lock, "/srv/one/run/bpfd.lock");
	assert_string_equal(p.bpffs, "/srv/one/run/bpffs");
	assert_string_equal(p.empty, "/srv/one/run/empty");
	assert_string_equal(p.state, "/srv/one/state");
}

static void
places_the_installed_instance_where_it_was_configured(void **state)
{
	struct paths p;

	assert_int_equal(paths_init(NULL, &p), 0);
	assert_false(p.private);
	assert_string_equal(p.config, BPFD_SYSCONFDIR "/bpfd/bpfd.toml");
	assert_string_equal(p.sock, BPFD_RUNSTATEDIR "/bpfd/bpfd.sock");
	assert_string_equal(p.state, BPFD_LOCALSTATEDIR "/lib/bpfd");
}

static void
refuses_a_root_whose_socket_no_client_could_name(void **state)
{
	char root[PATHS_MAX + 1];
	struct paths p = { .private = true };
	size_t fits = PATHS_MAX - sizeof("/run/checkpoint.sock");

	memset(root, 'x', sizeof(root));
	root[0] = '/';
	root[fits + 1] = '\0';
	assert_int_equal(paths_init(root, &p), -ENAMETOOLONG);
	assert_string_equal(p.sock, "");
	root[fits - 1] = '\0';
	assert_int_equal(paths_init(root, &p), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_in_the_foreground_when_nothing_is_asked),
		cmocka_unit_test(takes_long_and_short_options_and_the_last_of_two_that_differ),
		cmocka_unit_test(takes_the_word_daemon_before_or_after_options),
		cmocka_unit_test(the_word_daemon_turns_d_into_debug),
		cmocka_unit_test(takes_a_client_s_words_with_what_follows),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(ends_after_help_and_version),
		cmocka_unit_test(places_a_private_instance_below_its_root),
		cmocka_unit_test(places_the_installed_instance_where_it_was_configured),
		cmocka_unit_test(refuses_a_root_whose_socket_no_client_could_name),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
