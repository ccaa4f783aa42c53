/* SPDX-License-Identifier: Apache-2.0 */
/* The real bpfd-api with interfaces that come, change and go, and a loader that refuses or dies meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/auto.h"
#include "component/apicall.h"

#define WISH 1

static int
attach_future(struct apicall *t)
{
	Bpfd__V1__AttachRequest rq = BPFD__V1__ATTACH_REQUEST__INIT;

	rq.program = api_loaded(t);
	rq.kind = "xdp";
	rq.target = "eth*";
	rq.future = true;
	return apicall(t, "/bpfd.v1.Programs/Attach", &rq.base, &bpfd__v1__attach_response__descriptor);
}

/* Within 5 s the wish has so many links. */
static bool
has(struct apicall *t, size_t n)
{
	for (int i = 0; i < 250; i++) {
		if (api_links(t)->n_links == n + 1 && api_links(t)->links[0]->n_interfaces == n)
			return true;
		usleep(20000);
	}
	return false;
}

static void
attaches_to_what_comes_and_forgets_what_goes(void **state)
{
	struct apicall *t = *state;

	t->rig.ifaces[t->rig.n_ifaces++] = (struct msg_iface){ .ifindex = 3, .name = "eth0" };
	assert_int_equal(attach_future(t), 0);
	assert_int_equal(t->rig.n_links, 1);	/* before it answered */
	assert_string_equal(api_links(t)->links[0]->state, "waiting");
	apirig_iface(&t->rig, 4, "lo", false);
	apirig_iface(&t->rig, 5, "eth1", false);
	assert_true(has(t, 2));
	assert_int_equal(api_links(t)->links[1]->by, WISH);
	apirig_iface(&t->rig, 5, "wan", false);
	assert_true(has(t, 1));
	assert_int_equal(t->rig.n_links, 1);
	assert_int_not_equal(api_detach(t, api_links(t)->links[1]->id), 0);
	assert_non_null(strstr(t->text, "detach that one"));
	assert_int_equal(api_detach(t, WISH), 0);
	assert_int_equal(t->rig.n_links, 0);
	apirig_iface(&t->rig, 6, "eth6", false);
	assert_int_equal(api_links(t)->n_links, 0);
	assert_int_equal(api_unload(t, 1), 0);
}

static void
a_refusal_is_tried_again_but_not_at_the_pace_of_changes(void **state)
{
	struct apicall *t = *state;

	assert_int_equal(attach_future(t), 0);
	apirig_mood(&t->rig, FAKE_REFUSES);
	for (int i = 0; i < 200; i++)
		apirig_iface(&t->rig, 3, "eth0", false);
	assert_true(apirig_until(&t->rig, IPC_WISH_ATTACH, 1));
	assert_int_equal(api_links(t)->links[0]->n_failures, 1);
	assert_string_equal(api_links(t)->links[0]->failures[0]->value, "the driver is not ready");
	usleep(100000);
	assert_in_range(apirig_count(&t->rig, IPC_WISH_ATTACH), 1, 2);
	apirig_mood(&t->rig, FAKE_WORKS);
	assert_true(has(t, 1));		/* it had changed after it was refused */
	assert_int_equal(api_links(t)->links[0]->n_failures, 0);
}

static void
a_link_that_goes_while_it_is_detached_blocks_nobody(void **state)
{
	struct apicall *t = *state;

	t->rig.gone_first = true;
	assert_int_equal(attach_future(t), 0);
	apirig_iface(&t->rig, 3, "eth0", false);
	assert_true(has(t, 1));
	apirig_iface(&t->rig, 3, "eth0", true);
	assert_true(apirig_until(&t->rig, IPC_WISH_DETACH, 1));
	assert_true(has(t, 0));
	assert_int_equal(api_detach(t, WISH), 0);
	assert_int_equal(api_unload(t, 1), 0);
}

static void
a_loader_that_dies_leaves_each_attached_once(void **state)
{
	struct apicall *t = *state;

	assert_int_equal(attach_future(t), 0);
	apirig_mood(&t->rig, FAKE_DIES_LATE);
	apirig_iface(&t->rig, 3, "eth0", false);
	assert_true(apirig_until(&t->rig, IPC_WISH_ATTACH, 1));
	apirig_no_loader(&t->rig);
	apirig_mood(&t->rig, FAKE_WORKS);
	t->rig.ifaces[t->rig.n_ifaces++] = (struct msg_iface){ .ifindex = 3, .name = "eth0" };
	apirig_loader(&t->rig);
	assert_true(apirig_until(&t->rig, IPC_WISH_ATTACH, 2));
	assert_true(has(t, 1));
	assert_int_equal(apirig_count(&t->rig, IPC_UNDO), 1);
	assert_int_equal(t->rig.n_links, 1);
	apicall_restart(t);
	assert_true(has(t, 1));
	assert_int_equal(t->rig.n_links, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, apicall_setup, apicall_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attaches_to_what_comes_and_forgets_what_goes),
		TEST(a_refusal_is_tried_again_but_not_at_the_pace_of_changes),
		TEST(a_link_that_goes_while_it_is_detached_blocks_nobody),
		TEST(a_loader_that_dies_leaves_each_attached_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP needs root to start bpfd-api as it is started");
		return 0;
	}
	return cmocka_run_group_tests_name("api-future", tests, NULL, NULL);
}
