/* SPDX-License-Identifier: Apache-2.0 */
/* policy.signed_only: the real bpfd-loader takes what the supervisor calls signed, whatever the API says. */
#include <sha2.h>
#include <stdio.h>
#include <unistd.h>

#include "component/brokerrig.h"

#define RULE "policy.signed_only = true"

static void
hash(const char *object, uint8_t out[32])
{
	AUTO(fd) int fd = rig_object(object);
	static uint8_t bytes[1 << 20];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	SHA2_CTX sha;

	assert_true(n > 0 && n < (ssize_t)sizeof(bytes));
	SHA256Init(&sha);
	SHA256Update(&sha, bytes, (size_t)n);
	SHA256Final(out, &sha);
}

static void
tell(const char *object, enum image_signature signature)
{
	struct msg_verdict v = { .signature = signature, .ref = "registry.example.org/tool:1", .digest = "sha256:00" };
	unsigned int noted = rig.n_noted;

	hash(object, v.object_sha256);
	assert_int_equal(chan_send(rig.ctl, IPC_OBJECT_VERDICT, 0, &v, NULL), 0);
	for (int i = 0; i < 1000 && rig.n_noted == noted; i++)
		rig_serve(&rig, 5);
	assert_int_equal(rig.n_noted, noted + 1);
}

static int
load(const char *object)
{
	return rig_load(&rig, object, new_request(GID, NULL), &answer);
}

static void
an_object_of_which_nobody_said_a_word_is_refused(void **state)
{
	assert_refused(load("bpf/plain"), IPC_PERMISSION_DENIED, RULE);
	assert_nothing_is_left();
}

static void
one_that_is_not_signed_by_who_is_trusted_is_refused(void **state)
{
	tell("bpf/plain", IMAGE_UNSIGNED);
	assert_refused(load("bpf/plain"), IPC_PERMISSION_DENIED, RULE);
	tell("bpf/plain", IMAGE_SIGNED_UNKNOWN);
	assert_refused(load("bpf/plain"), IPC_PERMISSION_DENIED, RULE);
}

static void
a_signed_one_is_loaded_and_no_other(void **state)
{
	tell("bpf/plain", IMAGE_SIGNED_KEY);
	load_and_unload("bpf/plain", 1, 0);
	assert_refused(load("bpf/core"), IPC_PERMISSION_DENIED, RULE);
	tell("bpf/core", IMAGE_SIGNED_IDENTITY);
	load_and_unload("bpf/core", 1, 1);
}

static void
the_last_word_about_an_object_counts(void **state)
{
	tell("bpf/plain", IMAGE_SIGNED_KEY);
	tell("bpf/plain", IMAGE_UNSIGNED);
	assert_refused(load("bpf/plain"), IPC_PERMISSION_DENIED, RULE);
}

static void
what_comes_back_after_a_reboot_needs_a_verdict_of_now(void **state)
{
	static struct msg_restore_load m;
	AUTO(fd) int fd = rig_object("bpf/plain");

	m.load.gid = GID;
	assert_int_equal(rig_request(&rig, IPC_RESTORE_LOAD, &m, &fd, &answer), 0);
	assert_refused(0, IPC_PERMISSION_DENIED, RULE);
}

static void
a_new_loader_has_to_be_told_anew(void **state)
{
	tell("bpf/plain", IMAGE_SIGNED_KEY);
	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	assert_refused(load("bpf/plain"), IPC_PERMISSION_DENIED, RULE);
	tell("bpf/plain", IMAGE_SIGNED_KEY);
	load_and_unload("bpf/plain", 1, 0);
}

static int
open_signed_rig(void **state)
{
	if (rig_open(&rig))
		return -1;
	rig.cfg.policy_signed_only = 1;
	return rig_start(&rig) ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_of_which_nobody_said_a_word_is_refused),
		cmocka_unit_test(one_that_is_not_signed_by_who_is_trusted_is_refused),
		cmocka_unit_test(a_signed_one_is_loaded_and_no_other),
		cmocka_unit_test(the_last_word_about_an_object_counts),
		cmocka_unit_test(what_comes_back_after_a_reboot_needs_a_verdict_of_now),
		cmocka_unit_test(a_new_loader_has_to_be_told_anew),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("broker-signed", tests, open_signed_rig, close_rig);
}
