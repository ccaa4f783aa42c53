/* SPDX-License-Identifier: Apache-2.0 */
/* bpfctl as a process against a fake daemon: images. */
#include <sys/stat.h>

#include "bpfctl-run.h"

static void
pulls_and_shows_what_came(void **state)
{
	assert_int_equal(run("image pull host.example/count:1"), 0);
	has(requests, "Pull host.example/count:1 policy=0 user= password=\n");
	has(out, "host.example/count:1");
	has(out, "release\\x1b");
	assert_string_equal(err, "");		/* no bar: it is no terminal */
	assert_int_equal(run("image pull --dry-run --pull-policy if-not-present docker://count -o json"), 0);
	has(requests, "Pull count policy=1 user= password=, dry run\n");
	has(out, "\"digest\": \"sha256:aa\"");
	assert_int_equal(run("image pull --pull-policy sometimes count"), 2);
	has(err, "always, if-not-present and never");
	assert_int_equal(run("image pull host.example/error:7"), 5);
	has(err, "image pull host.example/error:7: the fake says 7");
	assert_int_equal(run("image pull"), 2);
	assert_int_equal(run("image pull a b"), 2);
}

static void
credentials_for_the_image_travel_and_no_others(void **state)
{
	/* user:secret, other:word */
	write_text("auth.json", "{\"auths\": {\"host.example\": {\"auth\": \"dXNlcjpzZWNyZXQ=\"},"
		" \"elsewhere.example\": {\"auth\": \"b3RoZXI6d29yZA==\"}}}");
	assert_int_equal(run("image pull --auth-file auth.json host.example/count"), 0);
	has(requests, "user=user password=secret\n");
	assert_int_equal(run("load --auth-file auth.json elsewhere.example/count"), 0);
	has(requests, "user=other password=word\n");
	assert_int_equal(run("image pull --auth-file auth.json third.example/count"), 0);
	has(requests, "user= password=\n");
	write_text("auth.json", "{\"auths\": ");
	assert_int_equal(run("image pull --auth-file auth.json host.example/count"), 1);
	has(err, "auth.json: ");
	assert_string_equal(requests, "");
	assert_int_equal(run("image pull --auth-file none.json host.example/count"), 3);
	has(err, "none.json: No such file");
}

static void
inspects_verifies_lists_and_removes(void **state)
{
	assert_int_equal(run("image inspect sha256:aa"), 0);
	has(requests, "GetImage sha256:aa\n");
	has(out, "sha256:aa");
	assert_int_equal(run("image inspect host.example/error:5"), 3);
	has(err, "bpfctl image pull fetches it");
	assert_int_equal(run("image verify host.example/count:1 -o kv"), 0);
	has(requests, "Verify host.example/count:1\n");
	has(out, "image.signature=key");
	assert_int_equal(run("image verify host.example/error:15"), 1);
	has(err, "bpfctl image pull fetches it again");
	assert_int_equal(run("image list"), 0);
	has(out, "host.example/count:1  key");
	assert_int_equal(run("image rm a.example/x docker://y"), 0);
	has(requests, "Remove a.example/x\nRemove y\n");
	assert_int_equal(run("image rm --dry-run x host.example/error:5"), 7);
	has(requests, "Remove, dry run x\n");
	assert_int_equal(run("image prune --unused 7d --dry-run"), 0);
	has(requests, "Prune unused=604800 all=0 dry_run=1\n");
	assert_int_equal(run("image prune --all"), 0);
	has(requests, "Prune unused=0 all=1 dry_run=0\n");
	assert_int_equal(run("image prune --unused 7w"), 2);
	assert_int_equal(run("image prune --unused -7d"), 2);
}

static void
loads_an_image_and_says_who_signed_it(void **state)
{
	assert_int_equal(run("load host.example/count:1 --attach tracepoint:sched/x"), 0);
	has(requests, "Load image host.example/count:1 policy=1 user= password=\n");
	has(out, "sha256:aa");
	has(out, "release");
	assert_int_equal(run("load --pull-policy never localhost:5000/count"), 0);
	has(requests, "Load image localhost:5000/count policy=2 user= password=\n");
	assert_int_equal(run("load host.example/error:14"), 4);
}

/* What is a file is never asked of a registry, and the other way round only on purpose. */
static void
a_word_is_an_image_only_where_it_can_be_no_file(void **state)
{
	char path[600];

	assert_int_equal(run("load objects.d/count.o"), 3);
	assert_int_equal(run("load ./host.example/count"), 3);
	assert_int_equal(run("load count"), 3);
	assert_int_equal(run("load folder/count"), 3);
	assert_string_equal(requests, "");
	snprintf(path, sizeof(path), "%s/objects.d", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	write_text("objects.d/count", "object");
	assert_int_equal(run("load objects.d/count"), 0);
	has(requests, "Load 6 bytes");
	assert_int_equal(run("load docker://objects.d/count"), 0);
	has(requests, "Load image objects.d/count");
	assert_int_equal(run("load --pull-policy always object"), 2);
	assert_string_equal(requests, "");
}

static void
completes(const char *words, const char *want)
{
	char args[700];

	snprintf(args, sizeof(args), "__complete -s %s/sock %s", dir, words);
	assert_int_equal(run(args), 0);
	assert_string_equal(out, want);
}

static void
completes_cached_images(void **state)
{
	completes("image rm ''", "host.example/count:1\trelease\\x1b\n");
	completes("load ''", ":file\nhost.example/count:1\trelease\\x1b\n");
	completes("image build ''", ":file\n");
	completes("image pull --pull-policy n", "never\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pulls_and_shows_what_came),
		cmocka_unit_test(credentials_for_the_image_travel_and_no_others),
		cmocka_unit_test(inspects_verifies_lists_and_removes),
		cmocka_unit_test(loads_an_image_and_says_who_signed_it),
		cmocka_unit_test(a_word_is_an_image_only_where_it_can_be_no_file),
		cmocka_unit_test(completes_cached_images),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("bpfctl-images", tests, set_up, tear_down);
}
