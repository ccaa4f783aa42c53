/* SPDX-License-Identifier: Apache-2.0 */
/* bind and socket: sockets of a network namespace of the test's own. */
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "bpf/bind.h"
#include "bpf/socket.h"
#include "tracers-sock.h"
#include "uring.h"

static int
setup(void **state)
{
	static const char *const tracers[] = { "bind", "socket", NULL };

	return open_rig(tracers);
}

/* ---- bind ---- */

static void
binds(int family, int type, int protocol, const char *addr)
{
	int fd = bound(family, type, addr, 0);
	const struct ev_bind *e = only(TR_BIND, BIND_BIND);

	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->family, family);
	assert_int_equal(e->type, type);
	assert_int_equal(e->protocol, protocol);
	assert_int_equal(e->port, port_of(fd));
	assert_int_equal(e->netns, netns);
	assert_address(e->addr, family, addr);
	assert_int_equal(e->flags & BIND_WILDCARD, 0);
	assert_int_equal(e->h.flags & EV_UNTRUSTED, 0);
	close(fd);
}

static void
bind_has_the_port_that_the_kernel_chose(void **state)
{
	binds(AF_INET, SOCK_STREAM, IPPROTO_TCP, "127.0.0.1");
	forget(state);
	binds(AF_INET6, SOCK_STREAM, IPPROTO_TCP, "::1");
	forget(state);
	binds(AF_INET, SOCK_DGRAM, IPPROTO_UDP, "127.0.0.1");
	forget(state);
	binds(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "::1");
}

static void
bind_marks_any_address_and_a_shared_port(void **state)
{
	int family = AF_INET, fd, one = 1;
	struct sockaddr_storage sa;
	const struct ev_bind *e;

	for (; family; family = family == AF_INET ? AF_INET6 : 0) {
		socklen_t len = address(family, NULL, 4711, &sa);

		fd = socket(family, SOCK_STREAM, 0);
		assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
		e = only(TR_BIND, BIND_BIND);
		assert_int_equal(e->port, 4711);
		assert_int_equal(e->flags, BIND_WILDCARD | BIND_REUSEPORT);
		close(fd);
		forget(state);
	}
}

static void
bind_says_why_it_failed_and_of_what(void **state)
{
	int fd = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 0), second = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", port_of(fd), &sa);
	const struct ev_bind *e;

	forget(state);
	assert_int_equal(bind(second, (struct sockaddr *)&sa, len), -1);
	e = only(TR_BIND, BIND_BIND);
	assert_int_equal(e->h.ret, -EADDRINUSE);
	assert_int_equal(e->port, port_of(fd));
	assert_int_equal(e->protocol, IPPROTO_TCP);
	assert_address(e->addr, AF_INET, "127.0.0.1");
	assert_true(e->h.flags & EV_UNTRUSTED);
	close(fd);
	close(second);
}

static void
bind_tells_a_raw_socket(void **state)
{
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", 0, &sa);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	const struct ev_bind *e;

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	e = only(TR_BIND, BIND_BIND);
	assert_int_equal(e->type, SOCK_RAW);
	assert_int_equal(e->protocol, IPPROTO_ICMP);
	assert_address(e->addr, AF_INET, "127.0.0.1");
	close(fd);
}

static void
bind_resolves_the_file_of_a_unix_socket(void **state)
{
	char dir[] = "/tmp/tr-bind-XXXXXX", real[64], link_[96], want[96];
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	const struct ev_bind *e;

	assert_non_null(mkdtemp(dir));
	snprintf(real, sizeof(real), "%s/real", dir);
	snprintf(link_, sizeof(link_), "%s/link", dir);
	snprintf(want, sizeof(want), "%s/real/sock", dir);
	assert_int_equal(mkdir(real, 0700), 0);
	assert_int_equal(symlink("real", link_), 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/sock", link_);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	e = only(TR_BIND, BIND_BIND);
	assert_int_equal(e->family, AF_UNIX);
	assert_string_equal(tracerrig_str(e, e->path), want);
	assert_int_equal(e->flags & BIND_ABSTRACT, 0);
	assert_int_equal(listen(fd, 7), 0);
	e = only(TR_BIND, BIND_LISTEN);
	assert_int_equal(e->backlog, 7);
	assert_string_equal(tracerrig_str(e, e->path), want);
	close(fd);
	unlink(want);
	unlink(link_);
	rmdir(real);
	rmdir(dir);
}

static void
bind_has_the_abstract_name_of_a_unix_socket(void **state)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX, .sun_path = "\0tr-abstract" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	const struct ev_bind *e;

	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa.sun_family) + 12), 0);
	e = only(TR_BIND, BIND_BIND);
	assert_string_equal(tracerrig_str(e, e->path), "tr-abstract");
	assert_int_equal(e->flags, BIND_ABSTRACT);
	close(fd);
}

static void
bind_has_the_interface_of_a_packet_socket(void **state)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
		.sll_ifindex = (int)if_nametoindex("lo") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	const struct ev_bind *e;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	e = only(TR_BIND, BIND_BIND);
	assert_int_equal(e->family, AF_PACKET);
	assert_int_equal(e->ifindex, if_nametoindex("lo"));
	assert_int_equal(e->ethertype, ETH_P_ARP);
	close(fd);
}

static void
bind_tells_when_a_socket_listens(void **state)
{
	int fd = bound(AF_INET6, SOCK_STREAM, NULL, 0);
	const struct ev_bind *e;

	assert_int_equal(listen(fd, 5), 0);
	e = only(TR_BIND, BIND_LISTEN);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->port, port_of(fd));
	assert_int_equal(e->backlog, 5);
	assert_int_equal(e->flags, BIND_WILDCARD);
	close(fd);
}

static void
bind_is_silent_about_a_connecting_socket_and_netlink(void **state)
{
	int server = bound(AF_INET, SOCK_STREAM, "127.0.0.1", 0), fd;
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", port_of(server), &sa);

	assert_int_equal(listen(server, 1), 0);
	forget(state);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	assert_true(if_nametoindex("lo"));	/* as getaddrinfo(), by a socket of its own */
	nothing(TR_BIND, BIND_BIND);
	close(fd);
	fd = bound(AF_NETLINK, SOCK_RAW, NULL, 0);
	nothing(TR_BIND, BIND_BIND);
	nothing(TR_BIND, BIND_LISTEN);
	close(fd);
	close(server);
}

/* ---- socket ---- */

static void
makes(int family, int type, int protocol, uint32_t shown)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	const struct ev_socket *e = only(TR_SOCKET, SOCKET_SOCKET);

	assert_true(fd >= 0);
	assert_true(e->h.ret >= 0);
	assert_int_equal(e->family, family);
	assert_int_equal(e->type, type);
	assert_int_equal(e->protocol, shown);
	close(fd);
	forget(NULL);
}

static void
socket_tells_raw_and_packet_sockets(void **state)
{
	makes(AF_INET, SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMP);
	makes(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, IPPROTO_ICMPV6);
	makes(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL), ETH_P_ALL);
	makes(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT, NETLINK_KOBJECT_UEVENT);
}

static void
socket_tells_what_the_kernel_refused(void **state)
{
	const struct ev_socket *e;

	assert_int_equal(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), -1);
	e = only(TR_SOCKET, SOCKET_SOCKET);
	assert_int_equal(e->h.ret, -EPROTONOSUPPORT);
	assert_int_equal(e->family, AF_INET);
	assert_int_equal(e->protocol, IPPROTO_UDP);
}

static void
socket_is_silent_about_what_every_program_makes(void **state)
{
	static const int kinds[][3] = {
		{ AF_UNIX, SOCK_STREAM, 0 }, { AF_INET, SOCK_STREAM, 0 }, { AF_INET6, SOCK_DGRAM, 0 },
		{ AF_INET, SOCK_DGRAM, IPPROTO_UDP }, { AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(close(socket(kinds[i][0], kinds[i][1], kinds[i][2])), 0);
	nothing(TR_SOCKET, SOCKET_SOCKET);
}

/* ---- io_uring: no system call of theirs ---- */

enum { URING_SOCKET = 45, URING_BIND = 56, URING_LISTEN = 57 };	/* the last two: Linux 6.11 */

static void
what_io_uring_does_is_told_too(void **state)
{
	struct sockaddr_storage sa;
	socklen_t len = address(AF_INET, "127.0.0.1", 4712, &sa);
	int fd = socket(AF_INET, SOCK_STREAM, 0), raw, err;
	struct io_uring_sqe *sqe;
	struct uring u;

	assert_true(uring_open(&u, 4, 0));
	sqe = uring_sqe(&u, URING_SOCKET, AF_INET);
	sqe->off = SOCK_RAW;
	sqe->len = IPPROTO_ICMP;
	raw = uring_one(&u);
	assert_true(raw >= 0);
	assert_int_equal(((const struct ev_socket *)only(TR_SOCKET, SOCKET_SOCKET))->type, SOCK_RAW);
	close(raw);
	sqe = uring_sqe(&u, URING_BIND, fd);
	sqe->addr = (uintptr_t)&sa;
	sqe->addr2 = len;
	err = uring_one(&u);
	if (!err) {
		assert_int_equal(((const struct ev_bind *)only(TR_BIND, BIND_BIND))->port, 4712);
		uring_sqe(&u, URING_LISTEN, fd)->len = 3;
		assert_int_equal(uring_one(&u), 0);
		assert_int_equal(((const struct ev_bind *)only(TR_BIND, BIND_LISTEN))->backlog, 3);
	} else {
		assert_int_equal(err, -EINVAL);
	}
	close(u.fd);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_has_the_port_that_the_kernel_chose),
		TEST(bind_marks_any_address_and_a_shared_port),
		TEST(bind_says_why_it_failed_and_of_what),
		TEST(bind_tells_a_raw_socket),
		TEST(bind_resolves_the_file_of_a_unix_socket),
		TEST(bind_has_the_abstract_name_of_a_unix_socket),
		TEST(bind_has_the_interface_of_a_packet_socket),
		TEST(bind_tells_when_a_socket_listens),
		TEST(bind_is_silent_about_a_connecting_socket_and_netlink),
		TEST(socket_tells_raw_and_packet_sockets),
		TEST(socket_tells_what_the_kernel_refused),
		TEST(socket_is_silent_about_what_every_program_makes),
		TEST(what_io_uring_does_is_told_too),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_rig);
}
