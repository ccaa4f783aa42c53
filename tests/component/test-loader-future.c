/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces that come and go, with the real bpfd-loader in a network namespace of the test's, and an API that lies. */
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "component/brokerrig.h"

#define WISH 5
#define LINK 6

static struct msg_wish wish;		/* as it was granted */

static void
ip(const char *args)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "ip link %s", args);
	assert_int_equal(system(cmd), 0);
}

static uint32_t
index_of(const char *name)
{
	assert_int_equal(rig_request(&rig, IPC_IFACES_WATCH, NULL, NULL, &answer), 0);
	assert_int_equal(answer.res.code, IPC_OK);
	assert_int_equal(answer.res.n_items, answer.n_ifaces);
	for (unsigned int i = 0; i < answer.n_ifaces; i++)
		if (strcmp(answer.ifaces[i].name, name) == 0)
			return answer.ifaces[i].ifindex;
	return 0;
}

static int
ask_wish(const char *pattern, uint32_t flags)
{
	AUTO(fd) int client = rig_client();

	/* What the hook itself goes on after: no other program comes between, and so no other pin. */
	wish.attach.flags = ATTACH_FUTURE | ATTACH_HAS_PROCEED_ON;
	wish.attach.proceed_on = 1u << 31;
	snprintf(wish.attach.target, sizeof(wish.attach.target), "%s", pattern);
	wish.attach.flags |= flags;
	return rig_request(&rig, IPC_ATTACH, &wish.attach, &client, &answer);
}

static int
begin(void **state)
{
	memset(&wish, 0, sizeof(wish));
	assert_loaded(rig_load(&rig, "bpf/kinds", new_request(GID, "on_ingress"), &answer));
	wish = (struct msg_wish){ .link_id = LINK, .attach = { .link_id = WISH, .gid = GID, .priority = 50,
		.kind = "tc", .direction = "ingress", .prog_name = "on_ingress", .prog_id = answer.progs[0].id } };
	ip("add va0 type veth peer name vb0");
	assert_loaded(ask_wish("va*", 0));
	assert_true(answer.has_token);
	assert_int_equal(answer.links[0].link_id, WISH);
	assert_int_equal(rig_pins(&rig, "link"), 0);
	wish.token = answer.token;
	return 0;
}

static int
end(void **state)
{
	assert_int_equal(rig_unload(&rig, GID, 0), IPC_OK);
	assert_nothing_is_left();
	if (system("ip -o link show vb0 >/dev/null 2>&1 && ip link del vb0") < 0)
		return -1;
	return 0;
}

static int
try(enum ipc_type type, const struct msg_wish *m)
{
	return rig_request(&rig, type, m, NULL, &answer);
}

static void
attaches_only_what_was_asked_for_to_what_fits(void **state)
{
	struct msg_wish other = wish;
	uint32_t fits = index_of("va0"), does_not = index_of("vb0");

	assert_int_not_equal(fits, 0);
	wish.ifindex = fits;
	other = wish;
	other.token.mac[0] ^= 1;
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_PERMISSION_DENIED, "token");
	other = wish;
	other.uid = 1;
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_PERMISSION_DENIED, "token");
	other = wish;
	strcpy(other.attach.target, "v*");
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_PERMISSION_DENIED, "token");
	other = wish;
	strcpy(other.attach.direction, "egress");
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_PERMISSION_DENIED, "token");
	other = wish;
	other.attach.flags &= ~(uint32_t)ATTACH_FUTURE;
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_PERMISSION_DENIED, "token");
	other = wish;
	other.ifindex = does_not;
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_NOT_FOUND, "does not fit");
	other.ifindex = 4000000000;
	assert_refused(try(IPC_WISH_ATTACH, &other), IPC_NOT_FOUND, "no interface");
	assert_int_equal(rig_pins(&rig, "link"), 0);
	assert_loaded(try(IPC_WISH_ATTACH, &wish));
	assert_true(answer.has_token);
	assert_int_equal(answer.links[0].link_id, LINK);
	assert_int_equal(answer.links[0].ifindex, fits);
	assert_string_equal(answer.links[0].target, "va0");
	assert_int_equal(rig_pins(&rig, "link"), 1);
	assert_refused(try(IPC_WISH_ATTACH, &wish), IPC_ALREADY_EXISTS, "is there already");
}

static void
a_token_of_a_wish_is_none_of_an_attachment(void **state)
{
	struct msg_restore_attach m = { .attach = wish.attach, .token = wish.token };

	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &m, NULL, &answer), IPC_PERMISSION_DENIED, "token");
	m.attach.flags &= ~(uint32_t)ATTACH_FUTURE;
	assert_refused(rig_request(&rig, IPC_RESTORE_ATTACH, &m, NULL, &answer), IPC_PERMISSION_DENIED, "token");
	assert_int_equal(rig_pins(&rig, "link"), 0);
}

static void
detaches_only_its_own_from_what_does_not_fit(void **state)
{
	struct msg_wish own, other;

	wish.ifindex = index_of("va0");
	assert_loaded(try(IPC_WISH_ATTACH, &wish));
	own = wish;
	own.link_token = answer.token;
	assert_refused(try(IPC_WISH_DETACH, &own), IPC_FAILED_PRECONDITION, "still fits");
	ip("set va0 name vc0");
	other = own;
	other.link_token.mac[9] ^= 1;
	assert_refused(try(IPC_WISH_DETACH, &other), IPC_PERMISSION_DENIED, "token");
	other = own;
	other.link_token = own.token;
	assert_refused(try(IPC_WISH_DETACH, &other), IPC_PERMISSION_DENIED, "token");
	other = own;
	other.link_id++;
	assert_refused(try(IPC_WISH_DETACH, &other), IPC_NOT_FOUND, "no link");
	assert_int_equal(rig_pins(&rig, "link"), 1);
	assert_loaded(try(IPC_WISH_DETACH, &own));
	assert_int_equal(rig_pins(&rig, "link"), 0);
}

static void
a_new_loader_believes_the_same_tokens(void **state)
{
	struct msg_wish own;

	wish.ifindex = index_of("va0");
	assert_loaded(try(IPC_WISH_ATTACH, &wish));
	own = wish;
	own.link_token = answer.token;
	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	assert_refused(try(IPC_WISH_DETACH, &own), IPC_FAILED_PRECONDITION, "still fits");
	ip("set va0 name vc0");
	assert_loaded(try(IPC_WISH_DETACH, &own));
	assert_int_equal(rig_pins(&rig, "link"), 0);
}

static void
tells_of_interfaces_once_it_is_asked_to(void **state)
{
	uint32_t ifindex;

	rig_kill_loader(&rig);
	assert_int_equal(rig_start(&rig), 0);
	rig.n_told = 0;
	ip("set va0 name va1");
	assert_int_equal(rig_request(&rig, IPC_LOADER_STATS, NULL, NULL, &answer), 0);
	assert_int_equal(rig.n_told, 0);
	ifindex = index_of("va1");
	ip("set va1 name va2");
	assert_int_equal(index_of("va2"), ifindex);
	assert_true(rig.n_told > 0);
	assert_string_equal(rig.told.name, "va2");
	assert_int_equal(rig.told.flags, 0);
	ip("del va2");
	assert_int_equal(index_of("va2"), 0);
	assert_int_equal(rig.told.flags, IFACE_GONE);
}

static void
a_gone_interface_leaves_no_pin(void **state)
{
	wish.ifindex = index_of("va0");
	assert_loaded(try(IPC_WISH_ATTACH, &wish));
	assert_int_equal(rig_pins(&rig, "link"), 1);
	ip("del va0");
	assert_int_equal(index_of("va0"), 0);
	assert_int_equal(rig_pins(&rig, "link"), 0);
}

static void
a_dry_run_tells_what_fits_now(void **state)
{
	wish.attach.link_id = 99;
	assert_loaded(ask_wish("v[ab]0", ATTACH_DRY_RUN));
	assert_int_equal(answer.n_ifaces, 2);
	assert_false(answer.has_token);
	assert_int_equal(rig_pins(&rig, "link"), 0);
	assert_refused(ask_wish("a/b", 0), IPC_INVALID_ARGUMENT, "no interface can ever");
	strcpy(wish.attach.kind, "tracepoint");
	wish.attach.direction[0] = '\0';
	assert_refused(ask_wish("va*", 0), IPC_FAILED_PRECONDITION, "cannot be attached");
}

static int
open_network(void **state)
{
	return unshare(CLONE_NEWNET) < 0 ? -1 : open_rig(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(attaches_only_what_was_asked_for_to_what_fits),
		TEST(a_token_of_a_wish_is_none_of_an_attachment),
		TEST(detaches_only_its_own_from_what_does_not_fit),
		TEST(a_new_loader_believes_the_same_tokens),
		TEST(tells_of_interfaces_once_it_is_asked_to),
		TEST(a_gone_interface_leaves_no_pin),
		TEST(a_dry_run_tells_what_fits_now),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	if (geteuid() != 0) {
		puts("1..0 # SKIP loading programs needs root");
		return 0;
	}
	return cmocka_run_group_tests_name("loader-future", tests, open_network, close_rig);
}
