/* SPDX-License-Identifier: Apache-2.0 */
/* tcpstate, tcpdrop and tcpretrans: real connections. */
#include <errno.h>
#include <linux/filter.h>

#include "bpf/tcpdrop.h"
#include "bpf/tcpretrans.h"
#include "bpf/tcpstate.h"
#include "tracers-net.h"

enum { ESTABLISHED = 1, SYN_SENT = 2, CLOSE = 7, LISTEN = 10 };
enum { SYN = 2, ACK = 16 };

static int
setup(void **state)
{
	return open_net((const char *const[]){ "tcpstate", "tcpdrop", "tcpretrans", NULL });
}

static const char *
loopback(int family)
{
	return family == AF_INET ? "127.0.0.1" : "::1";
}

static int
listener(int family)
{
	int fd = bound(family, SOCK_STREAM, loopback(family), 0);

	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int
try_connect(int family, uint16_t port, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len = address(family, loopback(family), port, &sa);

	*fd = socket(family, SOCK_STREAM, 0);
	assert_true(*fd >= 0);
	return connect(*fd, (struct sockaddr *)&sa, len) ? -errno : 0;
}

static void
transfer(int from, int to, size_t n)
{
	char bytes[4096] = "";
	ssize_t got;

	assert_true(n <= sizeof(bytes));
	assert_int_equal(write(from, bytes, n), n);
	for (size_t have = 0; have < n; have += (size_t)got) {
		got = read(to, bytes, sizeof(bytes));
		assert_true(got > 0);
	}
}

static void
ordinary_connection(uint16_t *here, uint16_t *there)
{
	int server = listener(AF_INET), client, taken;

	*there = port_of(server);
	assert_int_equal(try_connect(AF_INET, *there, &client), 0);
	*here = port_of(client);
	taken = accept(server, NULL, NULL);
	transfer(client, taken, 4000);
	close(client);
	usleep(10000);
	close(taken);
	close(server);
}

/* The event of a socket with this local port. */
static const struct ev_tcpstate *
state_of(unsigned int event, uint16_t sport, int newstate)
{
	const struct ev_tcpstate *e;

	for (int tries = 0; tries < 30; tries++) {
		size_t at = 0;

		while ((e = tracerrig_next(rig, &at, TR_TCPSTATE, event, 0)))
			if (e->netns == netns && e->sport == sport && (!newstate || e->newstate == newstate))
				return e;
		tracerrig_drain(rig, 100);
	}
	return NULL;
}

/* ---- tcpstate ---- */

static void
connection(int family)
{
	const struct ev_tcpstate *e;
	int server = listener(family), client, taken;
	uint16_t there = port_of(server), here;

	assert_int_equal(try_connect(family, there, &client), 0);
	here = port_of(client);
	taken = accept(server, NULL, NULL);
	assert_true(taken >= 0);
	transfer(client, taken, 1000);
	transfer(taken, client, 500);
	usleep(20000);
	close(client);
	close(taken);
	close(server);

	e = state_of(TCPSTATE_STATE, there, LISTEN);
	assert_non_null(e);
	assert_int_equal(e->h.tgid, getpid());

	e = state_of(TCPSTATE_CONNECT, here, 0);
	assert_non_null(e);
	assert_int_equal(e->h.tgid, getpid());
	assert_int_equal(e->h.flags & EV_NO_OWNER, 0);
	assert_int_equal(e->h.ret, 0);
	assert_int_equal(e->oldstate, SYN_SENT);
	assert_int_equal(e->newstate, ESTABLISHED);
	assert_int_equal(e->family, family);
	assert_int_equal(e->protocol, IPPROTO_TCP);
	assert_int_equal(e->dport, there);
	assert_address(e->saddr, family, loopback(family));
	assert_address(e->daddr, family, loopback(family));
	assert_true(e->duration_ns > 0 && e->duration_ns < 1000000000);
	assert_true(e->cookie);

	e = state_of(TCPSTATE_ACCEPT, there, 0);
	assert_non_null(e);
	assert_int_equal(e->h.tgid, getpid());
	assert_int_equal(e->h.ret, taken);
	assert_int_equal(e->dport, here);
	assert_address(e->daddr, family, loopback(family));

	e = state_of(TCPSTATE_CLOSE, here, 0);
	assert_non_null(e);
	assert_int_equal(e->h.tgid, getpid());
	assert_int_equal(e->bytes_out, 1000);
	assert_int_equal(e->bytes_in, 500);
	assert_in_range(e->duration_ns, 20000000, 3000000000);
}

static void
tcpstate_follows_a_connection_over_ipv4(void **state)
{
	connection(AF_INET);
}

static void
tcpstate_follows_a_connection_over_ipv6(void **state)
{
	connection(AF_INET6);
}

static void
tcpstate_names_who_took_it_when_it_closes(void **state)
{
	const struct ev_tcpstate *e, *taken_close = NULL;
	int server = listener(AF_INET), client, taken;
	uint16_t there = port_of(server), here;
	size_t at = 0;

	assert_int_equal(try_connect(AF_INET, there, &client), 0);
	here = port_of(client);
	taken = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	transfer(client, taken, 300);
	shutdown(client, SHUT_WR);
	usleep(20000);
	close(taken);
	close(client);
	close(server);
	assert_non_null(state_of(TCPSTATE_CLOSE, here, 0));
	while ((e = tracerrig_next(rig, &at, TR_TCPSTATE, TCPSTATE_CLOSE, 0)))
		if (e->netns == netns && e->sport == there && e->dport == here)
			taken_close = e;
	assert_non_null(taken_close);
	assert_int_equal(taken_close->h.tgid, getpid());
	assert_int_equal(taken_close->h.flags & EV_NO_OWNER, 0);
	assert_int_equal(taken_close->bytes_in, 300);
	assert_int_equal(taken_close->bytes_out, 0);
}

static void
tcpstate_says_why_connecting_failed(void **state)
{
	const struct ev_tcpstate *e = NULL, *it;
	int server = listener(AF_INET), fd;
	uint16_t port = port_of(server);
	size_t at = 0;

	close(server);
	assert_int_equal(try_connect(AF_INET, port, &fd), -ECONNREFUSED);
	close(fd);
	tracerrig_drain(rig, 200);
	while ((it = tracerrig_next(rig, &at, TR_TCPSTATE, TCPSTATE_CONNECT, (uint32_t)getpid())))
		if (it->dport == port)
			e = it;
	assert_non_null(e);
	assert_int_equal(e->h.ret, -ECONNREFUSED);
	assert_int_equal(e->newstate, CLOSE);
}

/* ---- tcpdrop ---- */

static const struct ev_tcpdrop *
drop_to(uint16_t dport)
{
	const struct ev_tcpdrop *e;
	size_t at = 0;

	tracerrig_drain(rig, 200);
	while ((e = tracerrig_next(rig, &at, TR_TCPDROP, TCPDROP_DROP, 0)))
		if (e->dport == dport && (!e->netns || e->netns == netns))
			return e;
	return NULL;
}

static void
refused_segment(int family)
{
	const struct ev_tcpdrop *e;
	int server = listener(family), fd;
	uint16_t port = port_of(server);

	close(server);
	assert_int_equal(try_connect(family, port, &fd), -ECONNREFUSED);
	close(fd);
	e = drop_to(port);
	assert_non_null(e);
	assert_int_equal(e->reason, TCPDROP_NO_SOCKET);
	assert_true(e->kernel_reason);
	assert_int_equal(e->tcpflags & (SYN | ACK), SYN);
	assert_int_equal(e->len, 0);
	assert_int_equal(e->state, 0);
	assert_true(e->seq);
	assert_true(e->sport);
	assert_address(e->saddr, family, loopback(family));
	assert_address(e->daddr, family, loopback(family));
	assert_string_equal(e->dev, "lo");
	assert_int_equal(e->netns, netns);
	assert_true(e->h.flags & EV_NO_OWNER);
}

static void
tcpdrop_tells_a_segment_to_nobody_over_ipv4(void **state)
{
	refused_segment(AF_INET);
}

static void
tcpdrop_tells_a_segment_to_nobody_over_ipv6(void **state)
{
	refused_segment(AF_INET6);
}

static void
tcpdrop_is_silent_about_an_ordinary_connection(void **state)
{
	uint16_t here, there;

	ordinary_connection(&here, &there);
	assert_null(drop_to(there));
	assert_null(drop_to(here));
}

static void
tcpdrop_has_the_data_and_state_of_a_filtered_segment(void **state)
{
	struct sock_filter nothing = { .code = BPF_RET | BPF_K };
	struct sock_fprog filter = { .len = 1, .filter = &nothing };
	int server = listener(AF_INET), client, taken;
	uint16_t there = port_of(server);
	const struct ev_tcpdrop *e;
	char bytes[777] = "";

	assert_int_equal(try_connect(AF_INET, there, &client), 0);
	taken = accept(server, NULL, NULL);
	assert_int_equal(setsockopt(taken, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)), 0);
	assert_int_equal(write(client, bytes, sizeof(bytes)), sizeof(bytes));
	e = drop_to(there);
	close(client);
	close(taken);
	close(server);
	assert_non_null(e);
	assert_int_equal(e->reason, TCPDROP_SOCKET_FILTER);
	assert_int_equal(e->len, sizeof(bytes));
	assert_int_equal(e->tcpflags & ACK, ACK);
	/* The kernel tells which socket was to have it since Linux 6.11. */
	assert_true(e->state == ESTABLISHED || !e->state);
}

/* ---- tcpretrans ---- */

static const struct ev_tcpretrans *
cut_off(unsigned int event, uint16_t sport, uint16_t dport, int ms)
{
	const struct ev_tcpretrans *e;

	for (; ms > 0; ms -= 100) {
		size_t at = 0;

		while ((e = tracerrig_next(rig, &at, TR_TCPRETRANS, event, 0)))
			if ((!e->netns || e->netns == netns) && (!sport || e->sport == sport) && e->dport == dport)
				return e;
		tracerrig_drain(rig, 100);
		usleep(10000);
	}
	return NULL;
}

/* Nobody has that address, but a neighbour is said to: the connection is never answered. */
static void
tcpretrans_tells_a_segment_that_is_sent_again(void **state)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons(4711) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	const struct ev_tcpretrans *e;

	assert_int_equal(shell("ip neigh add 10.99.9.9 lladdr 02:00:00:00:00:09 dev trv0"), 0);
	assert_int_equal(inet_pton(AF_INET, "10.99.9.9", &sa.sin_addr), 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof(sa)), -1);
	assert_int_equal(errno, EINPROGRESS);
	e = cut_off(TCPRETRANS_RETRANSMIT, port_of(fd), 4711, 3000);
	close(fd);
	assert_non_null(e);
	assert_int_equal(e->family, AF_INET);
	assert_int_equal(e->state, SYN_SENT);
	assert_memory_equal(e->daddr + 12, &sa.sin_addr, 4);
	assert_int_equal(e->netns, netns);
	assert_true(e->h.flags & EV_NO_OWNER);
}

static void
tcpretrans_tells_a_reset_at_both_ends(void **state)
{
	struct linger at_once = { .l_onoff = 1 };
	int family = AF_INET, server, client, taken;

	for (; family; family = family == AF_INET ? AF_INET6 : 0) {
		const struct ev_tcpretrans *e;
		uint16_t here, there;

		server = listener(family);
		there = port_of(server);
		assert_int_equal(try_connect(family, there, &client), 0);
		here = port_of(client);
		taken = accept(server, NULL, NULL);
		assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
		close(client);
		e = cut_off(TCPRETRANS_SEND_RESET, here, there, 1000);
		assert_non_null(e);
		assert_int_equal(e->family, family);
		assert_address(e->saddr, family, loopback(family));
		assert_address(e->daddr, family, loopback(family));
		e = cut_off(TCPRETRANS_RECEIVE_RESET, there, here, 1000);
		assert_non_null(e);
		assert_address(e->daddr, family, loopback(family));
		close(taken);
		close(server);
	}
}

static void
tcpretrans_is_silent_about_an_ordinary_connection(void **state)
{
	uint16_t here, there;

	ordinary_connection(&here, &there);
	for (unsigned int event = 0; event < N_TCPRETRANS_EVENTS; event++) {
		assert_null(cut_off(event, here, there, 100));
		assert_null(cut_off(event, there, here, 100));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(tcpstate_follows_a_connection_over_ipv4),
		TEST(tcpstate_follows_a_connection_over_ipv6),
		TEST(tcpstate_names_who_took_it_when_it_closes),
		TEST(tcpstate_says_why_connecting_failed),
		TEST(tcpdrop_tells_a_segment_to_nobody_over_ipv4),
		TEST(tcpdrop_tells_a_segment_to_nobody_over_ipv6),
		TEST(tcpdrop_is_silent_about_an_ordinary_connection),
		TEST(tcpdrop_has_the_data_and_state_of_a_filtered_segment),
		TEST(tcpretrans_tells_a_segment_that_is_sent_again),
		TEST(tcpretrans_tells_a_reset_at_both_ends),
		TEST(tcpretrans_is_silent_about_an_ordinary_connection),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, close_net);
}
