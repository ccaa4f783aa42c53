/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcpstate, tcpdrop, tcpretrans, skbdrop, arp and xdpcount: real packets, on the loopback of a network namespace of the
 * test's own and on a pair of interfaces to another one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/arp.h"
#include "bpf/skbdrop.h"
#include "bpf/tcpdrop.h"
#include "bpf/tcpretrans.h"
#include "bpf/tcpstate.h"
#include "bpf/xdpcount.h"
#include "tracerrig.h"

enum { ESTABLISHED = 1, SYN_SENT = 2, CLOSE = 7, LISTEN = 10 };
enum { SYN = 2, ACK = 16 };

static const char *const tracers[] = { "tcpstate", "tcpdrop", "tcpretrans", "skbdrop", "arp", "xdpcount", NULL };
static struct tracerrig *rig;
static char other[32];			/* the other network namespace */
static uint32_t netns;			/* number of the test's own */

/* $NS in it is the other namespace. */
static int
shell(const char *cmd)
{
	setenv("NS", other, 1);
	return system(cmd);
}

static int
setup(void **state)
{
	struct stat st;
	int err = tracerrig_open(tracers, NULL, &rig);

	if (err)
		return err;
	snprintf(other, sizeof(other), "bpfd-tr-%d", getpid());
	if (unshare(CLONE_NEWNET) || stat("/proc/self/ns/net", &st))
		return -1;
	netns = (uint32_t)st.st_ino;
	return shell("ip link set lo up && ip netns add $NS && ip link add trv0 type veth peer name trv1 netns $NS") ||
	       shell("ip addr add 10.99.9.1/24 dev trv0 && ip link set trv0 up && "
		     "ip -n $NS addr add 10.99.9.2/24 dev trv1 && ip -n $NS link set trv1 up");
}

static int
teardown(void **state)
{
	tracerrig_close(rig);
	rig = NULL;
	return shell("ip netns del $NS");
}

static int
forget(void **state)
{
	tracerrig_drain(rig, 0);
	tracerrig_forget(rig);
	return 0;
}

static socklen_t
loopback(int family, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = (sa_family_t)family;
	v4->sin_port = htons(port);		/* the same place in both */
	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		v6->sin6_addr = in6addr_loopback;
	return family == AF_INET ? sizeof(*v4) : sizeof(*v6);
}

static uint16_t
port_of(int fd)
{
	struct sockaddr_in6 sa;
	socklen_t len = sizeof(sa);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	return ntohs(sa.sin6_port);
}

static int
listener(int family)
{
	struct sockaddr_storage sa;
	socklen_t len = loopback(family, 0, &sa);
	int fd = socket(family, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int
try_connect(int family, uint16_t port, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len = loopback(family, port, &sa);

	*fd = socket(family, SOCK_STREAM, 0);
	assert_true(*fd >= 0);
	return connect(*fd, (struct sockaddr *)&sa, len) ? -errno : 0;
}

static void
assert_loopback(int family, const uint8_t *addr)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };

	assert_memory_equal(addr, family == AF_INET ? mapped : in6addr_loopback.s6_addr, 16);
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
	assert_loopback(family, e->saddr);
	assert_loopback(family, e->daddr);
	assert_true(e->duration_ns > 0 && e->duration_ns < 1000000000);
	assert_true(e->cookie);

	e = state_of(TCPSTATE_ACCEPT, there, 0);
	assert_non_null(e);
	assert_int_equal(e->h.tgid, getpid());
	assert_int_equal(e->h.ret, taken);
	assert_int_equal(e->dport, here);
	assert_loopback(family, e->daddr);

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
	assert_loopback(family, e->saddr);
	assert_loopback(family, e->daddr);
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
	int server = listener(AF_INET), client, taken;
	uint16_t there = port_of(server), here;

	assert_int_equal(try_connect(AF_INET, there, &client), 0);
	here = port_of(client);
	taken = accept(server, NULL, NULL);
	transfer(client, taken, 4000);
	close(client);
	usleep(10000);
	close(taken);
	close(server);
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
		assert_loopback(family, e->saddr);
		assert_loopback(family, e->daddr);
		e = cut_off(TCPRETRANS_RECEIVE_RESET, there, here, 1000);
		assert_non_null(e);
		assert_loopback(family, e->daddr);
		close(taken);
		close(server);
	}
}

static void
tcpretrans_is_silent_about_an_ordinary_connection(void **state)
{
	int server = listener(AF_INET), client, taken;
	uint16_t there = port_of(server), here;

	assert_int_equal(try_connect(AF_INET, there, &client), 0);
	here = port_of(client);
	taken = accept(server, NULL, NULL);
	transfer(client, taken, 4000);
	close(client);
	usleep(10000);
	close(taken);
	close(server);
	for (unsigned int event = 0; event < N_TCPRETRANS_EVENTS; event++) {
		assert_null(cut_off(event, here, there, 100));
		assert_null(cut_off(event, there, here, 100));
	}
}

/* ---- skbdrop ---- */

static void
datagrams(uint16_t port, unsigned int n)
{
	struct sockaddr_storage sa;
	socklen_t len = loopback(AF_INET, port, &sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	while (n--)
		assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, len), 1);
	close(fd);
}

static uint64_t
dropped(const char *location, unsigned int reason)
{
	const struct ev_skbdrop *e;
	uint64_t packets = 0;
	size_t at = 0;

	while ((e = tracerrig_next(rig, &at, TR_SKBDROP, SKBDROP_COUNT, 0)))
		if (strstr(e->location, location) && e->reason == reason)
			packets += e->packets;
	return packets;
}

static void
skbdrop_adds_up_what_nobody_takes(void **state)
{
	struct sockaddr_storage sa;
	socklen_t len = loopback(AF_INET, 0, &sa);
	int taken = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(taken, (struct sockaddr *)&sa, len), 0);
	datagrams(9, 50);
	datagrams(port_of(taken), 1000);
	for (int i = 0; i < 25 && dropped("udp", TCPDROP_NO_SOCKET) < 50; i++) {
		usleep(100000);
		tracerrig_drain(rig, 0);
	}
	/* Those of others are counted too; not those that were taken. */
	assert_in_range(dropped("udp", TCPDROP_NO_SOCKET), 50, 500);
	close(taken);
}

/* ---- arp ---- */

static void
arp_has_both_ways_and_both_ends(void **state)
{
	static const uint8_t here[16] = { [10] = 0xff, 0xff, 10, 99, 9, 1 };
	static const uint8_t there[16] = { [10] = 0xff, 0xff, 10, 99, 9, 2 };
	const struct ev_arp *e, *request = NULL, *reply = NULL;
	size_t at = 0;

	assert_int_equal(shell("ping -c 1 -W 2 10.99.9.2 >/dev/null"), 0);
	tracerrig_drain(rig, 200);
	while ((e = tracerrig_next(rig, &at, TR_ARP, ARP_SENT, 0)))
		if (e->netns == netns && e->op == 1 && !memcmp(e->tip, there, 16))
			request = e;
	at = 0;
	while ((e = tracerrig_next(rig, &at, TR_ARP, ARP_RECEIVED, 0)))
		if (e->netns == netns && e->op == 2)
			reply = e;
	assert_non_null(request);
	assert_memory_equal(request->sip, here, 16);
	assert_string_equal(request->dev, "trv0");
	assert_int_equal(request->ifindex, if_nametoindex("trv0"));
	assert_memory_equal(request->tmac, "\0\0\0\0\0\0", 6);
	assert_non_null(reply);
	assert_memory_equal(reply->sip, there, 16);
	assert_memory_equal(reply->tip, here, 16);
	assert_memory_equal(reply->tmac, request->smac, 6);
	assert_memory_not_equal(reply->smac, "\0\0\0\0\0\0", 6);
	assert_true(reply->h.flags & EV_NO_OWNER);
}

/* ---- xdpcount ---- */

static int
program(int32_t action)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = action },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "tr_action", "GPL", insns, 2, NULL);
}

static uint64_t
packets_with(int32_t returned, uint32_t action)
{
	int prog = program(returned), link;
	const struct ev_xdpcount *e;
	uint64_t packets = 0;
	size_t at = 0;

	assert_true(prog >= 0);
	link = bpf_link_create(prog, (int)if_nametoindex("trv0"), BPF_XDP, NULL);
	assert_true(link >= 0);
	shell("ip netns exec $NS ping -c 5 -i 0.05 -W 1 10.99.9.1 >/dev/null");
	sleep(2);
	close(link);
	close(prog);
	tracerrig_drain(rig, 100);
	while ((e = tracerrig_next(rig, &at, TR_XDPCOUNT, XDPCOUNT_COUNT, 0)))
		if (e->netns == netns && e->action == action) {
			assert_string_equal(e->dev, "trv0");
			packets += e->packets;
		}
	return packets;
}

static void
xdpcount_adds_up_what_was_aborted_or_unknown(void **state)
{
	/* Pings, and perhaps an ARP packet. */
	assert_in_range(packets_with(XDP_ABORTED, XDPCOUNT_ABORTED), 5, 12);
	assert_in_range(packets_with(77, XDPCOUNT_INVALID), 5, 12);
}

static void
xdpcount_adds_up_what_was_sent_back(void **state)
{
	assert_in_range(packets_with(XDP_TX, XDPCOUNT_TX) + packets_with(XDP_TX, XDPCOUNT_TX_DROP), 5, 40);
}

#define TEST(name) cmocka_unit_test_setup(name, forget)

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
		TEST(skbdrop_adds_up_what_nobody_takes),
		TEST(arp_has_both_ways_and_both_ends),
		TEST(xdpcount_adds_up_what_was_aborted_or_unknown),
		TEST(xdpcount_adds_up_what_was_sent_back),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, setup, teardown);
}
