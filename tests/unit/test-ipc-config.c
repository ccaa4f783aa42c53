/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/auto.h"
#include "common/memfd.h"
#include "ipc/config.h"
#include "unit/config_make.h"

/* Every key at its default; lists empty. */
static struct config *
defaults(void)
{
	struct config *c = calloc(1, sizeof(*c));

	config_defaults(c);
	return c;
}

static void
takes_what_is_sealed(void **state)
{
	AUTO(mem) struct config *c = defaults();
	const struct config *got = NULL;
	AUTO(fd) int fd = memfd_sealed("config", c, sizeof(*c));

	assert_int_equal(config_receive(fd, &got), 0);
	assert_memory_equal(c, got, sizeof(*c));
	config_free(got);
}

static void
names_the_key_that_is_out_of_range(void **state)
{
	AUTO(mem) struct config *c = defaults();
	const char *key;

	assert_int_equal(config_check(c, &key), 0);
	c->limits_maps = 4097;
	assert_int_equal(config_check(c, &key), -EINVAL);
	assert_string_equal(key, "limits.maps");
	c->limits_maps = 1;
	c->tc_backend = 3;
	assert_int_equal(config_check(c, &key), -EINVAL);
	assert_string_equal(key, "tc.backend");
	c->tc_backend = 0;
	memset(c->socket_group, 'g', sizeof(c->socket_group));
	assert_int_equal(config_check(c, &key), -EINVAL);
	assert_string_equal(key, "socket.group");
	c->socket_group[0] = '\0';
	c->policy_kfuncs.n = 2;
	c->policy_kfuncs.ids[0] = c->policy_kfuncs.ids[1] = 5;
	assert_int_equal(config_check(c, &key), -EINVAL);
	assert_string_equal(key, "policy.kfuncs");
	c->policy_kfuncs.n = 0;
	c->access_admin.n_uids = CONFIG_WHO_MAX + 1;
	assert_int_equal(config_check(c, &key), -EINVAL);
	assert_string_equal(key, "access.admin");
}

static void
refuses_another_size(void **state)
{
	AUTO(mem) struct config *c = defaults();
	const struct config *got = NULL;
	AUTO(fd) int fd = memfd_sealed("config", c, sizeof(*c) - 1);

	assert_int_equal(config_receive(fd, &got), -EINVAL);
	assert_null(got);
}

static void
gives_each_user_the_highest_role(void **state)
{
	AUTO(mem) struct config *c = defaults();
	gid_t gids[] = { 100, 200 };

	c->access_admin.uids[c->access_admin.n_uids++] = 1000;
	c->access_operator.gids[c->access_operator.n_gids++] = 200;
	c->access_viewer.gids[c->access_viewer.n_gids++] = 100;
	assert_int_equal(config_role_of(c, 0, gids, 0), CONFIG_ADMIN);
	assert_int_equal(config_role_of(c, 1000, gids, 2), CONFIG_ADMIN);
	assert_int_equal(config_role_of(c, 1001, gids, 2), CONFIG_OPERATOR);
	assert_int_equal(config_role_of(c, 1001, gids, 1), CONFIG_VIEWER);
	assert_int_equal(config_role_of(c, 1001, gids, 0), CONFIG_NOBODY);
}

static void
reads_the_peer_of_a_socket(void **state)
{
	gid_t gids[64];
	size_t n = 64;
	uid_t uid;
	pid_t pid;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(config_peer(sv[0], &uid, &pid, gids, &n), 0);
	assert_int_equal(uid, geteuid());
	assert_int_equal(pid, getpid());
	assert_true(n >= 1);
	assert_int_equal(gids[0], getegid());
	assert_int_equal(config_peer(STDIN_FILENO, &uid, &pid, gids, &n), -ENOTCONN);
	close(sv[0]);
	close(sv[1]);
}

static void
does_not_take_another_socket_for_a_clients(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(fd) int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	gid_t gids[64];
	size_t n = 64;
	uid_t uid;
	pid_t pid;
	int sv[2];

	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(config_peer(listener, &uid, &pid, gids, &n), -ENOTCONN);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv), 0);
	assert_int_equal(config_peer(sv[0], &uid, &pid, gids, &n), -ENOTCONN);
	close(sv[0]);
	close(sv[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_sealed),
		cmocka_unit_test(names_the_key_that_is_out_of_range),
		cmocka_unit_test(refuses_another_size),
		cmocka_unit_test(gives_each_user_the_highest_role),
		cmocka_unit_test(reads_the_peer_of_a_socket),
		cmocka_unit_test(does_not_take_another_socket_for_a_clients),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ipc-config", tests, NULL, NULL);
}
